"""The composition root: builds the parts of one gateway, runs them under supervision, ends them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

from drivers.types import Clock, Driver, Reading, WriteOutcome
from edge_agent.alarming import alarming_of
from edge_agent.billing import MAX_HOLD_S
from edge_agent.clock_probes import Machine, probe
from edge_agent.clock_trust import ClockTrust
from edge_agent.clock_watch import ClockWatch
from edge_agent.cloud_link import CloudLink, build_cloud
from edge_agent.control import ControlLoop, ControlParts
from edge_agent.control_memory import ControlMemory
from edge_agent.data_quality import DataQuality
from edge_agent.dispatch import Dispatch
from edge_agent.envelopes_of import envelopes
from edge_agent.fastloop.budget import charges
from edge_agent.fastloop.corridor import LoopSettings
from edge_agent.fastloop.tracker import Tracker
from edge_agent.fields import build_drivers
from edge_agent.flows import Flow, FlowLog, flow
from edge_agent.foresight import Foresight
from edge_agent.grid_parts import grid_parts
from edge_agent.health import Alert
from edge_agent.local_overrides import hold_times
from edge_agent.memory import give_back
from edge_agent.notes import Notebook
from edge_agent.overrides import Override, Overrides, override_of
from edge_agent.peaks import PeakBook
from edge_agent.planner import Planner
from edge_agent.planning_loop import PlanningLoop
from edge_agent.poll import build_pollers
from edge_agent.privacy import occupancy_sum, room_counters
from edge_agent.site.load import LoadedSite
from edge_agent.sitemodel import actuators
from edge_agent.snapshot import Board, Snapshot
from edge_agent.status import StatusView
from edge_agent.status_view import Parts, build_status
from edge_agent.store.location import DATABASE
from edge_agent.store.store import Store
from edge_agent.store.types import (
    AuditRow,
    CommitFailed,
    Committed,
    NothingToCommit,
    StoreError,
)
from edge_agent.supervise import Supervisor
from edge_agent.watchdog import Watchdog
from edge_agent.web.app import build_app
from edge_agent.web.server import serve, tcp_socket, unix_socket
from edge_agent.winding_down import Rest, within
from edge_agent.worker_client import WorkerClient, worker_command
from models.types import Plan

log = logging.getLogger(__name__)

HEALTH_S = 10.0
SAVE_BEATS, GIVE_BACK_BEATS = 6, 60
"""Looks at the health between saves of control's memory, and between returns of free heap."""
LONGEST_COMMIT_S = 60.0
ROOMS_EVERY = timedelta(minutes=1)
"""So often the people in all rooms are summed."""
RELEASE_S = 2.0
"""Wall seconds of the five that a stop may take."""
FIRST_READ_S = 1.0
"""Wall seconds the first decision waits for first readings."""


