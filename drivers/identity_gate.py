"""Asks a device who it is before its first value is believed, and again when it may differ."""

from __future__ import annotations

from typing import Protocol

from drivers.modbus_link import ModbusLink
from drivers.modbus_unit import Unit
from drivers.profile_identity import Check, WrongDeviceError
from drivers.profile_registers import RegisterProfile
from drivers.profile_sunspec import SunSpecProfile
from drivers.types import DeviceRefusedError, Driver, Identity


class Gate(Protocol):
    """Lets the right device through."""

    @property
    def doubts(self) -> dict[str, str]:
        """Why points are doubtful, by point."""
        ...

    async def check(self) -> None:
        """Return when the device is the profile's; WrongDeviceError, or why nobody knows."""
        ...

    async def identity(self) -> Identity:
        """Who the device says it is, asked now; raises DriverError."""
        ...


class IdentityGate:
    """The identity of one unit. It is asked anew after a reconnect and after a failed request."""

    def __init__(self, unit: Unit, profile: RegisterProfile) -> None:
        self._unit = unit
        self._profile = profile
        self._passed_at: tuple[int, int] | None = None
        self._model = ""
        self._doubts: dict[str, str] = {}

    @property
    def doubts(self) -> dict[str, str]:
        """Why points are doubtful, by point, from the settings of the device."""
        return self._doubts

    async def check(self) -> None:
        """Return when the device is the profile's; WrongDeviceError, or why nobody knows."""
        if not self._profile.identity.checks and not self._profile.identity.notices:
            return
        if self._passed_at == self._state():
            return
        self._passed_at = None
        for check in self._profile.identity.checks:
            await self._ask(check)
        await self._look_at_settings()
        self._passed_at = self._state()

    def _state(self) -> tuple[int, int]:
        return (self._unit.link.connects, self._unit.health.failures)

    async def _ask(self, check: Check) -> None:
        profile = self._profile
        try:
            reply = await self._unit.read(check.span(profile.base))
        except DeviceRefusedError as error:
            if check.absent == "accept":
                return
            msg = f"not a {profile.manufacturer} {profile.model}: no {check.what} ({error})"
            raise WrongDeviceError(msg) from error
        number = check.number(reply.registers)
        why = check.objection(number)
        if why:
            msg = f"not a {profile.manufacturer} {profile.model}: {why}"
            raise WrongDeviceError(msg)
        self._model = check.model(number) or self._model

    async def _look_at_settings(self) -> None:
        """Note what a person should know of; a device without the register has nothing to say."""
        self._doubts = {}
        for notice in self._profile.identity.notices:
            try:
                reply = await self._unit.read(notice.span(self._profile.base))
            except DeviceRefusedError:
                continue
            number = notice.number(reply.registers)
            said = notice.values.get(int(number)) if number is not None else None
            if said is None:
                continue
            text = f"{notice.what}: {said}"
            self._doubts.update(dict.fromkeys(notice.points, text))
            if text not in self._unit.health.notes:
                self._unit.health.notes.append(text)

    async def identity(self) -> Identity:
        """Who the device says it is; raises DriverError, or WrongDeviceError for another one."""
        self._passed_at = None
        await self.check()
        serial = ""
        if (text := self._profile.identity.serial) is not None:
            try:
                serial = text.text((await self._unit.read(text.span(self._profile.base))).registers)
            except DeviceRefusedError:
                serial = ""
        known = bool(self._profile.identity.checks)
        return Identity(
            manufacturer=self._profile.manufacturer if known else "",
            model=self._model,
            serial=serial,
        )


class MakerGate:
    """The identity of a SunSpec device, from its common model."""

    def __init__(self, device: Driver, link: ModbusLink, profile: SunSpecProfile) -> None:
        self._device = device
        self._link = link
        self._profile = profile
        self._passed_at: tuple[int, int] | None = None

    @property
    def doubts(self) -> dict[str, str]:
        """Nothing: the models say themselves what they do not have."""
        return {}

    async def check(self) -> None:
        """Return when the device is of the profile's maker; WrongDeviceError, or why not known."""
        if self._profile.maker and self._passed_at != self._state():
            await self.identity()

    async def identity(self) -> Identity:
        """Who the device says it is; raises DriverError, or WrongDeviceError for another maker."""
        self._passed_at = None
        identity = await self._device.identify()
        why = self._profile.objection(identity.manufacturer)
        if why:
            msg = f"not a {self._profile.manufacturer} {self._profile.model}: {why}"
            raise WrongDeviceError(msg)
        self._passed_at = self._state()
        return identity

    def _state(self) -> tuple[int, int]:
        return (self._link.connects, self._device.health.failures)
