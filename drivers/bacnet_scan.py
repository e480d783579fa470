"""Looking round a BACnet device for commissioning: its objects, each with name and unit."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.bacnet_link import BacnetLink, Found, parse_address, parse_object
from drivers.bacnet_read import PropertyReader
from drivers.bacnet_units import HOUSE_UNITS
from drivers.bacnet_values import Plain
from drivers.types import BadReplyError, DriverError

_NAMED = ("object-name", "present-value", "units", "priority-array")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedObject:
    """One object as the device describes it; `unit` is the house's, empty when there is none."""

    object: str
    name: str
    value: float | None
    unit: str
    commandable: bool


async def scan_objects(link: BacnetLink, device: Found) -> tuple[ScannedObject, ...]:
    """Every object with a present value, or DriverError: never a part of the list as the whole."""
    address = parse_address(device.address)
    own = parse_object(f"device,{device.device_id}")
    length = await link.read_property(address, own, "object-list", 0)
    if not isinstance(length, int):
        msg = f"the object list of device {device.device_id} has no length"
        raise BadReplyError(msg)
    # By index: a device without segmentation cannot send the whole list at once.
    names = [
        str(await link.read_property(address, own, "object-list", index))
        for index in range(1, length + 1)
    ]
    wanted = [(parse_object(name), _NAMED) for name in names if not name.startswith("device,")]
    answers = await PropertyReader(link, address).read(wanted)
    found = []
    for target, _ in wanted:
        answer = answers[str(target)]
        if isinstance(answer, DriverError):
            raise answer
        if isinstance(answer["present-value"], int | float):
            found.append(_scanned(str(target), answer))
    return tuple(found)


def _scanned(target: str, answer: dict[str, Plain]) -> ScannedObject:
    name, value, code = answer["object-name"], answer["present-value"], answer["units"]
    how = HOUSE_UNITS.get(code) if isinstance(code, int) else None
    number = float(value) if isinstance(value, int | float) else None
    return ScannedObject(
        object=target,
        name=name if isinstance(name, str) else "",
        value=how.to_house(number) if how and number is not None else number,
        unit=how.unit if how else "",
        commandable=isinstance(answer["priority-array"], tuple),
    )
