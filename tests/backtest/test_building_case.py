"""What of a site and a file is played as a building, and how the building differs from both."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from building_days import SITE, START, inn, winter, winter_case

from edge_agent.backtest.building_bill import MonthBill, bill_of, merged
from edge_agent.backtest.building_case import SETTLE, building_case
from edge_agent.backtest.building_plant import ERROR_SHARE, house_of
from edge_agent.backtest.building_play import Record, played, settled
from edge_agent.backtest.building_thermostat import USUAL, Thermostats
from edge_agent.backtest.case import DAY, Span
from edge_agent.backtest.errors import BacktestError
from models.building.house import House


def test_the_first_days_only_swing_in(tmp_path: Path) -> None:
    case = building_case(inn(tmp_path), winter(4), Span())
    assert (case.first, case.last) == (SETTLE, 4 * DAY)
    assert case.at(case.first) == START + timedelta(days=2)
    assert len(case.price) == 5 * DAY
    assert case.month_names == ("2026-01",)
    assert case.assumed == ()


def test_a_gap_in_the_weather_is_bridged_and_told(tmp_path: Path) -> None:
    data = winter(4)
    data.columns["temperature_degc"][300:303] = np.nan
    case = building_case(inn(tmp_path), data, Span())
    assert case.assumed == ("temperature_degc: 3 quarter hours are interpolated",)
    assert np.isfinite(case.outdoor_c).all()


@pytest.mark.parametrize(
    ("column", "keep", "word"),
    [
        ("ghi_w_m2", None, "ghi_w_m2 is not in the file"),
        ("price_import_per_kwh", 200, "price_import_per_kwh: 184 of 192 quarter hours are missing"),
    ],
)
def test_weather_and_prices_must_be_known(
    tmp_path: Path, column: str, keep: int | None, word: str
) -> None:
    data = winter(4)
    if keep is None:
        del data.columns[column]
    else:
        data.columns[column][keep:] = np.nan
    with pytest.raises(BacktestError, match=word):
        building_case(inn(tmp_path), data, Span())


def test_two_days_to_swing_in_leave_nothing_of_two(tmp_path: Path) -> None:
    with pytest.raises(BacktestError, match="three days of data"):
        building_case(inn(tmp_path), winter(2), Span())


def test_a_site_with_nothing_to_heat_is_refused(tmp_path: Path) -> None:
    begin, end = SITE.index("  hvac:"), SITE.index("planning:")
    with pytest.raises(BacktestError, match="no zone, no tank"):
        building_case(inn(tmp_path, SITE[:begin] + SITE[end:]), winter(4), Span())


def test_the_building_is_not_what_the_file_says(tmp_path: Path) -> None:
    site = inn(tmp_path).site
    house = house_of(site)
    for given, real in zip(site.assets.hvac.zones, house.zones, strict=True):
        walls = 1 / (real.air_mass_k_per_kw + real.mass_outdoor_k_per_kw)
        leak = (walls + 1 / real.air_outdoor_k_per_kw) * given.resistance_k_per_kw
        size = (real.air_kwh_per_k + real.mass_kwh_per_k) / given.capacity_kwh_per_k
        assert abs(leak - 1) == pytest.approx(ERROR_SHARE)
        assert abs(size - 1) == pytest.approx(ERROR_SHARE)
    one, other = house.zones
    assert one.air_kwh_per_k > other.air_kwh_per_k
    assert house.tanks["hot_water"].volume_l == pytest.approx(500 * (1 + ERROR_SHARE))
    exact = house_of(site, 0.0).zones[0]
    assert exact.air_outdoor_k_per_kw == pytest.approx(3.6)
    assert house.pumps["pool_pump"].own_until_h == 14.0


def test_thermostats_set_back_by_night_and_keep_the_tank_in_its_hysteresis(
    tmp_path: Path,
) -> None:
    case = winter_case(tmp_path, 2)
    usual = Thermostats(case)
    record = played(case, usual, settled(case, usual))
    rooms = record.temperature_c["floor_1"][case.first : case.last].reshape(2, DAY)
    # Local hours are an hour ahead; the last quarters of night and day.
    night_c, day_c = rooms[:, 4 * 4].mean(), rooms[:, 20 * 4].mean()
    assert USUAL.heat_night_c - 0.6 < night_c < USUAL.heat_night_c + 0.3
    assert USUAL.heat_day_c - 0.6 < day_c < USUAL.heat_day_c + 0.3
    water = record.temperature_c["hot_water"][case.first : case.last]
    assert water.min() > 59.5
    assert water.max() < 63.5
    bill = bill_of("usual", record)
    assert bill.cost == pytest.approx(
        sum(kwh @ case.price[: case.last] for kwh in record.energy_kwh.values())
    )


def test_a_week_of_thermostats_has_its_cycle(tmp_path: Path) -> None:
    case = winter_case(tmp_path, 7)
    usual = Thermostats(case)
    record = played(case, usual, settled(case, usual))
    hot = record.temperature_c["hot_water"] >= 70.0
    assert 2 <= hot.sum() <= 8
    assert set(usual.cycled) == {"hot_water"}


def test_what_is_left_over_is_paid_whichever_side_it_lies_on(tmp_path: Path) -> None:
    case = winter_case(tmp_path, 1)
    base = Record(case, tuple(House(case.plant, 1, 0).energy_kwh))
    cold, warm = (replace_heat(base, change_kwh) for change_kwh in (-30.0, 30.0))
    price = case.price[case.first : case.last].mean()
    for other in (cold, warm):
        assert bill_of("ours", other, base).owed == pytest.approx(30.0 / 3.0 * price)
    assert bill_of("ours", base, base).owed == 0.0


def replace_heat(record: Record, change_kwh: float) -> Record:
    found = Record(record.case, record.names)
    found.rooms_kwh = record.rooms_kwh + change_kwh
    return found


def test_months_of_two_pieces_are_added_up(tmp_path: Path) -> None:
    case = winter_case(tmp_path, 1)
    piece = bill_of("ours", Record(case, tuple(House(case.plant, 1, 0).energy_kwh)))
    one, two = (
        replace(piece, owed=1.0, months=(month(name, kwh), month("2026-02", kwh)))
        for name, kwh in (("2026-01", 10.0), ("2026-03", 5.0))
    )
    both = merged([one, two])
    assert [each.name for each in both.months] == ["2026-01", "2026-02", "2026-03"]
    assert [each.energy_kwh["zones"] for each in both.months] == [10.0, 15.0, 5.0]
    assert both.owed == 2.0
    assert both.guest_kelvin_h == 4.0
    assert both.months[1].coldest_water_c == 55.0


def month(name: str, kwh: float) -> MonthBill:
    amounts = {"zones": kwh, "hot_water": 0.0, "loads": 0.0}
    return MonthBill(
        name=name, energy_kwh=amounts, cost=amounts, guest_kelvin_h=1.0, coldest_water_c=50.0 + kwh
    )
