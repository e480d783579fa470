"""Holes in a device's registers, kept over a restart for the very same device."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from drivers.learning import LearnsHoles
from drivers.readplan import Span
from drivers.types import DeviceRefusedError, Driver, DriverError, Identity
from edge_agent.drawer import Drawer

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was learnt at the device that says `who` of itself."""

    who: str
    holes: tuple[tuple[int, int, int], ...]


FOUND = TypeAdapter(Found)


class LearnedHoles:
    """The holes of one device: fed back before its first read, kept when they change."""

    def __init__(self, driver: Driver, device_id: str, map_name: str, drawer: Drawer) -> None:
        self._driver = driver
        self._learner = driver if isinstance(driver, LearnsHoles) else None
        self._key = f"holes.{device_id}"
        self._map_name = map_name
        self._drawer = drawer
        self._recalled = self._learner is None
        self._kept: tuple[Span, ...] = ()

    async def recall(self) -> None:
        """Feed back what the same device refused before; a silent device is asked again later."""
        if self._recalled or self._learner is None:
            return
        known = await self._load()
        if known is not None:
            who = await self._who()
            if who is None:
                return
            if who == known.who:
                self._kept = tuple(Span.from_data(hole) for hole in known.holes)
                self._learner.learn(self._kept)
        self._recalled = True

    async def keep(self) -> None:
        """Write down what has been learnt or forgotten since."""
        if not self._recalled or self._learner is None or self._learner.holes == self._kept:
            return
        holes, who = self._learner.holes, await self._who()
        if who is None:
            return
        found = Found(who=who, holes=tuple(hole.as_data() for hole in holes))
        if await self._drawer.state_put(self._key, FOUND.dump_json(found).decode()):
            self._kept = holes

    async def _load(self) -> Found | None:
        text = await self._drawer.state(self._key)
        if text is None:
            return None
        try:
            found = FOUND.validate_json(text)
            _ = [Span.from_data(hole) for hole in found.holes]
        except (ValidationError, ValueError):
            log.warning("%s cannot be read: the device is asked anew", self._key)
            return None
        return found

    async def _who(self) -> str | None:
        """Register map, maker, model, serial number and firmware; None while nobody answers."""
        try:
            said = await self._driver.identify()
        except DeviceRefusedError:
            said = Identity()
        except DriverError:
            return None
        return "|".join((self._map_name, said.manufacturer, said.model, said.serial, said.firmware))
