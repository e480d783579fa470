"""What the gateway did: from its trail of leases in a real store to the series that are learnt."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from measured_days import MIDNIGHT
from small_house import FAN_COIL, furnished, write_site

from edge_agent.clock import ManualClock
from edge_agent.forecasting.cleaned import LEFT_IN
from edge_agent.forecasting.did import Did, HeldSpan, held_points
from edge_agent.histories import SiteHistory, site_history
from edge_agent.plan_words import Reality
from edge_agent.problem import build_problem
from edge_agent.site.load import LoadedSite, load_site
from edge_agent.store.commands import CommandReader
from edge_agent.store.kept import KeptText, kept_text
from edge_agent.store.reader import QuarterSeries
from edge_agent.store.store import Store
from edge_agent.store.types import LeaseRow, LeaseState, StoreUnavailableError
from models.types import BatteryState, Problem, ZoneState

LIMIT = "inverter.power_limit"
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def metered(tmp_path_factory: pytest.TempPathFactory) -> LoadedSite:
    return load_site(write_site(tmp_path_factory.mktemp("metered"), change=furnished))


@pytest.fixture(scope="module")
def unmetered(tmp_path_factory: pytest.TempPathFactory) -> LoadedSite:
    def plain(site: dict[str, Any]) -> None:
        furnished(site)
        del site["assets"]["hvac"]["power"]

    return load_site(write_site(tmp_path_factory.mktemp("unmetered"), change=plain))


def lease(key: str, value: float, prior: float | None, at: datetime, number: int = 0) -> LeaseRow:
    device, point = key.split(".")
    return LeaseRow(
        device=device, point=point, value=value, prior=prior, owner="plan:solver", reason="plan",
        command_id=f"{key} {number}", since=at, expires=at + HOUR, state=LeaseState.ACTIVE,
    )  # fmt: skip


async def test_spans_follow_the_trail_as_it_grows(metered: LoadedSite, tmp_path: Path) -> None:
    path, clock = tmp_path / "edge.db", ManualClock(MIDNIGHT)
    store = await Store.open(path, clock)
    reader = CommandReader(path, held_points(metered.site))
    did = Did(metered.site)

    async def next_hour() -> list[tuple[str, float, float]]:
        await clock.advance(3600)
        did.take(reader.advance(MIDNIGHT))
        spans = did.spans(clock.now())
        return sorted(
            (one.point, (one.start - MIDNIGHT) / HOUR, (one.end - MIDNIGHT) / HOUR) for one in spans
        )

    assert await next_hour() == []
    await store.lease_put(lease(FAN_COIL, 22.3, 22.0, clock.now()))  # near its own: no set-back
    await store.lease_put(lease("battery.power_setpoint", 10.0, None, clock.now()))
    await store.lease_put(lease(LIMIT, 80.0, None, clock.now()))  # no limit to a plant of 80 kW
    assert await next_hour() == []
    await store.lease_put(lease(FAN_COIL, 19.0, 22.0, clock.now(), 1))
    await store.lease_put(lease(LIMIT, 30.0, None, clock.now(), 1))
    assert await next_hour() == [(FAN_COIL, 2.0, 3.0), (LIMIT, 2.0, 3.0)]
    await store.lease_put(lease(FAN_COIL, 19.5, 22.0, clock.now(), 2))  # still the same span
    await store.lease_remove("inverter", "power_limit")
    assert await next_hour() == [(FAN_COIL, 2.0, 4.0), (LIMIT, 2.0, 3.0)]
    await store.lease_put(lease(FAN_COIL, 22.0, 22.0, clock.now(), 3))
    assert await next_hour() == [(FAN_COIL, 2.0, 4.0), (LIMIT, 2.0, 3.0)]
    did.forget_before(MIDNIGHT + 3.5 * HOUR)
    assert await next_hour() == [(FAN_COIL, 2.0, 4.0)]
    await store.close()


async def test_a_long_trail_is_entered_in_its_middle(metered: LoadedSite, tmp_path: Path) -> None:
    path, clock = tmp_path / "edge.db", ManualClock(MIDNIGHT)
    store = await Store.open(path, clock)
    for number in range(700):
        await store.lease_put(lease(FAN_COIL, 19.0 + number % 2, 22.0, clock.now(), number))
        await clock.advance(60)
    await store.close()
    reader = CommandReader(path, held_points(metered.site))
    since = MIDNIGHT + timedelta(minutes=650)
    found = list(reader.advance(since))
    assert [one.at for one in found] == [since + timedelta(minutes=n) for n in range(50)]
    assert list(reader.advance(since)) == []
    whole = CommandReader(path, held_points(metered.site)).advance(MIDNIGHT)
    assert len(list(whole)) == 700
    assert list(CommandReader(path, frozenset()).advance(MIDNIGHT)) == []


async def test_a_kept_text_is_handed_out_once_after_each_change(tmp_path: Path) -> None:
    path = tmp_path / "edge.db"
    with pytest.raises(StoreUnavailableError):
        KeptText(path, "forecast.learnt").changed()
    store = await Store.open(path, ManualClock(MIDNIGHT))
    kept = KeptText(path, "forecast.learnt")
    assert kept.changed() is None
    await store.state_put("forecast.learnt", "[1]")
    assert (kept.changed(), kept.changed()) == ("[1]", None)
    await store.state_put("forecast.learnt", "[2]")
    assert (kept.changed(), kept.changed()) == ("[2]", None)
    assert (kept_text(path, "forecast.learnt"), kept_text(path, "other")) == ("[2]", None)
    await store.close()


DAYS = 10


def past(loaded: LoadedSite, held: list[HeldSpan], *, plant_kw: float = 20.0) -> SiteHistory:
    """Ten days at 60 kW, of them the plant's, which stands still while it is held."""
    starts = [MIDNIGHT + timedelta(minutes=15 * n) for n in range(96 * DAYS)]
    off = [any(one.start <= at < one.end for one in held) for at in starts]
    plant = [0.0 if still else plant_kw for still in off]
    series = {
        "meter.power": [40.0 + kw for kw in plant],
        "chiller.power": plant,
        "battery.power": [0.0] * len(starts),
        "inverter.ac_power": [0.0] * len(starts),
        "sky.temperature": [10.0] * len(starts),
    }
    seconds = [round(at.timestamp()) for at in starts]
    quarters = {key: QuarterSeries(seconds, kw, [1] * len(kw)) for key, kw in series.items()}
    empty = QuarterSeries([], [], [])
    found = site_history(loaded.site, lambda key: quarters.get(key, empty), held)
    assert found is not None
    return found


