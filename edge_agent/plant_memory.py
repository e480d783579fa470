"""What plans must know of earlier hours and no snapshot shows: work done, rests, full charges.

`advance` is pure; `PlantMemory` carries its result from look to look and over a restart.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter, ValidationError

from edge_agent.drawer import Drawer
from edge_agent.site.asset_schema import BatteryAsset
from edge_agent.site.schema import Site
from edge_agent.site.work_schema import ShedAsset
from edge_agent.snapshot import Snapshot
from edge_agent.steered import Work, power_now, works_of
from edge_agent.tracking_loads import SHEDS_KW
from edge_agent.work_days import jobs
from models.types import Plan, ShedState

KEY = "plant_memory"
LONGEST_S = 300.0
"""What happened in a longer gap between two looks is not known, and counts as nothing."""
RUNS_SHARE = 0.1
"""Of its power: a load that takes more is running."""
FULL_PERCENT = 1.0
"""So near to the end of its SOC window a battery is full."""
KEPT = timedelta(days=3)
MOMENT = timedelta(seconds=1)
LEAST_KWH = 0.01
"""Less that has still to come back is nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """Work of a load in the window that opens at `earliest`."""

    load: str
    earliest: datetime
    kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """As it stood at `at`."""

    at: datetime | None = None
    done: tuple[Done, ...] = ()
    running_since: dict[str, datetime] = field(default_factory=dict)
    """Of shiftable loads that run."""
    day: date | None = None
    turned_kwh: dict[str, float] = field(default_factory=dict)
    """Of every battery on this local day: stored energy in plus out."""
    full_at: dict[str, datetime] = field(default_factory=dict)
    sheds: dict[str, ShedState] = field(default_factory=dict)
    """Of the groups that are not at rest."""

    def done_kwh(self, load: str, earliest: datetime) -> float:
        """What of a job is done."""
        return sum(one.kwh for one in self.done if (one.load, one.earliest) == (load, earliest))


KEPT_JSON = TypeAdapter(Kept)


class PlantMemory:
    """Looks at every snapshot it is shown."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._zone = ZoneInfo(site.site.timezone)
        self._written: str | None = None
        self.kept = Kept()

    async def load(self, drawer: Drawer) -> None:
        """Take up what was known before a restart; what cannot be read is forgotten."""
        text = await drawer.state(KEY)
        if text is None:
            return
        try:
            self.kept = KEPT_JSON.validate_json(text)
        except ValidationError:
            return

    async def save(self, drawer: Drawer) -> None:
        """Keep it when it has changed."""
        text = KEPT_JSON.dump_json(self.kept).decode()
        if text != self._written and await drawer.state_put(KEY, text):
            self._written = text

    def see(self, snapshot: Snapshot, plan: Plan | None) -> None:
        """One look; `plan` is the one in force."""
        self.kept = advance(self.kept, self._site, self._zone, (snapshot, plan))


def advance(kept: Kept, site: Site, zone: ZoneInfo, look: tuple[Snapshot, Plan | None]) -> Kept:
    """The memory after one more look."""
    snapshot, plan = look
    now = snapshot.at
    step_s = 0.0 if kept.at is None else (now - kept.at).total_seconds()
    if not 0 <= step_s <= LONGEST_S:
        step_s = 0.0
    today = now.astimezone(zone).date()
    works = works_of(site)
    return Kept(
        at=now,
        done=tuple(_done(kept, works, zone, snapshot, step_s)),
        running_since={
            # A later one was seen before the clock was set back.
            work.asset.id: min(now, kept.running_since.get(work.asset.id, now))
            for work in works
            if runs(work, snapshot)
        },
        day=today,
        turned_kwh={
            battery.id: (kept.turned_kwh.get(battery.id, 0.0) if kept.day == today else 0.0)
            + _turned_kwh(battery, snapshot, step_s)
            for battery in site.assets.battery
        },
        full_at={name: at for name, at in kept.full_at.items() if at <= now}
        | {one.id: now for one in site.assets.battery if _full(one, snapshot)},
        sheds=_sheds(kept, site, snapshot, plan, step_s),
    )


def runs(work: Work, snapshot: Snapshot) -> bool:
    """Whether it is seen to run."""
    power_kw = power_now(work, snapshot)
    return power_kw is not None and power_kw > RUNS_SHARE * work.power_kw


def _done(
    kept: Kept, works: tuple[Work, ...], zone: ZoneInfo, snapshot: Snapshot, step_s: float
) -> Iterator[Done]:
    """Work done so far; hours at full power count as such, whatever the load really took."""
    middle = snapshot.at - timedelta(seconds=step_s / 2)
    now = {
        (work.asset.id, job.earliest): _worked_kw(work, snapshot) * step_s / 3600
        for work in works
        for job in jobs(work.asset, work.energy_kwh, zone, (middle, middle + MOMENT))
    }
    for one in kept.done:
        if timedelta(0) <= snapshot.at - one.earliest < KEPT:
            yield replace(one, kwh=one.kwh + now.pop((one.load, one.earliest), 0.0))
    for (load, earliest), kwh in now.items():
        if kwh > 0:
            yield Done(load=load, earliest=earliest, kwh=kwh)


def _worked_kw(work: Work, snapshot: Snapshot) -> float:
    """What counts towards the day's work now; nothing where nothing is seen."""
    if work.asset.run_h_per_day is not None and work.switch is not None:
        return work.power_kw if runs(work, snapshot) else 0.0
    return power_now(work, snapshot) or 0.0


