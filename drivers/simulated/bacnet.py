"""A real BACnet/IP device whose objects show and command a plant."""

from __future__ import annotations

import asyncio
from enum import StrEnum

from bacpypes3.apdu import (
    APDU,
    AbortPDU,
    AbortReason,
    ConfirmedRequestPDU,
    Error,
    ReadPropertyMultipleRequest,
    RejectPDU,
    RejectReason,
    SimpleAckPDU,
    SubscribeCOVRequest,
    WritePropertyRequest,
)
from bacpypes3.basetypes import Reliability, Segmentation
from bacpypes3.ipv4.app import NormalApplication
from bacpypes3.local.device import DeviceObject
from bacpypes3.service.cov import Subscription

from drivers.bacnet_port import close_application, open_application
from drivers.simulated.bacnet_objects import BacnetObject, BoundObject
from drivers.simulated.plant import Plant
from drivers.types import Clock

__all__ = ["BacnetObject", "BacnetServer", "Trouble"]


_TELL_EVERY_S = 1.0
_SETTLE_S = 0.1


class Trouble(StrEnum):
    """What a device in trouble answers instead of a value."""

    ABORT = "abort"
    ERROR = "error"
    REJECT = "reject"
    NO_RPM = "no_rpm"
    """A plain old device: rejects ReadPropertyMultiple, serves the rest."""
    NO_COV = "no_cov"
    """Rejects subscriptions, serves the rest."""
    MUTE = "mute"
    """Applies writes and does not acknowledge them."""
    DEAF = "deaf"
    """Acknowledges writes and does not apply them."""


_UNKNOWN_SERVICES: dict[Trouble, type[APDU]] = {
    Trouble.NO_RPM: ReadPropertyMultipleRequest,
    Trouble.NO_COV: SubscribeCOVRequest,
}


def _trouble(trouble: Trouble | None, apdu: APDU) -> APDU | None:
    if trouble in _UNKNOWN_SERVICES and isinstance(apdu, _UNKNOWN_SERVICES[trouble]):
        return RejectPDU(reason=RejectReason.unrecognizedService, context=apdu)
    match trouble:
        case Trouble.ABORT:
            return AbortPDU(srv=True, reason=AbortReason.other, context=apdu)
        case Trouble.REJECT:
            return RejectPDU(reason=RejectReason.other, context=apdu)
        case Trouble.DEAF if isinstance(apdu, WritePropertyRequest):
            return SimpleAckPDU(context=apdu)
        case Trouble.ERROR:
            return Error(
                service_choice=apdu.apduService,
                errorClass="device",
                errorCode="operationalProblem",
                context=apdu,
            )
    return None


class _Application(NormalApplication):  # type: ignore[misc]  # bacpypes3 ships no types
    """Serves from the plant's present state, or with the trouble it was told to have."""

    owner: BacnetServer

    async def indication(self, apdu: APDU) -> None:
        """One request from a peer."""
        answer = self.owner.trouble_for(apdu)
        if answer is not None:
            await self.response(answer)
            return
        self.owner.refresh()
        await super().indication(apdu)
        self.owner.obey()
        if isinstance(apdu, WritePropertyRequest) and self.owner.meddling:
            self.owner.hold(*self.owner.meddling.pop(0))

    async def response(self, apdu: APDU) -> None:
        """Our answer, unless the device keeps it to itself."""
        if not (self.owner.trouble is Trouble.MUTE and isinstance(apdu, SimpleAckPDU)):
            await super().response(apdu)


