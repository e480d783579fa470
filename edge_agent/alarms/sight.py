"""What the alarm rules look at: one frozen picture of the gateway and its assets."""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.conditions import conditions
from edge_agent.health import Condition
from edge_agent.status import StatusView


@dataclass(frozen=True, slots=True, kw_only=True)
class BatterySight:
    """One battery; what is not measured now is None. Charging is positive."""

    id: str
    capacity_kwh: float
    charge_kw: float
    discharge_kw: float
    soc_percent: float | None = None
    soc_read_s: float | None = None
    """Monotonic seconds at which the state of charge was read."""
    power_kw: float | None = None
    temperature_c: float | None = None
    current_a: float | None = None
    rated_current_a: float | None = None
    """None where the site does not say it: then power against rated power is what is judged."""
    soc_jump_percent: float | None = None
    """Percentage points the state of charge moved beyond what the rating can move it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InverterSight:
    """One PV plant."""

    id: str
    peak_kw: float
    power_kw: float | None = None
    """Production, positive."""
    irradiance_w_m2: float | None = None
    limited: bool = False
    """Whether we or somebody else hold its power down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSight:
    """One source from outside; `ahead_h` None = it has never given anything."""

    name: str
    ahead_h: float | None
    """Hours from now on that its data still cover."""
    error: str = ""
    handed_over: bool = False
    """Whether its documents are given to us: an error stands until the next good one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSight:
    """One way alarms are sent; `error` empty while it works."""

    name: str
    error: str = ""
    given_up: int = 0
    """Messages that were never delivered, since the start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterSight:
    """The meter of the connection point."""

    point: str
    silent_s: float
    """Since its last usable reading, or since the start when there was none."""
    stale_s: float
    """Age from which nobody acts on it any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QualitySight:
    """One quantity of the grid at the meter, as how far it is off, and in words."""

    point: str
    off: float | None
    """Share of the nominal voltage, Hz, or share of distortion."""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What the status picture does not hold; the fields left out are judged by no rule."""

    monotonic_s: float
    certificate_days: float | None = None
    """Until the gateway's certificate for the cloud ends; None without one."""
    feeds: tuple[FeedSight, ...] = ()
    worker_faults: int = 0
    """Times in a row that the planning worker broke off or was late."""
    store_error: str = ""
    """What the database said last, empty when it works."""
    channels: tuple[ChannelSight, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Everything the rules look at, at one moment."""

    status: StatusView
    beside: Beside
    commit_s: float = 10.0
    """Seconds of readings in a commit."""
    meter: MeterSight | None = None
    batteries: tuple[BatterySight, ...] = ()
    inverters: tuple[InverterSight, ...] = ()
    voltages: tuple[QualitySight, ...] = ()
    frequencies: tuple[QualitySight, ...] = ()
    distortions: tuple[QualitySight, ...] = ()

    @property
    def reported(self) -> tuple[Condition, ...]:
        """What `edge_agent.conditions` finds."""
        return tuple(conditions(self.status))
