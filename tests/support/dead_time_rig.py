"""A battery behind a late inverter, and a meter that shows the past: second by second, no wires."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from drivers.types import Quality, Reading
from edge_agent.arbiter import Entry, arbitrate
from edge_agent.billing import OpenBlock, metered, open_block
from edge_agent.envelope import BatteryEnvelope, ConnectionEnvelope, Envelope
from edge_agent.fastloop.budget import Charge
from edge_agent.fastloop.corridor import LoopSettings
from edge_agent.fastloop.lag import Lag
from edge_agent.fastloop.nodes import Nodes, watch_nodes
from edge_agent.fastloop.tracker import Tracker
from edge_agent.guard import guard_cycle
from edge_agent.guarding.recall import Recall
from edge_agent.snapshot import Seen, Snapshot
from edge_agent.tracking import Actuators
from models.types import BatteryPlan, Plan, PlanSource, TimeGrid

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
RATED_KW = 100.0
SETPOINT, METER, POWER, SOC = "bat.setpoint", "meter.power", "bat.power", "bat.soc"


def envelope(
    import_limit_kw: float = 1000.0, export_limit_kw: float = 1000.0, name: str = "bat"
) -> BatteryEnvelope:
    """A battery of 100 kW at that connection point."""
    return BatteryEnvelope(
        point=f"{name}.setpoint",
        soc=f"{name}.soc",
        power=f"{name}.power",
        charge_kw=RATED_KW,
        discharge_kw=RATED_KW,
        soc_min_percent=10.0,
        soc_max_percent=90.0,
        charge_limit=None,
        discharge_limit=None,
        connection=ConnectionEnvelope(
            meter=METER, import_limit_kw=import_limit_kw, export_limit_kw=export_limit_kw
        ),
    )


def teaching_plan(peak_kw: float | None = None) -> Plan:
    """Gives 20 kW for a minute, then nothing for an hour: a step by which a lag can be found."""
    flat = flat_plan(peak_kw=peak_kw)
    part = BatteryPlan(id="bat", power_kw=(-20.0, 0.0), soc_kwh=(50.0, 50.0))
    grid = TimeGrid(start=NOON, step_s=(60, 3600))
    return replace(flat, grid=grid, batteries=(part,))


def flat_plan(
    battery_kw: float = 0.0, peak_kw: float | None = None, hours: int = 1, names: str = "bat"
) -> Plan:
    """One power for hours, made at noon."""
    grid = TimeGrid(start=NOON, step_s=(3600,) * hours)
    return Plan(
        made_at=NOON,
        grid=grid,
        source=PlanSource.SOLVER,
        grid_kw=(),
        load_kw=(),
        hvac_kw=(),
        batteries=tuple(
            BatteryPlan(id=name, power_kw=(battery_kw,) * hours, soc_kwh=(50.0,) * hours)
            for name in names.split()
        ),
        peaks_kw=() if peak_kw is None else (peak_kw,),
    )


def picture(now: datetime, values: Mapping[str, tuple[float, float]]) -> Snapshot:
    """A snapshot of {point: (value, age in s)}."""
    seen = {key: _seen(key, value, now, age_s) for key, (value, age_s) in values.items()}
    return Snapshot(at=now, seen=MappingProxyType(seen))


def _seen(key: str, value: float, now: datetime, age_s: float) -> Seen:
    device, point = key.split(".")
    at = now - timedelta(seconds=age_s)
    reading = Reading(
        device=device, point=point, value=value, unit="kW", at=at, quality=Quality.GOOD
    )
    return Seen(latest=reading, usable=reading, stale_s=180.0)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One case: what lies between a command and its sight."""

    meter_delay_s: int = 0
    inverter_delay_s: int = 0
    ramp_share_per_s: float = 1.0
    dead_band_kw: float = 0.0
    """A battery leaves a command that differs by less unheeded."""
    tick_s: int = 1
    meter_every_s: int = 1
    own_delay_s: int = 0
    """So old is what a battery tells of itself."""
    guarded: bool = True
    """Whether arbiter and guard stand between the loop and the battery."""

    @property
    def dead_time_s(self) -> float:
        """From a change of the load until a battery can begin to answer."""
        return self.meter_delay_s + self.inverter_delay_s + self.tick_s + (self.meter_every_s - 1)


