"""Being a foreign device: registered at a BBMD for the broadcasts of another subnet."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from bacpypes3.ipv4.app import ForeignApplication
from bacpypes3.pdu import IPv4Address

from drivers.bacnet_port import becomes_true
from drivers.types import SetupError

_FAREWELL_S = 0.02
_LONGEST_TTL_S = 65_535
_UNREGISTERED = -2


@dataclass(frozen=True, slots=True)
class Bbmd:
    """A broadcast management device at `host:port`; registrations last `ttl_s` (wall seconds)."""

    address: str
    ttl_s: int = 60

    def __post_init__(self) -> None:
        """SetupError when the address is none or the time does not fit two octets."""
        if not 1 <= self.ttl_s <= _LONGEST_TTL_S:
            msg = f"ttl_s of BBMD {self.address} must be 1..{_LONGEST_TTL_S}: {self.ttl_s}"
            raise SetupError(msg)
        self.ip_address()

    def ip_address(self) -> IPv4Address:
        """The address as bacpypes3 wants it."""
        try:
            return IPv4Address(self.address)
        except (ValueError, TypeError, RuntimeError) as error:
            msg = f"BBMD address {self.address!r} is not host:port: {error}"
            raise SetupError(msg) from error


class Registration:
    """Keeps an application registered until it ends, through refusals and absences of the BBMD."""

    def __init__(self, app: ForeignApplication, bbmd: Bbmd) -> None:
        self._app = app
        self._bbmd = bbmd
        self._watch = asyncio.create_task(self._keep())

    @property
    def stands(self) -> bool:
        """Whether the BBMD has accepted us and the registration has not run out."""
        return bool(self._app.foreign.bbmdRegistrationStatus == 0)

    async def wait(self, within_s: float) -> bool:
        """Whether the registration stands within so many wall seconds."""
        return await becomes_true(lambda: self.stands, within_s)

    async def end(self) -> None:
        """Deregister; the BBMD need not be there."""
        self._watch.cancel()
        await asyncio.gather(self._watch, return_exceptions=True)
        self._app.unregister()
        # The farewell goes out in a task of bacpypes3: let it pass before the socket closes.
        await asyncio.sleep(_FAREWELL_S)

    async def _keep(self) -> None:
        """Register anew whenever bacpypes3 has given up.

        It renews by itself, yet never again once the BBMD refused or was away for ttl + 30 s.
        """
        look_every_s = min(1.0, self._bbmd.ttl_s / 4)
        while True:
            status = self._app.foreign.bbmdRegistrationStatus
            if status > 0:
                self._app.unregister()
                status = _UNREGISTERED
            if status == _UNREGISTERED:
                self._app.register(self._bbmd.ip_address(), self._bbmd.ttl_s)
            await asyncio.sleep(look_every_s)