def evenings(hours: float) -> list[HeldSpan]:
    """Set back so long before every midnight."""
    nights = [MIDNIGHT + timedelta(days=day + 1) for day in range(DAYS)]
    return [HeldSpan(point=FAN_COIL, start=at - hours * HOUR, end=at) for at in nights]


def planned(loaded: LoadedSite, history: SiteHistory) -> Problem:
    known = Reality(
        at=MIDNIGHT + timedelta(days=DAYS),
        batteries=(BatteryState(id="bat", soc_kwh=50.0),),
        zones=(ZoneState(id="hall", temperature_c=21.0),),
        demand_terms=(),
    )
    made = build_problem(loaded, history, known)
    assert isinstance(made, Problem)
    return made


def test_with_a_metered_plant_nothing_is_lost(metered: LoadedSite) -> None:
    found = past(metered, evenings(3))
    assert found.load_kw.values.tolist() == [40.0] * 96 * DAYS
    assert (found.set_back, found.reasons) == (False, ())


def test_without_its_meter_set_backs_are_gaps_and_the_plan_is_no_worse_for_it(
    unmetered: LoadedSite,
) -> None:
    found = past(unmetered, evenings(4))
    assert np.isnan(found.load_kw.values.reshape(DAYS, 96)[:, -16:]).all()
    assert np.nanmin(found.load_kw.values) == 60.0
    assert found.set_back
    made = planned(unmetered, found)
    assert made.forecast.load_kw == pytest.approx([60.0] * len(made.grid))
    (told,) = [one for one in made.reasons if "set-back" in one.text]
    assert not told.degrades


def test_where_little_would_be_left_set_backs_are_learnt_and_named(unmetered: LoadedSite) -> None:
    found = past(unmetered, evenings(16))
    assert np.isfinite(found.load_kw.values).all()
    assert [reason.text for reason in found.reasons] == [LEFT_IN]
    assert LEFT_IN in {reason.text for reason in planned(unmetered, found).reasons}


def test_on_the_first_day_a_set_back_does_not_take_the_only_measurements(
    unmetered: LoadedSite,
) -> None:
    first = HeldSpan(point=FAN_COIL, start=MIDNIGHT, end=MIDNIGHT + timedelta(days=DAYS))
    found = past(unmetered, [first])
    assert np.isfinite(found.load_kw.values).all()
    assert planned(unmetered, found).forecast.load_kw[0] == pytest.approx(40.0)


async def test_a_shed_part_leaves_a_gap_and_no_low_load(tmp_path: Path) -> None:
    loaded = load_site(write_site(tmp_path, change=laundry))
    path, clock = tmp_path / "edge.db", ManualClock(MIDNIGHT)
    store = await Store.open(path, clock)
    await store.lease_put(lease("washers.command", 1.0, None, clock.now()))
    await clock.advance(3600)
    await store.lease_put(lease("washers.command", 0.0, None, clock.now(), 1))
    await clock.advance(3600)
    await store.lease_remove("washers", "command")
    await store.close()
    did = Did(loaded.site)
    did.take(CommandReader(path, held_points(loaded.site)).advance(MIDNIGHT))
    found = past(loaded, list(did.spans(clock.now())))
    gaps = np.flatnonzero(np.isnan(found.load_kw.values))
    assert gaps.tolist() == [4, 5, 6, 7]


def laundry(site: dict[str, Any]) -> None:
    furnished(site)
    like = {key: site["devices"][-1][key] for key in ("link", "address", "poll_s")}
    command = {"object": "binary-value,9", "access": "rw", "safe": [0, 1]}
    site["devices"] += [
        {"id": "washers", "type": "controller", "points": {"command": command}} | like
    ]
    site["assets"]["switches"] = [{"id": "washers", "point": "washers.command"}]
    shed = {"id": "laundry", "switches": ["washers"], "share": 0.1}
    site["assets"]["demand"] = {"sheddable": [shed]}
