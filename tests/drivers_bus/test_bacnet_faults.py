from __future__ import annotations

import math

import pytest
from bacpypes3.apdu import AbortPDU, AbortReason, ErrorRejectAbortNack, RejectPDU, RejectReason
from bacpypes3.basetypes import PriorityValue
from bacpypes3.constructeddata import ArrayOf
from bacpypes3.primitivedata import CharacterString, Date, Null, Real

from drivers.bacnet_point import BacnetPoint
from drivers.bacnet_values import (
    ItemError,
    ReplyTooLargeError,
    ServiceUnknownError,
    command_value,
    fault,
    plain,
)
from drivers.types import (
    DeviceBusyError,
    DeviceRefusedError,
    DriverError,
    LinkTimeoutError,
    Reverts,
)


@pytest.mark.parametrize(
    ("pdu", "kind"),
    [
        (AbortPDU(reason=AbortReason.noResponse), LinkTimeoutError),
        (AbortPDU(reason=AbortReason.tsmTimeout), LinkTimeoutError),
        (AbortPDU(reason=AbortReason.bufferOverflow), ReplyTooLargeError),
        (AbortPDU(reason=AbortReason.segmentationNotSupported), ReplyTooLargeError),
        (AbortPDU(reason=AbortReason.apduTooLong), ReplyTooLargeError),
        (AbortPDU(reason=AbortReason.outOfResources), DeviceBusyError),
        (AbortPDU(reason=AbortReason.securityError), DeviceRefusedError),
        (AbortPDU(reason=200), DeviceRefusedError),
        (RejectPDU(reason=RejectReason.unrecognizedService), ServiceUnknownError),
        (RejectPDU(reason=RejectReason.tooManyArguments), ReplyTooLargeError),
        (RejectPDU(reason=RejectReason.invalidTag), DeviceRefusedError),
    ],
)
def test_every_fault_is_an_exception_of_the_house(
    pdu: ErrorRejectAbortNack, kind: type[DriverError]
) -> None:
    assert not isinstance(pdu, Exception)  # why nothing of bacpypes3 may leave the link
    assert type(fault(pdu)) is kind


def test_values_become_plain() -> None:
    slots = ArrayOf(PriorityValue)([PriorityValue(Null(())), PriorityValue(Real(21.5))])
    assert plain(slots) == (None, 21.5)
    assert plain(Real(2.5)) == 2.5
    assert plain(CharacterString("AHU")) == "AHU"
    assert plain(Null(())) is None
    assert isinstance(plain(Date((124, 6, 1, 6))), ItemError)


def test_a_slot_holding_something_strange_is_not_taken_for_free() -> None:
    strange = ArrayOf(PriorityValue)([PriorityValue(CharacterString("locked"))])
    slots = plain(strange)
    assert isinstance(slots, tuple)
    assert slots[0] is not None
    assert math.isnan(slots[0])


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("analog-value", 21.5, "21.5"),
        ("binary-value", 1.0, "active"),
        ("binary-output", 0.0, "inactive"),
        ("multi-state-value", 3.0, "3"),
    ],
)
def test_a_command_has_the_object_s_own_type(kind: str, value: float, text: str) -> None:
    assert str(command_value(kind, value)) == text
    assert command_value(kind, None) == ()


@pytest.mark.parametrize(
    ("reverts", "value", "allowed"),
    [
        (Reverts.NONE, 19.0, True),
        (Reverts.NONE, 25.0, True),
        (Reverts.NONE, 26.0, False),
        (Reverts.TIMER, 26.0, True),
        (Reverts.TIMER, 41.0, False),
    ],
)
def test_what_may_be_written(*, reverts: Reverts, value: float, allowed: bool) -> None:
    point = BacnetPoint(
        name="sp", object="analog-value,7", reverts=reverts, safe=(19, 25), limits=(5, 40)
    )
    assert (point.refused(value) == "") is allowed