class BacnetServer:
    """A device on `listen` (its own UDP port: peers on one loopback port talk to themselves)."""

    def __init__(
        self,
        listen: str,
        device_instance: int,
        clock: Clock,
        plant: Plant,
        objects: tuple[BacnetObject, ...],
    ) -> None:
        self.listen = listen
        self.segmentation = True
        """Whether long answers may be segmented; set before start."""
        self.trouble: Trouble | None = None
        self.meddling: list[tuple[str, int, float]] = []
        """What somebody holds (object, slot, raw) right after each of the next writes."""
        self.requests = 0
        self.writes = 0
        self._device_instance = device_instance
        self._objects = {spec.object: BoundObject(spec, plant) for spec in objects}
        self._clock = clock
        self._app: NormalApplication | None = None
        self._telling: asyncio.Task[None] | None = None

    @property
    def address(self) -> str:
        """`host:port` for a client."""
        host, port = self.listen.rsplit(":", 1)
        return f"{host.split('/', 1)[0]}:{port}"

    async def start(self) -> None:
        """Serve; SetupError when the port is taken."""
        device = DeviceObject(
            objectIdentifier=("device", self._device_instance),
            objectName=f"simulated-{self._device_instance}",
            vendorIdentifier=999,
            vendorName="SEMDR Edge",
            modelName="simulated building controller",
            firmwareRevision="1",
            # For the notifications it wants acknowledged: 3 s x 4 when left alone.
            apduTimeout=200,
            numberOfApduRetries=1,
        )
        if not self.segmentation:
            device.segmentationSupported = Segmentation.noSegmentation
        app = await open_application(device, self.listen, _Application)
        app.owner = self
        for bound in self._objects.values():
            app.add_object(bound.local)
        self._app = app
        self._telling = asyncio.create_task(self._tell())

    async def stop(self) -> None:
        """Close the port."""
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.gather(self._telling, return_exceptions=True)
        if self._app is not None:
            for subscription in self._subscriptions():
                self._app.cancel_subscription(subscription)
            app, self._app = self._app, None
            await close_application(app, settle_s=_SETTLE_S)

    @property
    def subscriptions(self) -> int:
        """COV subscriptions the device holds now."""
        return len(self._subscriptions())

    def _subscriptions(self) -> list[Subscription]:
        if self._app is None:
            return []
        kept = self._app._cov_detections.values()  # noqa: SLF001  # bacpypes3 shows them nowhere
        return [one for detection in kept for one in detection.cov_subscriptions]

    def silence(self, *, silent: bool = True) -> None:
        """Fall silent as DeviceCommunicationControl makes a device, or answer again."""
        if self._app is not None:
            self._app.asap.dccEnableDisable = "disable" if silent else "enable"

    def out_of_service(self, name: str, *, out: bool = True) -> None:
        """Take the object out of service or back; its status-flags say so."""
        self._objects[name].local.outOfService = out

    def faulty(self, name: str, *, fault: bool = True) -> None:
        """Make the object unreliable or reliable again; its status-flags say so."""
        reliability = "unreliable-other" if fault else "no-fault-detected"
        self._objects[name].local.reliability = Reliability(reliability)

    def hold(self, name: str, priority: int, raw: float | None) -> None:
        """Hold a slot as staff at the panel do (8 is Manual Operator); None lets go."""
        self._objects[name].hold(priority, raw)

    def slot(self, name: str, priority: int) -> float | None:
        """What a slot holds, in the object's own unit."""
        return self._objects[name].slot(priority)

    def trouble_for(self, apdu: APDU) -> APDU | None:
        """Count a request; the answer of a device in trouble, None when it is to be served."""
        if not isinstance(apdu, ConfirmedRequestPDU):
            return None
        self.requests += 1
        self.writes += isinstance(apdu, WritePropertyRequest)
        return _trouble(self.trouble, apdu)

    def refresh(self) -> None:
        """Show the plant's present state."""
        for bound in self._objects.values():
            bound.refresh()

    async def _tell(self) -> None:
        """Look for changes on behalf of the subscribers; requests see the present state anyway."""
        while True:
            await self._clock.sleep(_TELL_EVERY_S)
            if self.subscriptions:
                self.refresh()

    def obey(self) -> None:
        """Hand the plant what was written."""
        for bound in self._objects.values():
            bound.obey()