@dataclass(kw_only=True)
class Course:
    """What happened, one number a second, kW."""

    load_kw: list[float] = field(default_factory=list)
    battery_kw: list[float] = field(default_factory=list)
    blocks: list[OpenBlock] = field(default_factory=list)
    """Blocks by the true power, closed."""

    @property
    def net_kw(self) -> list[float]:
        """True power at the connection point."""
        return [load + own for load, own in zip(self.load_kw, self.battery_kw, strict=True)]

    def net_kw_at(self, second: int) -> float:
        """The same at one second."""
        return self.load_kw[second] + self.battery_kw[second]


class LateBattery:
    """Obeys `inverter_delay_s` late, at its ramp, and not at all within its dead band."""

    def __init__(self, cell: Cell) -> None:
        self._cell = cell
        self._queue = [0.0] * cell.inverter_delay_s
        self._target_kw = 0.0
        self.power_kw = 0.0

    def second(self, command_kw: float) -> None:
        """One second under a command."""
        self._queue.append(command_kw)
        due_kw = self._queue.pop(0)
        if abs(due_kw - self._target_kw) >= self._cell.dead_band_kw:
            self._target_kw = min(max(due_kw, -RATED_KW), RATED_KW)
        reach_kw = self._cell.ramp_share_per_s * RATED_KW
        change_kw = self._target_kw - self.power_kw
        self.power_kw += min(max(change_kw, -reach_kw), reach_kw)


class LastWord:
    """Arbiter and guard behind the loop, as the control cycle has them."""

    def __init__(self, limits_kw: tuple[float, float], lag: Lag) -> None:
        self._envelopes: dict[str, Envelope] = {SETPOINT: envelope(*limits_kw)}
        self._nodes = Nodes().knowing(METER, lag)
        self._recall = Recall()

    def command_kw(self, entries: Sequence[Entry], snapshot: Snapshot) -> float:
        """What leaves for the battery in this tick; released, it idles."""
        every = self._envelopes
        self._nodes, loads = watch_nodes(self._nodes, every.values(), snapshot, self._recall)
        decisions = arbitrate(every, entries, snapshot.at)
        cycle = guard_cycle(decisions, every, snapshot, self._recall, loads)
        self._recall = cycle.recall
        return cycle.guarded[0].value or 0.0


def run(
    cell: Cell,
    load: Callable[[int], float],
    seconds: int,
    plan: Plan,
    limits_kw: tuple[float, float] = (1000.0, 1000.0),
    tracker: Tracker | None = None,
) -> Course:
    """The loop around the late battery for that long; `load` gives kW by the second."""
    own = tracker or one_battery_tracker(limits_kw, cell.tick_s)
    last_word = LastWord(limits_kw, own.lag)
    battery, course, shown = LateBattery(cell), Course(), 0.0
    ours, true = open_block(NOON, 900), open_block(NOON, 900)
    command_kw, read_at = 0.0, NOON
    for second in range(seconds):
        now = NOON + timedelta(seconds=second)
        course.load_kw.append(load(second))
        course.battery_kw.append(battery.power_kw)
        net_kw = course.net_kw_at(-1)
        true, closed = metered(true, now, net_kw)
        course.blocks += [closed] if closed is not None else []
        if second % cell.meter_every_s == 0:
            shown, read_at = course.net_kw_at(max(0, second - cell.meter_delay_s)), now
            ours, _ = metered(ours, now, shown)
        if second % cell.tick_s == 0:
            values = {
                METER: (shown, (now - read_at).total_seconds()),
                POWER: (course.battery_kw[max(0, second - cell.own_delay_s)], 0.0),
                SOC: (50.0, 0.0),
            }
            charges: Sequence[Charge] = (Charge(id="peak", peak_kw=0.0, block=ours),)
            snapshot = picture(now, values)
            entries = own.step(plan, snapshot, charges, now, 15.0)
            command_kw = (
                last_word.command_kw(entries, snapshot) if cell.guarded else entries[0].value or 0.0
            )
        battery.second(command_kw)
    return course


def one_battery_tracker(
    limits_kw: tuple[float, float], tick_s: float, lag: Lag | None = None
) -> Tracker:
    """The fast loop of a site with one battery."""
    return Tracker(
        {SETPOINT: envelope(*limits_kw)},
        Actuators(batteries=(("bat", SETPOINT),)),
        LoopSettings(tick_s=tick_s),
        lag,
    )
