"""When plans are made: on the quarter, when an input goes or comes back, never too often."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from field_images import reading, snapshot
from plans import NOON, plan
from pool_house import MEASURED as POOL
from pool_house import WATER, pool_house
from worker_scripts import answering, refusing

from drivers.types import Quality
from edge_agent.clock import ManualClock
from edge_agent.control import ControlLoop, ControlParts
from edge_agent.control_memory import ControlMemory
from edge_agent.dispatch import Dispatch
from edge_agent.fastloop.corridor import LoopSettings
from edge_agent.fastloop.tracker import Tracker
from edge_agent.guarding.recall import Cycle, PointRecall, Recall
from edge_agent.notes import Notebook
from edge_agent.peaks import PeakBook
from edge_agent.planner import Planner
from edge_agent.planning_loop import MIN_GAP_S, RETRY_S, PlanningLoop
from edge_agent.plant_memory import KEPT_JSON, KEY, Kept
from edge_agent.site.load import LoadedSite
from edge_agent.site.schema import Control
from edge_agent.snapshot import Board, Snapshot
from edge_agent.store.store import Store
from edge_agent.store.types import StoreError
from edge_agent.tracking import Actuators
from edge_agent.worker_client import WorkerClient
from models.types import BatteryPlan, Plan, PlanSource, TimeGrid
from tests.agent.conftest import Until

MEASURED = {
    "meter.power": 60.0,
    "battery.soc": 50.0,
    "battery.power": 0.0,
    "battery.charge_limit_kw": 40.0,
    "battery.discharge_limit_kw": 40.0,
    "inverter.ac_power": 20.0,
    "room.temperature": 22.0,
}
GRID = TimeGrid(start=NOON, step_s=(900,) * 24)
IDLE = plan(
    grid=GRID,
    batteries=(BatteryPlan(id="bat", power_kw=(0.0,) * 24, soc_kwh=(50.0,) * 24),),
)


class Field:
    """Measurements that are fresh whenever somebody looks, until one is lost."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.values: dict[str, float | None] = dict(MEASURED)

    def look(self) -> Snapshot:
        board, now = Board(), self._clock.now()
        for key, value in self.values.items():
            quality = Quality.MISSING if value is None else Quality.GOOD
            board.post([reading(key, value, at=now, quality=quality)], stale_s=30.0)
        return board.freeze(now)


