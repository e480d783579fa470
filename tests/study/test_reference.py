"""Reference profiles: what they hold, how they are laid over other years, and their notice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from numpy.typing import NDArray

import models.reference
from models.casestudy.foresight import foresee
from models.reference.clear_sky import clear_sky_pv, daily_clearness, pv_per_kwp
from models.reference.standard_load import StandardLoad
from models.reference.year import bedford_weather, day_ahead

BERLIN = ZoneInfo("Europe/Berlin")
FOLDER = Path(models.reference.__file__).parent
NAN = float("nan")


def at(year: int, month: int, day: int, hour: int, minute: int = 0) -> NDArray[np.float64]:
    return np.array([datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp()])


def test_prices_of_the_year_itself() -> None:
    assert day_ahead().at("DE", at(2018, 1, 1, 3))[0] == pytest.approx(-0.06462)
    assert day_ahead().at("DE", at(2017, 12, 31, 23))[0] == pytest.approx(-0.00527)
    assert day_ahead().at("AT", at(2018, 12, 31, 22, 59))[0] == pytest.approx(0.03409)
    assert day_ahead().mean("DE") == pytest.approx(0.0445, abs=1e-4)


def test_another_year_meets_the_same_weekday_and_hour() -> None:
    # 364 days are 52 weeks.
    there = at(2019, 5, 8, 17, 30)
    assert day_ahead().at("DE", there) == day_ahead().at("DE", there - 364 * 86_400)
    assert np.isfinite(day_ahead().at("DE", at(2031, 7, 1, 0)))


def test_every_hour_has_weather() -> None:
    weather = bedford_weather()
    assert {len(values) for values in weather.columns.values()} == {8760}
    assert all(np.isfinite(values).all() for values in weather.columns.values())
    noon = weather.at("ghi_w_per_m2", at(2018, 6, 27, 12))[0]
    assert 500 < noon < 1000


@pytest.mark.parametrize("profile", ["H0", "G0", "G1", "L2"])
def test_a_year_of_a_standard_load_has_its_energy(profile: str) -> None:
    load = StandardLoad(profile, 1000.0)
    start = datetime(2026, 1, 1)  # noqa: DTZ001 - the profile's own calendar
    powers = [load.power_kw(start + timedelta(minutes=15 * step)) for step in range(365 * 96)]
    assert sum(powers) / 4 == pytest.approx(1000.0)
    assert min(powers) > 0


def test_offices_rest_on_sundays_and_holidays() -> None:
    office = StandardLoad("G1", 1e5)
    monday = office.power_kw(datetime(2026, 3, 2, 10, tzinfo=BERLIN))
    sunday = office.power_kw(datetime(2026, 3, 1, 10, tzinfo=BERLIN))
    new_year = office.power_kw(datetime(2026, 1, 1, 10, tzinfo=BERLIN))
    assert monday > 5 * sunday
    assert new_year < monday / 5


def test_a_clear_summer_noon_and_a_night() -> None:
    times = np.concatenate((at(2026, 6, 21, 11, 10), at(2026, 6, 21, 23)))
    found = clear_sky_pv(times, np.array([20.0, 15.0]), (52.52, 13.405))
    assert 0.6 < found.kw_per_kwp[0] < 0.86
    assert found.kw_per_kwp[1] == 0.0
    south = clear_sky_pv(at(2026, 12, 21, 2), np.array([20.0]), (-33.9, 151.2))
    assert 0.6 < south.kw_per_kwp[0] < 0.86


def test_heat_costs_power() -> None:
    sun = np.array([800.0, 800.0])
    cool, hot = pv_per_kwp(sun, np.array([0.0, 35.0]))
    assert cool == pytest.approx(0.8 * 0.86)
    assert hot == pytest.approx(0.8 * 0.86 * (1 - 0.004 * 35))


def test_clouds_are_a_share_of_each_day() -> None:
    hours = at(2018, 1, 1, 0)[0] + 3600.0 * np.arange(8760)
    share = daily_clearness(hours)
    assert share.min() >= 0
    assert share.max() <= 1
    assert 0.4 < share.mean() < 0.7
    assert len(set(share[:24])) == 1


def test_the_notice_names_every_file_and_licence() -> None:
    text = (FOLDER / "NOTICE.md").read_text(encoding="utf-8")
    for file in (FOLDER / "data").iterdir():
        assert f"`data/{file.name}`" in text
    assert "CC BY 4.0" in text
    assert "Open Government Licence v3.0" in text


def test_yesterday_corrected_by_the_last_hour() -> None:
    # Two values a day of twelve hours: yesterday 10, 20, today 13 so far.
    past = np.array([10.0, 20.0, 13.0])
    ahead = foresee(past, None, 2, 1, 43_200)
    assert ahead[0] == pytest.approx(20.0 + 3.0 * np.exp(-6 / 2.0))
    assert ahead[1] == pytest.approx(13.0 + 3.0 * np.exp(-18 / 2.0))


def test_the_last_hour_stands_in_for_an_unknown_yesterday() -> None:
    assert foresee(np.array([NAN, 8.0, 12.0]), None, 3, 2, 3600).tolist() == [10.0] * 3
    assert np.isnan(foresee(np.array([NAN, NAN]), None, 1, 2, 3600)).all()


def test_what_was_expected_is_corrected_too() -> None:
    expected = np.array([50.0, 50.0, 60.0, 70.0])
    ahead = foresee(np.array([50.0, 54.0]), expected, 2, 1, 3600)
    assert ahead[0] == pytest.approx(60.0 + 4.0 * np.exp(-0.25))
    assert ahead[1] == pytest.approx(70.0 + 4.0 * np.exp(-0.75))
