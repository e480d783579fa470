"""The fitting child on a real store, as the agent starts it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from measured_days import FURNISHED, MIDNIGHT, measure
from small_house import furnished, write_site

from edge_agent.forecasting.daily import fit_command
from edge_agent.forecasting.did import HeldSpan
from edge_agent.forecasting.equipment import with_learnt
from edge_agent.forecasting.fit import fit_site
from edge_agent.forecasting.gather import fit_points, gather
from edge_agent.forecasting.holiday_dates import country_of, holiday_dates
from edge_agent.forecasting.words import FIT_REQUEST, FitRequest, read_learnt
from edge_agent.histories import site_history
from edge_agent.plan_words import Reality
from edge_agent.problem import Outside, build_problem
from edge_agent.site.load import LoadedSite, load_site
from edge_agent.sitemodel import site_model
from edge_agent.store.reader import QuarterSeries
from models.types import BatteryState, Problem, ZoneState

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
    _, _, findings = done.stdout.decode().splitlines()
    learnt = read_learnt(findings)
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
    _, _, findings = done.stdout.decode().splitlines()
    learnt = read_learnt(findings)
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
QUARTERS = 96 * 3


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
        held=(HeldSpan(point=limit, start=noon, end=noon + timedelta(hours=1)),),
    )
    past = gather(site, lambda key: measured.get(key, QuarterSeries([], [], [])), request)
    assert past is not None
    load = past.cleaned.load_kw
    assert load[47] == 74.0  # 50 imported + 20 made + 10 discharged - 6 of the chiller
    assert np.isfinite(load).all()
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


def test_a_metered_tank_teaches_its_size_and_its_showers(tmp_path: Path) -> None:
    """A cubic metre; showers of 8 kW from 6 to 8 h UTC, heated back between 10 and 14 h."""

    def with_tank(site: dict[str, Any]) -> None:
        furnished(site)
        like = {key: site["devices"][-1][key] for key in ("link", "address", "poll_s")}
        points = {
            "temperature": {"object": "analog-input,41", "unit": "degC"},
            "setpoint": {
                "object": "analog-value,42", "unit": "degC", "access": "rw", "safe": [50, 70]
            },
            "power": {"object": "analog-input,43", "unit": "kW"},
        }  # fmt: skip
        site["devices"] += [{"id": "tank", "type": "controller", "points": points} | like]
        site["assets"]["thermal_stores"] = [
            {"id": "dhw", "temperature": "tank.temperature", "setpoint": "tank.setpoint"}
            | {"power": "tank.power", "volume_l": 500}
        ]

    own = load_site(write_site(tmp_path, change=with_tank))
    water, rows = [58.0], []
    for quarter in range(96 * 12):
        hour = quarter / 4 % 24
        heat, drawn = (5.0 if 10 <= hour < 14 else 0.0), (8.0 if 6 <= hour < 8 else 0.0)
        net = heat - drawn - 0.01 * (water[-1] - 20.0)
        water.append(water[-1] + 0.25 * net / 1.163)
        rows.append(heat)
    seconds = [int(START.timestamp()) + 900 * n for n in range(len(rows))]
    means = [(a + b) / 2 for a, b in pairwise(water)]
    series = {"tank.temperature": means, "tank.power": rows, "meter.power": [50.0] * len(rows)}
    empty = QuarterSeries([], [], [])

    def read(key: str) -> QuarterSeries:
        return QuarterSeries(seconds, series[key], [1] * len(rows)) if key in series else empty

    request = FitRequest(at=START + timedelta(days=12))
    learnt = fit_site(own.site, gather(own.site, read, request), request)
    (tank,) = learnt.tanks
    assert tank.capacity_kwh_per_k == pytest.approx(1.163, rel=0.1)
    (draw,) = learnt.draws
    local = [value for value in draw.workday if value is not None]
    assert sum(local[32:40]) / 8 == pytest.approx(8.0, rel=0.15)  # 6 h UTC is 8 h in summer
    assert sum(local) / 4 == pytest.approx(16.0, rel=0.25)
    (planned,) = with_learnt(site_model(own.site, own.tariff), learnt).thermal_stores
    assert planned.capacity_kwh_per_k == pytest.approx(1.16, abs=0.12)


@pytest.mark.parametrize("hours", [0.25, 1, 12, 26, 60])
def test_however_little_was_measured_learning_and_planning_go_on(
    loaded: LoadedSite, hours: float
) -> None:
    at = START + timedelta(hours=hours)
    measured = {
        key: QuarterSeries(
            one.start_epoch_s[: round(4 * hours)], one.mean[: round(4 * hours)], one.count
        )
        for key, one in constant(
            {"battery.power": 0.0, "inverter.ac_power": 0.0, "chiller.power": 5.0}
            | {"meter.power": 50.0, "sky.temperature": 20.0, "room.temperature": 21.0}
            | {"battery.soc": 50.0, "people.occupancy_count": 3.0}
        ).items()
    }

    def read(key: str) -> QuarterSeries:
        return measured.get(key, QuarterSeries([], [], []))

    request = FitRequest(at=at)
    learnt = fit_site(loaded.site, gather(loaded.site, read, request), request)
    assert learnt.notes
    history = site_history(loaded.site, read)
    assert history is not None
    known = Reality(
        at=at,
        batteries=(BatteryState(id="bat", soc_kwh=50.0),),
        zones=(ZoneState(id="hall", temperature_c=21.0),),
        demand_terms=(),
    )
    made = build_problem(loaded, history, known, Outside(learnt=learnt))
    assert isinstance(made, Problem)
    assert made.forecast.load_kw == pytest.approx([45.0] * len(made.grid))


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
