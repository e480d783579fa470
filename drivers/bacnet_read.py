"""Properties of one BACnet device in as few requests as it bears."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from bacpypes3.pdu import Address
from bacpypes3.primitivedata import ObjectIdentifier

from drivers.bacnet_link import BacnetLink
from drivers.bacnet_values import ItemError, Plain, ReplyTooLargeError, ServiceUnknownError
from drivers.types import DeviceRefusedError, DriverError, LinkTimeoutError, RetryableError

Wanted = tuple[ObjectIdentifier, tuple[str, ...]]
Answer = dict[str, Plain] | DriverError
"""What one object said by property, or why the device did not answer for it."""

_FIRST_BATCH = 25


class PropertyReader:
    """Reads many objects of one device; remembers how much it answers at once."""

    def __init__(self, link: BacnetLink, address: Address, batch: int = _FIRST_BATCH) -> None:
        self._link = link
        self._address = address
        self._batch = batch
        self._multiple = True
        self.requests = 0

    @property
    def batch(self) -> int:
        """Objects asked for in one request; 1 without ReadPropertyMultiple."""
        return self._batch if self._multiple else 1

    async def read(self, wanted: Sequence[Wanted]) -> dict[str, Answer]:
        """One answer per object; never raises for the device. Silence ends the reading at once."""
        answers: dict[str, Answer] = {}
        async for some in self.batches(wanted):
            answers.update(some)
        return answers

    async def batches(self, wanted: Sequence[Wanted]) -> AsyncIterator[dict[str, Answer]]:
        """The same answers, each lot as it comes in."""
        waiting = list(wanted)
        while waiting:
            some, waiting = waiting[: self.batch], waiting[self.batch :]
            answers = await self._some(some)
            silence = answers[str(some[-1][0])]
            if isinstance(silence, LinkTimeoutError):
                answers.update({str(target): silence for target, _ in waiting})
                waiting = []
            yield answers

    async def _some(self, some: Sequence[Wanted]) -> dict[str, Answer]:
        try:
            if self._multiple:
                self.requests += 1
                values = await self._link.read_multiple(self._address, some)
                return {str(target): _of_object(values, target, props) for target, props in some}
        except ServiceUnknownError:
            self._multiple = False
        except DeviceRefusedError as error:
            return await self._less(some, error)
        except DriverError as error:
            return {str(target): error for target, _ in some}
        return await self._one_by_one(some)

    async def _less(self, some: Sequence[Wanted], error: DeviceRefusedError) -> dict[str, Answer]:
        """Ask again for less: the answer was too large, or one object spoilt it."""
        too_large = isinstance(error, ReplyTooLargeError)
        if len(some) == 1:
            return await self._one_by_one(some) if too_large else {str(some[0][0]): error}
        if too_large:
            self._batch = min(self._batch, (len(some) + 1) // 2)
        return await self._halves(some)

    async def _halves(self, some: Sequence[Wanted]) -> dict[str, Answer]:
        middle = (len(some) + 1) // 2
        answers: dict[str, Answer] = {}
        for half in (some[:middle], some[middle:]):
            answers.update(await self._some(half))
        return answers

    async def _one_by_one(self, some: Sequence[Wanted]) -> dict[str, Answer]:
        answers: dict[str, Answer] = {}
        for target, props in some:
            try:
                answers[str(target)] = {prop: await self._single(target, prop) for prop in props}
            except RetryableError as error:
                answers.update({str(late): error for late, _ in some if str(late) not in answers})
                break
        return answers

    async def _single(self, target: ObjectIdentifier, prop: str) -> Plain:
        try:
            self.requests += 1
            return await self._link.read_property(self._address, target, prop)
        except DeviceRefusedError as error:
            return ItemError(str(error), error.code)


def _of_object(
    values: dict[tuple[str, str], Plain], target: ObjectIdentifier, props: tuple[str, ...]
) -> Answer:
    absent = ItemError("not in the answer")
    return {prop: values.get((str(target), prop), absent) for prop in props}
