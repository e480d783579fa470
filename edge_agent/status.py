"""What the gateway says about itself: one frozen picture for command line, dashboard and shadow."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from pydantic import TypeAdapter

from edge_agent.clock_watch import ClockView
from edge_agent.feeds.view import FeedView
from edge_agent.flows import Flow
from edge_agent.forecasting.view import ForesightView
from edge_agent.loads_view import LoadView


@dataclass(frozen=True, slots=True, kw_only=True)
class PointView:
    """One point as last read."""

    point: str
    value: float | None
    unit: str
    quality: str
    reason: str
    age_s: float | None
    writable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceView:
    """One device with its points."""

    device: str
    type: str
    link: str
    location: str
    quality: str
    """The worst quality among its points."""
    age_s: float | None
    """Seconds since the last usable reading of any point."""
    polls: int
    missed: int
    points: tuple[PointView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimView:
    """One entry of a point's priority array."""

    priority: str
    owner: str
    reason: str
    value: float | None
    since: datetime
    expires: datetime | None
    bounds: tuple[float, float] | None = None
    """A claim that only confines: what stands below it counts inside these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagView:
    """Something the guard saw that is worth an alarm."""

    code: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorView:
    """One signal of the grid operator; `limit_kw` None = it limits nothing."""

    signal: str
    limit_kw: float | None
    since: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlView:
    """Who controls a commandable point, and why."""

    point: str
    wish: float | None
    value: float | None
    why: str
    cuts: tuple[str, ...]
    held: float | None
    lease_state: str
    lease_expires: datetime | None
    last_result: str
    claims: tuple[ClaimView, ...]
    confined_by: str = ""
    """Who narrowed the winner's value; empty = nobody."""
    flags: tuple[FlagView, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StuckView:
    """A point that cannot be given back: what stands there, and what a person can do."""

    point: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanView:
    """The plan in force in short."""

    made_at: datetime | None
    source: str
    degraded: bool
    reasons: tuple[str, ...]
    ends_at: datetime | None
    solve_s: float
    plans: int
    plans_solver: int
    failures_in_a_row: int
    rung: str = "released"
    """Of the ladder solver, last, rules, safe, released: where the site stands, since when, why."""
    rung_since: datetime | None = None
    rung_why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BufferView:
    """The store."""

    state: str
    commits: int
    """Held in the file."""
    last_seq: int
    """Number of the newest; the first one of a new file is no 1."""
    readings: int
    """Stored since the agent started."""
    backlog_commits: int
    last_commit_at: datetime | None
    last_commit_ms: float | None
    failed_commits: int
    dropped_readings: int
    bytes_on_disk: int
    bytes_used: int = 0
    budget_bytes: int = 0
    space_low: bool = False
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudView:
    """The way to the cloud."""

    transport: str
    connected: bool
    sent_seq: int
    acked_seq: int | None
    """What the cloud has confirmed; None when it has not said."""
    backlog_commits: int
    last_error: str
    last_sent_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """One supervised task."""

    name: str
    state: str
    failures: int
    last_error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertView:
    """One alarm; `cleared` None while it stands."""

    code: str
    subject: str
    text: str
    since: datetime
    cleared: datetime | None
    severity: str = "warning"
    cause: str = ""
    remedy: str = ""
    acknowledged_by: str = ""
    acknowledged_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """Since start."""

    ticks: int
    ticks_missed: int
    writes_verified: int
    writes_failed: int
    releases: int
    leases: int
    agent_rss_mb: float
    worker_rss_mb: float
    worker_starts: int
    unmeasured_blocks: int = 0
    """Billing blocks in a row that were measured too badly to count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceQuality:
    """How many readings were valid: on this local day, and in the last minutes."""

    device: str
    """Empty for the whole site."""
    valid: int
    readings: int
    valid_share: float | None
    """Of the day, 0..1; None while nothing was due."""
    recent_share: float | None
    low_since: datetime | None
    """Since when the recent share is below the alarm's."""
    alarming: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingView:
    """A point that the rest of the site speaks against."""

    point: str
    quality: str
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityView:
    """The quality of the readings; `site` None where nobody counts."""

    site: DeviceQuality | None = None
    devices: tuple[DeviceQuality, ...] = ()
    findings: tuple[FindingView, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusView:
    """The whole picture."""

    site: str
    version: str
    now: datetime
    started_at: datetime
    speed: float
    control: str
    healthy: bool
    flow: Flow | None
    plan: PlanView
    devices: tuple[DeviceView, ...]
    controls: tuple[ControlView, ...]
    buffer: BufferView
    cloud: CloudView
    tasks: tuple[TaskView, ...]
    alerts: tuple[AlertView, ...]
    counters: Counters
    quality: QualityView = field(default_factory=QualityView)
    clock: ClockView = field(default_factory=ClockView)
    stuck: tuple[StuckView, ...] = ()
    operator: tuple[OperatorView, ...] = ()
    feeds: tuple[FeedView, ...] = ()
    foresight: ForesightView = field(default_factory=ForesightView)
    loads: tuple[LoadView, ...] = ()
    off_plan: str = ""
    """What keeps the batteries off the plan, or why the meter is not steered by."""


STATUS = TypeAdapter(StatusView)
