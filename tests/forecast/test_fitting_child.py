"""The fitting child on a real store, as the agent starts it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from measured_days import FURNISHED, MIDNIGHT, measure
from small_house import furnished, write_site

from edge_agent.forecasting.daily import fit_command
from edge_agent.forecasting.fit import fit_site
from edge_agent.forecasting.gather import fit_points, gather
from edge_agent.forecasting.holiday_dates import country_of, holiday_dates
from edge_agent.forecasting.words import FIT_REQUEST, FitRequest, HeldSpan, ShedSpan, read_learnt
from edge_agent.site.load import LoadedSite, load_site
from edge_agent.store.reader import QuarterSeries

MOST_MB = 250.0
HOUSE = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> LoadedSite:
    return load_site(write_site(tmp_path_factory.mktemp("site"), change=furnished))


def child(command: tuple[str, ...], request: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command, input=request, capture_output=True, check=False, timeout=110)


async def test_nine_measured_days_teach_the_load(loaded: LoadedSite, tmp_path: Path) -> None:
    at = await measure(tmp_path / "store.db", FURNISHED, days=9)
    command = fit_command(loaded.path, tmp_path / "store.db")
    done = child(command, FIT_REQUEST.dump_json(FitRequest(at=at)))
    assert (done.returncode, done.stderr) == (0, b"")
    learnt = read_learnt(done.stdout.decode())
    assert learnt is not None
    assert learnt.load is not None
    assert learnt.load.basis.first == MIDNIGHT
    assert learnt.load.basis.last == at
    assert learnt.load.basis.count == 9 * 96
    assert [bucket.until_h for bucket in learnt.load.plain][-1] == 48.0
    assert learnt.temperature is not None
    assert "bat: too little has been seen to learn from" in learnt.notes
    assert "2026-05-14" in learnt.holidays  # Ascension Day, by the zone's country


async def test_an_empty_store_teaches_nothing_and_says_so(
    loaded: LoadedSite, tmp_path: Path
) -> None:
    await measure(tmp_path / "store.db", {}, days=0)
    command = fit_command(loaded.path, tmp_path / "store.db")
    done = child(command, FIT_REQUEST.dump_json(FitRequest(at=MIDNIGHT)))
    assert done.returncode == 0
    learnt = read_learnt(done.stdout.decode())
    assert learnt is not None
    assert learnt.load is None
    assert learnt.notes == ("nothing has been measured yet",)


@pytest.mark.parametrize(
    ("request_json", "words"),
    [(b"{}", "at"), (b"nonsense", "JSON"), (None, "cannot read")],
)
def test_what_cannot_be_done_is_said_on_stderr(
    loaded: LoadedSite, tmp_path: Path, request_json: bytes | None, words: str
) -> None:
    asked = request_json or FIT_REQUEST.dump_json(FitRequest(at=MIDNIGHT))
    done = child(fit_command(loaded.path, tmp_path / "nowhere.db"), asked)
    assert done.returncode == 1
    assert words in done.stderr.decode()
    assert done.stdout == b""


def test_a_child_without_words_says_how(loaded: LoadedSite, tmp_path: Path) -> None:
    command = fit_command(loaded.path, tmp_path)[:-1]
    assert child(command, b"").returncode == 2


@pytest.mark.soak
def test_a_year_is_learnt_within_the_memory_of_a_small_board(loaded: LoadedSite) -> None:
    command = (sys.executable, str(HOUSE / "tests" / "support" / "fit_year.py"), str(loaded.path))
    environment = os.environ | {"PYTHONPATH": str(HOUSE)}
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=110, env=environment
    )
    told = json.loads(done.stdout)
    assert 60.0 < told["peak_mb"] < MOST_MB
    assert told["bytes"] < 200_000


START = datetime(2026, 6, 8, tzinfo=UTC)
QUARTERS = 96 * 2


def constant(values: dict[str, float]) -> dict[str, QuarterSeries]:
    first = int(START.timestamp())
    starts = [first + 900 * place for place in range(QUARTERS)]
    return {
        key: QuarterSeries(starts, [value] * QUARTERS, [1] * QUARTERS)
        for key, value in values.items()
    }


def test_what_the_gateway_did_is_taken_out_of_the_past(loaded: LoadedSite) -> None:
    site = loaded.site
    measured = constant(
        {
            "meter.power": 50.0,
            "battery.power": -10.0,
            "inverter.ac_power": 20.0,
            "chiller.power": 6.0,
        }
    )
    noon, limit = START + timedelta(hours=12), site.assets.pv[0].limit
    assert limit is not None
    request = FitRequest(
        at=START + timedelta(days=2),
        sheds=(
            ShedSpan(start=noon, end=noon + timedelta(minutes=30), power_kw=8.0),
            ShedSpan(start=noon + timedelta(hours=2), end=noon + timedelta(hours=3), power_kw=None),
        ),
        held=(HeldSpan(point=limit, start=noon, end=noon + timedelta(hours=1)),),
    )
    past = gather(site, lambda key: measured.get(key, QuarterSeries([], [], [])), request)
    assert past is not None
    load = past.cleaned.load_kw
    assert load[47] == 74.0  # 50 imported + 20 made + 10 discharged - 6 of the chiller
    assert load[48:50].tolist() == [82.0, 82.0]
    assert np.isnan(load[56:60]).all()
    assert load[60] == 74.0
    roof = past.cleaned.pv_kw["roof"]
    assert np.isnan(roof[48:52]).all()
    assert np.isfinite(roof[[47, 52]]).all()


def test_a_limit_that_is_read_back_marks_its_quarters(loaded: LoadedSite) -> None:
    limit = loaded.site.assets.pv[0].limit
    assert limit is not None
    measured = constant({"meter.power": 50.0, "inverter.ac_power": 5.0})
    starts = measured["meter.power"].start_epoch_s[40:44]
    measured[limit] = QuarterSeries(starts, [5.0] * 4, [1] * 4)
    request = FitRequest(at=START + timedelta(days=1))
    past = gather(loaded.site, lambda key: measured.get(key, QuarterSeries([], [], [])), request)
    assert past is not None
    roof = past.cleaned.pv_kw["roof"]
    assert np.isnan(roof[40:44]).all()
    assert np.isfinite(roof[[39, 44]]).all()


def test_what_is_after_the_request_is_not_seen(loaded: LoadedSite) -> None:
    measured = constant({"meter.power": 50.0})
    request = FitRequest(at=START + timedelta(days=1))
    past = gather(loaded.site, lambda key: measured.get(key, QuarterSeries([], [], [])), request)
    assert past is not None
    assert past.raster.count == 96


def test_every_fitted_point_is_read(loaded: LoadedSite) -> None:
    points = fit_points(loaded.site)
    assert {"meter.power", "battery.soc", "battery.power_setpoint", "sky.temperature"} <= points


def test_notes_name_what_is_too_young(loaded: LoadedSite) -> None:
    measured = constant({"meter.power": 50.0, "battery.power": 0.0, "inverter.ac_power": 0.0})
    request = FitRequest(at=START + timedelta(days=2), country="FR")
    past = gather(loaded.site, lambda key: measured.get(key, QuarterSeries([], [], [])), request)
    learnt = fit_site(loaded.site, past, request)
    assert learnt.load is None
    assert "2026-07-14" in learnt.holidays
    assert any(note.startswith("load:") for note in learnt.notes)


@pytest.mark.parametrize(
    ("zone", "country"),
    [("Europe/Berlin", "DE"), ("Europe/London", "GB"), ("UTC", ""), ("Nowhere/Else", "")],
)
def test_a_zone_names_its_country(zone: str, country: str) -> None:
    assert country_of(zone) == country


def test_holidays_of_a_country_and_of_none() -> None:
    assert "2026-10-03" in holiday_dates("DE", range(2026, 2027))
    assert holiday_dates("", range(2026, 2027)) == ()
    assert holiday_dates("XX", range(2026, 2027)) == ()
