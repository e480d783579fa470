"""The queue before a channel: order, retries with pauses, bound, and losses that are said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from alerts import MORNING, alert, message

from edge_agent.clock import ManualClock
from edge_agent.notify.channel import DeliveryError, NotNowError, RefusedError
from edge_agent.notify.lane import PAUSES_S, Lane
from edge_agent.notify.message import Message

GIVE_UP_S = 86_400.0
DOWN = NotNowError("the server is down")
NO = RefusedError("the server says 554")


class Desk:
    """Takes messages, or refuses them as it is told."""

    name = "desk"

    def __init__(self) -> None:
        self.fault: DeliveryError | None = None
        self.tries = 0
        self.taken: list[Message] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def deliver(self, message: Message) -> None:
        self.tries += 1
        await self.gate.wait()
        if self.fault is not None:
            raise self.fault
        self.taken.append(message)

    @property
    def ids(self) -> list[str]:
        return [message.id for message in self.taken]


class Rig:
    """A lane at work."""

    def __init__(self) -> None:
        self.clock = ManualClock(MORNING)
        self.desk = Desk()
        self.lane = Lane(self.desk, self.clock, limit=3, give_up_s=GIVE_UP_S)

    def put(self, number: int) -> None:
        self.lane.put(message(alert(), number=number))

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():  # noqa: ASYNC110 - the lane has no event for it
                await asyncio.sleep(0)

    async def rest(self) -> None:
        """Let everything run that can."""
        for _ in range(20):
            await asyncio.sleep(0)

    async def pass_s(self, seconds: float) -> None:
        await self.rest()
        await self.clock.advance(seconds)
        await self.rest()


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    made = Rig()
    task = asyncio.create_task(made.lane.run())
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_messages_arrive_once_and_in_order(rig: Rig) -> None:
    for number in (1, 2, 3):
        rig.put(number)
    await rig.until(lambda: len(rig.desk.taken) == 3)
    rig.put(4)
    await rig.until(lambda: len(rig.desk.taken) == 4)
    assert rig.desk.ids == ["hotel-1", "hotel-2", "hotel-3", "hotel-4"]
    assert (rig.lane.waiting, rig.lane.sight.error, rig.lane.delivered) == ((), "", 4)


async def test_a_try_that_fails_is_made_again_with_growing_pauses(rig: Rig) -> None:
    rig.desk.fault = DOWN
    rig.put(1)
    await rig.until(lambda: rig.desk.tries == 1)
    for number, pause_s in enumerate((*PAUSES_S, PAUSES_S[-1]), start=1):
        await rig.pass_s(pause_s - 1)
        assert rig.desk.tries == number
        await rig.pass_s(1)
        assert rig.desk.tries == number + 1
    assert rig.lane.sight.error == str(DOWN)
    rig.desk.fault = None
    await rig.pass_s(PAUSES_S[-1])
    assert rig.desk.ids == ["hotel-1"]
    assert (rig.lane.sight.error, rig.lane.given_up) == ("", 0)


async def test_a_refused_message_is_given_up_and_the_next_one_says_so(rig: Rig) -> None:
    rig.desk.fault = NO
    rig.put(1)
    await rig.until(lambda: rig.lane.given_up == 1)
    assert (rig.desk.tries, rig.lane.sight.error) == (1, str(NO))
    rig.desk.fault = None
    rig.put(2)
    rig.put(3)
    await rig.until(lambda: len(rig.desk.taken) == 2)
    assert [(m.id, m.given_up) for m in rig.desk.taken] == [("hotel-2", 1), ("hotel-3", 0)]
    assert (rig.lane.sight.error, rig.lane.sight.given_up) == ("", 1)


async def test_a_full_queue_gives_up_the_oldest_and_says_so(rig: Rig) -> None:
    rig.desk.fault = DOWN
    for number in range(1, 6):
        rig.put(number)
    await rig.rest()
    assert [m.id for m in rig.lane.waiting] == ["hotel-3", "hotel-4", "hotel-5"]
    rig.desk.fault = None
    await rig.pass_s(PAUSES_S[0])
    assert [(m.id, m.given_up) for m in rig.desk.taken] == [
        ("hotel-3", 2),
        ("hotel-4", 0),
        ("hotel-5", 0),
    ]


async def test_a_message_given_up_while_it_is_on_its_way_takes_no_other_with_it(rig: Rig) -> None:
    rig.desk.gate.clear()
    rig.put(1)
    await rig.until(lambda: rig.desk.tries == 1)
    for number in (2, 3, 4):
        rig.put(number)
    assert [m.id for m in rig.lane.waiting] == ["hotel-2", "hotel-3", "hotel-4"]
    rig.desk.gate.set()
    await rig.until(lambda: len(rig.desk.taken) == 4)
    assert rig.desk.ids == ["hotel-1", "hotel-2", "hotel-3", "hotel-4"]


@pytest.mark.parametrize(("age_s", "delivered"), [(GIVE_UP_S, 1), (GIVE_UP_S + 1, 0)])
async def test_a_message_is_given_up_when_it_is_too_old(
    rig: Rig, age_s: float, delivered: int
) -> None:
    rig.desk.fault = DOWN
    rig.put(1)
    await rig.until(lambda: rig.desk.tries == 1)
    rig.desk.fault = None
    await rig.pass_s(age_s)
    assert (len(rig.desk.taken), rig.lane.given_up) == (delivered, 1 - delivered)
