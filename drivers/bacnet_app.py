"""Our own BACnet/IP application: a plain device or a foreign one, that hears notifications."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bacpypes3.apdu import (
    APDU,
    ConfirmedCOVNotificationRequest,
    Error,
    SimpleAckPDU,
    UnconfirmedCOVNotificationRequest,
)
from bacpypes3.basetypes import PropertyValue
from bacpypes3.constructeddata import Array
from bacpypes3.errors import DecodingError
from bacpypes3.ipv4.app import ForeignApplication, NormalApplication
from bacpypes3.local.device import DeviceObject
from bacpypes3.pdu import Address
from bacpypes3.primitivedata import ObjectIdentifier
from bacpypes3.vendor import get_vendor_info

from drivers.bacnet_foreign import Bbmd, Registration
from drivers.bacnet_port import close_application, open_application
from drivers.bacnet_values import Plain, plain
from drivers.types import LinkTimeoutError

Hear = Callable[["Notification"], bool]
"""Takes a notification; False when nobody has subscribed to it."""
_STANDARD_VENDOR = 0


@dataclass(frozen=True, slots=True)
class Notification:
    """What a device said of one object because it changed."""

    source: Address
    process_id: int
    target: ObjectIdentifier
    said: dict[str, Plain]


class _Listening(NormalApplication):  # type: ignore[misc]  # bacpypes3 ships no types
    hear: Hear

    async def indication(self, apdu: APDU) -> None:
        """Notifications to our listener, everything else to bacpypes3."""
        if not await _heard(self, apdu):
            await super().indication(apdu)


class _ListeningForeign(ForeignApplication):  # type: ignore[misc]  # bacpypes3 ships no types
    hear: Hear

    async def indication(self, apdu: APDU) -> None:
        """Notifications to our listener, everything else to bacpypes3."""
        if not await _heard(self, apdu):
            await super().indication(apdu)


Application = _Listening | _ListeningForeign


class Port:
    """An open application of ours and, as a foreign device, its registration."""

    def __init__(self, app: Application, registration: Registration | None) -> None:
        self.app = app
        self._registration = registration

    async def registered(self, within_s: float) -> None:
        """Return once broadcasts reach the other side; LinkTimeoutError when the BBMD is away."""
        if self._registration is not None and not await self._registration.wait(within_s):
            msg = "the BBMD has not registered us"
            raise LinkTimeoutError(msg)

    async def close(self, settle_s: float) -> None:
        """Deregister and close the sockets."""
        if self._registration is not None:
            await self._registration.end()
        await close_application(self.app, settle_s)


async def open_port(device: DeviceObject, listen: str, bbmd: Bbmd | None, hear: Hear) -> Port:
    """Our application on `listen`; SetupError when the port cannot be had."""
    kind: type[Application] = _Listening if bbmd is None else _ListeningForeign
    app: Application = await open_application(device, listen, kind)
    app.hear = hear
    return Port(app, None if bbmd is None else Registration(app, bbmd))


async def _heard(app: Application, apdu: APDU) -> bool:
    """Whether the request was a notification; a confirmed one is answered."""
    if not isinstance(apdu, ConfirmedCOVNotificationRequest | UnconfirmedCOVNotificationRequest):
        return False
    known = app.hear(_notification(apdu))
    if isinstance(apdu, ConfirmedCOVNotificationRequest):
        await app.response(SimpleAckPDU(context=apdu) if known else _unknown(apdu))
    return True


def _unknown(apdu: ConfirmedCOVNotificationRequest) -> Error:
    return Error(
        service_choice=apdu.apduService,
        errorClass="services",
        errorCode="unknownSubscription",
        context=apdu,
    )


def _notification(
    apdu: ConfirmedCOVNotificationRequest | UnconfirmedCOVNotificationRequest,
) -> Notification:
    target = apdu.monitoredObjectIdentifier
    said = {str(item.propertyIdentifier): _value(target, item) for item in apdu.listOfValues}
    return Notification(
        apdu.pduSource,
        int(apdu.subscriberProcessIdentifier),
        target,
        {name: value for name, value in said.items() if value is not None},
    )


def _value(target: ObjectIdentifier, item: PropertyValue) -> Plain:
    """The value by the standard's type of that property; None when it cannot be told."""
    kind = get_vendor_info(_STANDARD_VENDOR).get_object_class(target[0])
    type_of = kind.get_property_type(item.propertyIdentifier) if kind else None
    if type_of is None or issubclass(type_of, Array):
        return None
    try:
        return plain(item.value.cast_out(type_of))
    except (DecodingError, ValueError, TypeError, AttributeError):
        return None