def _turned_kwh(battery: BatteryAsset, snapshot: Snapshot, step_s: float) -> float:
    """Through the cells in this step."""
    power_kw = snapshot.value(battery.power) or 0.0
    efficiency = battery.charge_efficiency if power_kw > 0 else 1 / battery.discharge_efficiency
    return abs(power_kw) * efficiency * step_s / 3600


def _full(battery: BatteryAsset, snapshot: Snapshot) -> bool:
    soc = snapshot.value(battery.soc)
    return soc is not None and soc >= battery.soc_max_percent - FULL_PERCENT


def _sheds(
    kept: Kept, site: Site, snapshot: Snapshot, plan: Plan | None, step_s: float
) -> dict[str, ShedState]:
    """Groups that are shed, rest or have something to come back."""
    found = {}
    for group in site.assets.demand.sheddable:
        # What is not seen counts as carried out: nothing is shed for longer than it may.
        shed_kw = 0.0 if _is_on(group, site, snapshot) else _shed_kw(group, plan, snapshot.at)
        state = _shed(group, kept.sheds.get(group.id), shed_kw, step_s)
        if state != ShedState(id=group.id):
            found[group.id] = state
    return found


def _is_on(group: ShedAsset, site: Site, snapshot: Snapshot) -> bool:
    """Whether some of it is seen to be on."""
    switches = [one for one in site.assets.switches if one.id in group.switches]
    values = [(snapshot.value(one.point), one) for one in switches]
    return any(
        value is not None and abs(value - one.off_value) >= abs(value - one.on_value)
        for value, one in values
    )


def _shed_kw(group: ShedAsset, plan: Plan | None, now: datetime) -> float:
    """What the plan in force sheds of the group now."""
    step = None if plan is None else plan.grid.step_at(now)
    if plan is None or step is None:
        return 0.0
    return next((part.shed_kw[step] for part in plan.sheds if part.id == group.id), 0.0)


def _shed(group: ShedAsset, before: ShedState | None, shed_kw: float, step_s: float) -> ShedState:
    """How the group stands after this step."""
    last = before or ShedState(id=group.id)
    if shed_kw >= SHEDS_KW:
        back_kwh = group.rebound_share * shed_kw * step_s / 3600
        return ShedState(
            id=group.id,
            active_s=last.active_s + max(step_s, 1.0),
            backlog_kwh=last.backlog_kwh + back_kwh,
        )
    cooling_s = 60 * group.cool_down_min if last.active_s > 0 else last.cooling_s - step_s
    fading = math.exp(-step_s / (60 * group.rebound_min))
    left_kwh = last.backlog_kwh * fading
    return ShedState(
        id=group.id,
        cooling_s=max(0.0, cooling_s),
        backlog_kwh=left_kwh if left_kwh >= LEAST_KWH else 0.0,
    )
