"""Looking round a plant's wires for `scan`: plain data, and only part of it when time is up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from drivers.bacnet import BacnetDevice
from drivers.bacnet_link import BacnetLink, Found
from drivers.bacnet_scan import scan_objects
from drivers.modbus_link import ModbusLink
from drivers.scan_modbus import ANSWERS_EVERY, FoundUnit, Patience, open_hosts, scan_units
from drivers.scan_profiles import guess_profiles
from drivers.scan_sunspec import scan_sunspec
from drivers.types import Clock, DriverError, describe

Tell = Callable[[str], None]
LINKS_AT_ONCE = 4
OWN_DEVICE = 4_194_302


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a scan looks: hosts at a port, or one serial line; `whole` is one host or line."""

    hosts: tuple[str, ...] = ()
    port: int = 502
    line: str = ""
    framing: str = "tcp"


@dataclass(slots=True, kw_only=True)
class Scan:
    """What was found so far; `complete` when nothing was left out for want of time."""

    found: list[dict[str, Any]] = field(default_factory=list)
    unreached: list[str] = field(default_factory=list)
    complete: bool = False


async def in_time(scan: Scan, work: Callable[[Scan], Any], within_s: float) -> Scan:
    """Run `work` for at most so many wall seconds; what it found until then stays."""
    try:
        async with asyncio.timeout(within_s):
            await work(scan)
            scan.complete = True
    except TimeoutError:
        scan.unreached.append(f"time was up after {within_s:g} s: this is not all")
    return scan


@dataclass(frozen=True, slots=True, kw_only=True)
class ModbusSearch:
    """Units of every open port of a place."""

    place: Place
    units: Sequence[int]
    patience: Patience
    guess: bool
    clock: Clock
    tell: Tell

    async def run(self, scan: Scan) -> None:
        """Fill `scan`; a few links at once, one unit at a time on each."""
        slots = asyncio.Semaphore(LINKS_AT_ONCE)
        async with asyncio.TaskGroup() as group:
            if self.place.line:
                group.create_task(self._link(self.place.line, scan, slots))
            elif len(self.place.hosts) == 1:
                group.create_task(self._link(self._url(self.place.hosts[0]), scan, slots))
            else:
                async for host in open_hosts(self.place.hosts, self.place.port):
                    self.tell(f"{host}: port {self.place.port} is open")
                    group.create_task(self._link(self._url(host), scan, slots))

    def _url(self, host: str) -> str:
        return f"{self.place.framing}://{host}:{self.place.port}"

    async def _link(self, url: str, scan: Scan, slots: asyncio.Semaphore) -> None:
        async with slots:
            units: list[FoundUnit] = []
            silent: list[int] = []

            def tell(unit: int, found: FoundUnit | None) -> None:
                if found is None:
                    silent.append(unit)
                    return
                units.append(found)
                scan.found.append({"url": url} | asdict(found))
                self.tell(f"{url} unit {unit} answers: {found.answer}")

            try:
                await scan_units(url, self.units, self.patience, tell)
            except DriverError as error:
                scan.unreached.append(f"{url}: {error}")
                return
            if len(units) >= ANSWERS_EVERY and not silent:
                first, units = units[0], units[:1]
                scan.found[:] = [r for r in scan.found if r["url"] != url] + [
                    {"url": url, "every_unit": True} | asdict(first)
                ]
                self.tell(f"{url} answers to every unit number: it is one device")
            self.tell(f"{url}: {len(units)} units answer, {len(silent)} do not")
            if self.guess:
                await self._guess(url, units, scan)

    async def _guess(self, url: str, units: list[FoundUnit], scan: Scan) -> None:
        """Name the profiles that fit each unit found."""
        link = ModbusLink(url, timeout_s=max(1.0, self.patience.timeout_s), clock=self.clock)
        link.attach()
        try:
            for unit in units:
                row = next(r for r in scan.found if (r["url"], r["unit"]) == (url, unit.unit))
                row["profiles"] = await self._profiles(link, unit.unit)
                names = (
                    ", ".join(guess["profile"] for guess in row["profiles"]) or "no profile fits"
                )
                self.tell(f"{url} unit {unit.unit}: {names}")
        finally:
            await link.detach()

    async def _profiles(self, link: ModbusLink, unit: int) -> list[dict[str, Any]]:
        try:
            device = await scan_sunspec(link, unit, self.clock)
        except DriverError:
            return [asdict(guess) for guess in await guess_profiles(link, unit, self.clock)]
        numbers = ", ".join(str(model.number) for model in device.models)
        why = f"SunSpec models {numbers} of {device.identity.manufacturer}"
        return [{"profile": name, "why": why, "sure": True} for name in device.profiles]


@dataclass(frozen=True, slots=True, kw_only=True)
class SunSpecSearch:
    """SunSpec devices among the units of one host or line."""

    url: str
    units: Sequence[int]
    timeout_s: float
    clock: Clock
    tell: Tell

    async def run(self, scan: Scan) -> None:
        """Fill `scan`; nobody at the other end of the link ends it."""
        link = ModbusLink(self.url, timeout_s=self.timeout_s, clock=self.clock)
        link.attach()
        try:
            for unit in self.units:
                try:
                    found = await scan_sunspec(link, unit, self.clock)
                except DriverError as error:
                    if not link.connects:
                        scan.unreached.append(describe(error))
                        return
                    scan.unreached.append(f"unit {unit}: {describe(error)}")
                    continue
                scan.found.append(asdict(found))
                self.tell(f"unit {unit}: {found.identity.manufacturer} {found.identity.model}")
        finally:
            await link.detach()


@dataclass(frozen=True, slots=True, kw_only=True)
class BacnetSearch:
    """Devices that answer a Who-Is on our port or at one address, with their objects."""

    listen: str
    address: str | None
    timeout_s: float
    clock: Clock
    tell: Tell

    async def run(self, scan: Scan) -> None:
        """Fill `scan`."""
        link = BacnetLink(self.listen, OWN_DEVICE, timeout_s=self.timeout_s, clock=self.clock)
        await link.open()
        try:
            answered = await link.discover(self.address)
            self.tell(f"{len(answered)} devices answer the Who-Is")
            for device in answered:
                await self._device(link, device, scan)
        finally:
            await link.close()

    async def _device(self, link: BacnetLink, device: Found, scan: Scan) -> None:
        row: dict[str, Any] = {"device_id": device.device_id, "address": device.address}
        scan.found.append(row)
        try:
            identity = await BacnetDevice(
                "scanned", link, device.address, (), self.clock
            ).identify()
            row |= asdict(replace(identity, serial="")) | {"name": identity.serial}
            objects = await scan_objects(link, device)
        except DriverError as error:
            scan.unreached.append(f"device {device.device_id}: {describe(error)}")
            return
        row["objects"] = [asdict(one) for one in objects]
        self.tell(f"device {device.device_id} at {device.address}: {len(objects)} objects")