class Counting(Notebook):
    """Counts the plans that have been kept."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.plans = 0

    async def plan_put(
        self, made_at: datetime, source: str, json_text: str, *, degraded: bool
    ) -> None:
        await super().plan_put(made_at, source, json_text, degraded=degraded)
        self.plans += 1


class Rig:
    """A planning loop at work: what it asks of the worker, and when."""

    def __init__(
        self, loop: PlanningLoop, planner: Planner, notes: Counting, clock: ManualClock
    ) -> None:
        self.loop = loop
        self.planner = planner
        self.notes = notes
        self.clock = clock
        self.field = Field(clock)
        self.made: list[datetime] = []

    @property
    def plans(self) -> int:
        """Plans made and kept: the loop then waits for the next one."""
        return self.notes.plans

    def look(self) -> Snapshot:
        self.made.append(self.clock.now())
        return self.field.look()

    async def to(self, minute: float) -> None:
        """Move on to so many minutes after noon, and let the loop do what it then does."""
        for _ in range(5):
            await asyncio.sleep(0)
        await self.clock.advance((NOON - self.clock.now()).total_seconds() + 60 * minute)
        for _ in range(20):
            await asyncio.sleep(0)

    def at(self) -> list[float]:
        """Minutes after noon at which a plan was begun."""
        return [(moment - NOON).total_seconds() / 60 for moment in self.made]


Start = Callable[[Sequence[str]], Awaitable[Rig]]


@pytest.fixture
async def start(
    paper: LoadedSite, store: Store, clock: ManualClock, until: Until
) -> AsyncIterator[Start]:
    ends: list[Callable[[], Awaitable[object]]] = []

    async def begin(words: Sequence[str]) -> Rig:
        client = WorkerClient(words, start_s=5.0)
        notes = Counting(store)
        planner = Planner(client, notes, budget_s=2.0)
        book = PeakBook(paper.tariff, ZoneInfo("Europe/Berlin"), notes)
        await book.start(clock.now())
        loop = PlanningLoop(paper.site, paper.tariff, planner, book, clock)
        rig = Rig(loop, planner, notes, clock)
        task = asyncio.create_task(loop.run(rig.look))
        ends.append(client.close)

        async def stop() -> None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        ends.append(stop)
        await until(lambda: rig.plans == 1)
        return rig

    yield begin
    for end in reversed(ends):
        await end()


async def test_a_plan_at_once_and_then_shortly_after_every_quarter(
    start: Start, until: Until
) -> None:
    rig = await start(answering(IDLE))
    await rig.to(15)
    assert rig.at() == [0]
    await rig.to(15 + 5 / 60)
    await until(lambda: rig.plans == 2)
    await rig.to(30)
    assert len(rig.made) == 2
    await rig.to(30 + 5 / 60)
    await until(lambda: rig.plans == 3)
    assert rig.at() == [0, 15 + 5 / 60, 30 + 5 / 60]


async def test_an_input_that_goes_or_returns_is_planned_for_at_once(
    start: Start, until: Until
) -> None:
    rig = await start(answering(IDLE))
    await rig.to(3)
    rig.loop.watch(rig.field.look())
    rig.field.values["battery.soc"] = None
    await rig.to(4)
    assert rig.at() == [0]
    rig.loop.watch(rig.field.look())
    await until(lambda: rig.plans == 2)
    rig.loop.watch(rig.field.look())
    rig.field.values["battery.soc"] = 50.0
    await rig.to(6)
    rig.loop.watch(rig.field.look())
    await until(lambda: rig.plans == 3)
    assert rig.at() == [0, 4, 6]


async def test_a_flapping_input_is_planned_for_once_a_minute_at_most(
    start: Start, until: Until
) -> None:
    rig = await start(answering(IDLE))
    for second in range(10, 190, 10):
        rig.field.values["room.temperature"] = 22.0 if second % 20 else None
        await rig.to(second / 60)
        rig.loop.watch(rig.field.look())
        made = len(rig.made)
        await until(lambda count=made: rig.plans == count)  # type: ignore[misc]  # bound per turn
    gaps = [after - before for before, after in zip(rig.at(), rig.at()[1:], strict=False)]
    assert gaps
    assert min(gaps) >= MIN_GAP_S / 60
    assert len(rig.made) <= 4


@pytest.mark.parametrize(("soc", "plans"), [(54.0, 1), (46.0, 1), (56.0, 2), (44.0, 2)])
async def test_a_battery_that_has_left_the_plan_is_planned_anew(
    start: Start, until: Until, soc: float, plans: int
) -> None:
    rig = await start(answering(IDLE))
    rig.field.values["battery.soc"] = soc
    await rig.to(5)
    rig.loop.watch(rig.field.look())
    await until(lambda: len(rig.made) == plans == rig.plans)
    await rig.to(6)
    assert len(rig.made) == plans


async def test_the_flow_within_a_step_is_no_departure(start: Start) -> None:
    charging = plan(
        grid=GRID,
        batteries=(BatteryPlan(id="bat", power_kw=(40.0,) * 24, soc_kwh=(60.0,) * 24),),
    )
    rig = await start(answering(charging))
    await rig.to(5)
    rig.loop.watch(rig.field.look())
    await rig.to(6)
    assert rig.at() == [0]


async def test_a_plan_that_has_run_out_is_replaced(start: Start, until: Until) -> None:
    short = plan(grid=TimeGrid(start=NOON, step_s=(60, 60)))
    rig = await start(answering(short))
    await rig.to(1.5)
    rig.loop.watch(rig.field.look())
    await rig.to(1.6)
    assert rig.at() == [0]
    await rig.to(3)
    rig.loop.watch(rig.field.look())
    await until(lambda: rig.plans == 2)


async def test_without_a_solver_plan_the_next_try_comes_soon(start: Start, until: Until) -> None:
    rig = await start(refusing("no load has been measured yet"))
    assert rig.planner.counts[PlanSource.RULES] == 1
    await rig.to((RETRY_S - 1) / 60)
    assert rig.at() == [0]
    await rig.to(RETRY_S / 60)
    await until(lambda: rig.plans == 2)
    assert rig.planner.failures_in_a_row == 2


async def test_what_was_done_before_a_restart_is_known_after_it(
    tmp_path: Path, store: Store, clock: ManualClock
) -> None:
    loaded, notes = pool_house(tmp_path), Notebook(store)
    control = ControlLoop(
        ControlParts(
            board=Board(),
            dispatch=Dispatch({}, {}, notes, clock, Control.OFF, lambda _key: None),
            envelopes={},
            tracker=Tracker({}, Actuators(), LoopSettings(tick_s=1.0)),
            clock=clock,
            memory=ControlMemory(notes),
            people=lambda _now: [],
            charges=tuple,
            tell=notes.audit,
        )
    )
    done_at = NOON - timedelta(days=2)
    cycle = PointRecall(value=60.0, at=NOON, since=NOON, cycle=Cycle(done_at=done_at))
    control.memory.recall = Recall(points={WATER: cycle})

    async def life(power_kw: float) -> PlanningLoop:
        book = PeakBook(loaded.tariff, loaded.zone, notes)
        await book.start(clock.now())
        planner = Planner(WorkerClient(["/nowhere"]), notes, budget_s=1.0)
        loop = PlanningLoop(loaded.site, loaded.tariff, planner, book, clock)
        loop.attach(control, notes)
        await loop.plan_now(seen(power_kw))
        for _ in range(30):
            await clock.advance(30)
            loop.watch(seen(power_kw))
        await loop.plan_now(seen(power_kw))
        return loop

    def seen(power_kw: float) -> Snapshot:
        return snapshot(POOL | {"pool.power": power_kw}, now=clock.now())

    first = (await life(4.0)).reality(seen(4.0))
    again = (await life(0.0)).reality(seen(0.0))
    for known in (first, again):
        assert known.shiftables[0].jobs[0].done_kwh == pytest.approx(1.0)
        assert known.thermal_stores[0].last_hygiene == done_at


class Unreadable(Notebook):
    """A store that cannot be read once."""

    reads = 0

    async def state(self, key: str) -> str | None:
        self.reads += 1
        if self.reads == 1:
            raise StoreError(key)
        return await super().state(key)


async def test_a_memory_that_cannot_be_read_costs_no_plan_and_is_not_overwritten(
    tmp_path: Path, store: Store, clock: ManualClock
) -> None:
    loaded, notes = pool_house(tmp_path), Unreadable(store)
    before = KEPT_JSON.dump_json(Kept(full_at={"bat": NOON - timedelta(days=3)})).decode()
    await notes.state_put(KEY, before)
    book = PeakBook(loaded.tariff, loaded.zone, notes)
    planner = Planner(WorkerClient(["/nowhere"]), notes, budget_s=1.0)
    loop = PlanningLoop(loaded.site, loaded.tariff, planner, book, clock)
    loop.drawer = notes
    image = snapshot(POOL, now=clock.now())
    made = await loop.plan_now(image)
    assert made.source is PlanSource.RULES
    assert await store.state_get(KEY) == before
    await loop.plan_now(image)
    assert loop.reality(image).batteries[0].last_full == NOON - timedelta(days=3)


async def test_the_first_decision_needs_no_worker(
    paper: LoadedSite, store: Store, clock: ManualClock
) -> None:
    planner = Planner(WorkerClient(["/nowhere"]), store, budget_s=1.0)
    book = PeakBook(paper.tariff, ZoneInfo("Europe/Berlin"), Notebook(store))
    await book.start(clock.now())
    loop = PlanningLoop(paper.site, paper.tariff, planner, book, clock)
    loop.watch(Field(clock).look())
    made: Plan = await loop.decide_without_worker(Field(clock).look())
    assert made.source is PlanSource.RULES
    assert "the planning worker is starting" in [reason.text for reason in made.reasons]
    assert made.grid.end - NOON == timedelta(hours=1)