class Agent:
    """One gateway. The caller holds the lock of its state directory."""

    _restamp_due = False
    _readings_stored = 0

    def __init__(self, loaded: LoadedSite, clock: Clock, store: Store, state_dir: Path) -> None:
        self._site = loaded.site
        self._loaded = loaded
        self._clock = clock
        self._store = store
        self._state_dir = state_dir
        self._started_at = clock.now()
        self._supervisor = Supervisor(clock)
        self._board = Board()
        self._flows = FlowLog()
        self._watchdog = Watchdog()
        self._drivers: Mapping[str, Driver] = build_drivers(loaded.site, clock)
        points = {point.key: point for d in self._drivers.values() for point in d.points}
        self._notes = Notebook(store)
        self._overrides = Overrides(self._notes)
        self._alarming = alarming_of(self._site, clock, self._notes)
        control = self._site.agent.control
        self._dispatch = Dispatch(self._drivers, points, self._notes, clock, control, self._present)
        self._dispatch.overrides.hold_s = hold_times(self._site)
        self._envelopes = envelopes(self._site, points)
        self._pollers = build_pollers(self._site, self._drivers, clock, self._notes)
        self._worker = WorkerClient(worker_command(loaded.path, state_dir, state_dir / DATABASE))
        self._planner = Planner(self._worker, self._notes, self._site.planning.time_limit_s)
        zone = ZoneInfo(self._site.site.timezone)
        meter_poll_s = self._site.device(self._site.assets.grid.meter.split(".")[0]).poll_s
        self._peaks = PeakBook(
            loaded.tariff, zone, self._notes, max_hold_s=max(MAX_HOLD_S, 2.5 * meter_poll_s)
        )
        self._planning = PlanningLoop(self._site, loaded.tariff, self._planner, self._peaks, clock)
        self._control = self._control_loop()
        self._planning.held = self._held
        self._planning.attach(self._control, self._notes)
        self._cloud: CloudLink = build_cloud(self._site, store, clock)
        self._foresight = Foresight(loaded, state_dir, self._notes, clock, self._cloud)
        self._clock_watch = ClockWatch(clock, partial(probe, Machine()))
        self._quality = DataQuality(self._site, self._drivers, store)
        self._rooms = room_counters(self._site)
        self._rooms_at = self._started_at

    async def start(self) -> None:
        """Open the links, take up what is left from before, and set everything going."""
        for driver in self._drivers.values():
            await driver.open()
        await self._peaks.start(self._clock.now())
        await self._overrides.load(self._clock.now())
        await self._control.take_up()
        await self._alarming.start()
        self._clock_watch.newest_commit = await self._store.newest_at()
        await self._look_at_clock()
        trusted = self._clock_watch.trusted
        await self._quality.start(self._clock.now(), clock_trusted=trusted)
        adopted = await self._dispatch.adopt()
        started = f"agent started, {adopted} leases in the journal"
        await self._notes.audit("start", started, self._started_at)
        self._open_web()
        for name, poller in self._pollers.items():
            self._supervisor.start(f"poll {name}", partial(poller.run, self._take))
        await self._first_readings()
        await self._commit()  # so that the first plan knows what has been read
        self._supervisor.start("commit", self._commit_loop)
        snapshot = self._board.freeze(self._clock.now())
        await self._planning.decide_without_worker(snapshot)
        await self._foresight.start(self._supervisor)
        tick_s = self._site.agent.tick_s
        self._supervisor.start(
            "control", lambda: self._control.run(tick_s, self.plan, self._after_tick)
        )
        self._supervisor.start("plan", lambda: self._planning.run(self._snapshot))
        self._supervisor.start("health", self._health_loop)
        self._supervisor.start("notify", self._alarming.run)
        self._supervisor.start("cloud", self._cloud.run)
        self._watchdog.tell("READY=1")

    async def stop(self) -> int:
        """Release every lease, commit, send what is left, close; returns leases still held.

        Each part has its share of the five wall seconds; what hangs or fails stops no other part.
        """
        self._watchdog.tell("STOPPING=1")
        rest = Rest()
        deciding = ("control", "plan", "health", *(f"poll {device}" for device in self._pollers))
        await within(0.5, *(self._supervisor.stop(name) for name in deciding))
        held = await self._dispatch.release_all(RELEASE_S)
        await within(0.5, self._last_words(held))
        closing = (driver.close() for driver in self._drivers.values())
        drain_s = rest.left_s()
        await within(drain_s + 0.2, self._cloud.close(drain_s), *closing)
        await within(0.5, self._supervisor.stop_all(), self._worker.close())
        return held

    async def _last_words(self, held: int) -> None:
        now = self._clock.now()
        await self._supervisor.stop("commit")
        trusted = self._clock_watch.trusted
        await self._quality.save(now, clock_trusted=trusted, at_once=True)
        await self._peaks.persist(at_once=True)
        await self._control.memory.save()
        await self._notes.audit("stop", f"agent stopped, {held} leases held", now)
        await self._store.commit()

    def status(self) -> StatusView:
        """The whole picture now."""
        return build_status(
            Parts(
                loaded=self._loaded,
                clock=self._clock,
                started_at=self._started_at,
                snapshot=self._snapshot(),
                drivers=self._drivers,
                pollers=self._pollers,
                control=self._control,
                dispatch=self._dispatch,
                planner=self._planner,
                worker=self._worker,
                cloud=self._cloud.view(),
                store=self._store.health,
                readings_stored=self._readings_stored,
                supervisor=self._supervisor,
                alerts=self._alarming.book,
                unmeasured_blocks=self._peaks.unmeasured_in_a_row,
                quality=self._quality.view(self._clock.now()),
                clock_view=self._clock_watch.view,
                feeds=self._foresight.feeds,
                foresight=self._foresight.view,
            )
        )

    def plan(self) -> Plan | None:
        """The plan in force."""
        return self._planner.current

    def flows(self) -> tuple[Flow, ...]:
        """Minutes of the last day, oldest first."""
        return self._flows.minutes

    async def audit_tail(self, count: int) -> list[AuditRow]:
        """The newest lines of the audit trail."""
        return await self._store.audit_tail(count)

    async def acknowledge(self, code: str, subject: str, person: str, note: str) -> Alert:
        """A named person has seen an alarm; KeyError when it does not stand."""
        return await self._alarming.acknowledge(code, subject, person, note)

    async def hold_released(
        self, point: str, span: timedelta, person: str, reason: str
    ) -> WriteOutcome | None:
        """Give a point back to its device and keep the plan off it for `span`.

        Returns what became of the release, None when nothing was held; KeyError for no point.
        """
        await self._manual(override_of(point, None, span, person, reason, self._clock.now()))
        return await self._dispatch.release(point)

    async def override(
        self, point: str, value: float, span: timedelta, person: str, reason: str
    ) -> None:
        """A named person's value for a point, until `span` has passed; the guard still judges it.

        KeyError for no point, OverrideError for a value or span that cannot be taken.
        """
        await self._manual(override_of(point, value, span, person, reason, self._clock.now()))

    async def _manual(self, wish: Override) -> None:
        if wish.point not in self._envelopes:
            raise KeyError(wish.point)
        await self._overrides.put(wish)
        what = "released" if wish.value is None else f"set to {wish.value:g}"
        until = f"until {wish.expires:%Y-%m-%d %H:%M}Z"
        text = f"{wish.point} {what} by {wish.person} {until}: {wish.reason}"
        await self._notes.audit("manual", text, wish.since)

    def _held(self) -> Mapping[str, str]:
        """Points that a person holds, at the device or here, with the reason."""
        return {**self._control.held_by_people(), **self._dispatch.overrides.taken()}

    def _control_loop(self) -> ControlLoop:
        steered = actuators(self._site)
        settings = LoopSettings(tick_s=self._site.agent.tick_s)
        return ControlLoop(
            ControlParts(
                board=self._board,
                dispatch=self._dispatch,
                envelopes=self._envelopes,
                tracker=Tracker(self._envelopes, steered, settings, charge_names=self._peaks.names),
                clock=self._clock,
                memory=ControlMemory(self._notes),
                people=self._overrides.claims,
                charges=lambda: charges(self._peaks.peaks, self._peaks.counting(self._clock.now())),
                tell=self._notes.audit,
                grid=grid_parts(self._site),
            )
        )

    def _snapshot(self) -> Snapshot:
        return self._board.freeze(self._clock.now())

    def _present(self, key: str) -> float | None:
        return self._snapshot().value(key)

    def _take(self, device_id: str, readings: list[Reading]) -> None:
        """A poll has come in."""
        readings = self._quality.take(device_id, readings, self._clock.now())
        stale_s = self._site.device(device_id).stale_after_s
        for own_stale_s, some in self._pollers[device_id].by_staleness(readings, stale_s):
            self._board.post(some, own_stale_s)
        self._store.append(readings)
        for reading in readings:
            if reading.key == self._site.assets.grid.meter:
                self._peaks.post(reading)

    def _open_web(self) -> None:
        """A port that cannot be had is an error at start, not a task that fails for ever."""
        settings = self._site.agent
        tcp_socket(settings.web_host, settings.web_port).close()
        acting = build_app(self, may_act=True)
        reading = build_app(self, may_act=False)
        self._supervisor.start("socket", lambda: serve(acting, unix_socket(self._state_dir)))
        self._supervisor.start(
            "web", lambda: serve(reading, tcp_socket(settings.web_host, settings.web_port))
        )

    async def _first_readings(self) -> None:
        """Wait a moment, so that the first decision is not made blind."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + FIRST_READ_S
        while loop.time() < until_s:
            if all(poller.status.polls for poller in self._pollers.values()):
                return
            await asyncio.sleep(0.02)

    async def _look_at_clock(self) -> None:
        for line in await self._clock_watch.look():
            log.warning("%s", line)
            await self._notes.audit("clock", line, self._clock.now())
            self._restamp_due = True
        trust = self._clock_watch.verdict.trust
        self._store.set_trust(trust)
        if self._restamp_due and trust is ClockTrust.SYNCHRONISED:
            await self._restamp()

    async def _restamp(self) -> None:
        """Put right what was stored before the time was known; tried again after a refusal."""
        try:
            count = await self._store.restamp(self._store.anchor())
        except StoreError as error:
            log.warning("times are not put right yet: %s", error)
            return
        self._restamp_due = False
        if count:
            text = f"the times of {count} commits were put right or confirmed"
            await self._notes.audit("clock", text, self._clock.now())

    def _sum_rooms(self, snapshot: Snapshot) -> None:
        """Of personal counters only the sum over many rooms goes out."""
        if abs(snapshot.at - self._rooms_at) >= ROOMS_EVERY:
            self._rooms_at = snapshot.at
            self._store.append(occupancy_sum(self._rooms, snapshot))

    async def _commit_loop(self) -> None:
        while True:
            pause_s = self._site.agent.commit_s * self._store.health.interval_factor
            await self._clock.sleep(min(LONGEST_COMMIT_S, pause_s))
            await self._commit()
            await self._store.maintain(clock_trusted=self._clock_watch.trusted)

    async def _commit(self) -> None:
        result = await self._store.commit()
        await self._peaks.persist()
        match result:
            case CommitFailed(error=error):
                log.error("commit failed: %s", error)
            case Committed(readings=readings):
                self._readings_stored += readings
            case NothingToCommit():
                pass

    def _after_tick(self, snapshot: Snapshot) -> None:
        self._quality.watch(snapshot, clock_trusted=self._clock_watch.trusted)
        self._flows.post(flow(self._site, snapshot, self._planner.current))
        self._watchdog.tell("WATCHDOG=1")

    async def _health_loop(self) -> None:
        beats = count(1)
        while True:
            await self._look_at_clock()
            snapshot = self._snapshot()
            self._planning.watch(snapshot)
            self._sum_rooms(snapshot)
            await self._quality.save(snapshot.at, clock_trusted=self._clock_watch.trusted)
            await self._planner.look(snapshot.at)
            if (beat := next(beats)) % SAVE_BEATS == 0:
                await self._control.memory.save()
            await self._alarming.beat(
                self.status(),
                worker_faults=self._planner.worker_faults,
                store_error=self._store.health.last_error,
                feeds=self._foresight.sights,
            )
            self._cloud.report(self.status())
            if beat % GIVE_BACK_BEATS == 0:
                give_back()
            await self._clock.sleep(HEALTH_S)
