"""The controller's heartbeat of SunSpec batteries (802 CtrlHb): counted up while a lease is held.

It ends with the lease, the release or the process, and a battery that listens for it lets go.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from drivers.modbus_unit import Unit
from drivers.readplan import Function, Span
from drivers.sunspec_chain import Chain, Ref
from drivers.sunspec_models import MODELS
from drivers.types import Clock, DriverError

BEAT_S = 1.0
WRAP = 0x7FFF
_MODEL, _FIELD = 802, "CtrlHb"


class ControlHeartbeat:
    """The heartbeat of one device."""

    def __init__(self, unit: Unit, clock: Clock) -> None:
        self._unit = unit
        self._clock = clock
        self._until_s = 0.0
        self._task: asyncio.Task[None] | None = None

    @property
    def beating(self) -> bool:
        """Whether it is being counted up now."""
        return self._task is not None and not self._task.done()

    async def keep(self, chain: Chain, lease_s: float) -> None:
        """Beat for so many plant seconds from now; nothing where the device has no heartbeat."""
        ref = chain.pick((_MODEL,), _FIELD)
        if ref is None:
            return
        self._until_s = self._clock.monotonic_s() + lease_s
        if self.beating:
            return
        count = await self._standing(chain, ref)
        if count is not None:
            address = chain.span(ref).address
            self._task = asyncio.create_task(self._beat(address, count))

    async def _standing(self, chain: Chain, ref: Ref) -> int | None:
        """The counter as the controller before left it, None where it is not implemented."""
        span = chain.span(ref)
        try:
            reply = await self._unit.read(Span(Function.HOLDING, span.address, span.count))
        except DriverError:
            return None
        raw = MODELS[_MODEL].fields[_FIELD].raw(reply.registers)
        return None if raw is None else int(raw)

    async def _beat(self, address: int, count: int) -> None:
        while self._clock.monotonic_s() < self._until_s:
            count = (count + 1) % WRAP
            # A lost beat is counted in the unit's health; the next one follows in a second.
            with suppress(DriverError):
                await self._unit.write(address, (count,))
            await self._clock.sleep(BEAT_S)

    async def stop(self) -> None:
        """Beat no more."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            # Whoever cancels us meanwhile is not to be overheard.
            await asyncio.gather(task, return_exceptions=True)
