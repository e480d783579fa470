"""Objects of a simulated BACnet device, each bound to one named quantity of a plant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bacpypes3.basetypes import BinaryPV, PriorityValue
from bacpypes3.local.analog import AnalogInputObject, AnalogValueObject, AnalogValueObjectCmd
from bacpypes3.local.binary import BinaryInputObject, BinaryOutputObject
from bacpypes3.local.multistate import MultiStateInputObject
from bacpypes3.object import Object
from bacpypes3.primitivedata import Null, Real, Unsigned

from drivers.simulated.plant import Plant

_ACTIVE_FROM = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class BacnetObject:
    """One object: `raw = plant * scale + offset` in the BACnet unit named by `units`.

    Kinds: analog-input, analog-value (commandable: 16 slots; else plainly writable), binary-input,
    binary-output (always commandable), multi-state-input.
    """

    object: str
    plant: str
    units: str = "no-units"
    commandable: bool = False
    scale: float = 1.0
    offset: float = 0.0
    cov_increment: float = 0.1
    """Smallest change of an analog object that is told to subscribers, in its own unit."""

    @property
    def kind(self) -> str:
        """The object type's name."""
        return self.object.split(",", 1)[0]

    @property
    def binary(self) -> bool:
        """Whether it is on or off."""
        return self.kind.startswith("binary-")

    @property
    def commanded(self) -> bool:
        """Whether it has a priority array."""
        return self.commandable or self.kind == "binary-output"


class BoundObject:
    """A bacpypes3 object and the plant's quantity it stands for."""

    def __init__(self, spec: BacnetObject, plant: Plant) -> None:
        self.spec = spec
        self._plant = plant
        self._shown = self._raw()
        self.local = _local(spec, self._present(self._shown))
        self._commanded: float | None = None

    def refresh(self) -> None:
        """Show what the plant has now; a commanded object shows its command."""
        if self._held() is not None:
            return
        raw = self._raw()
        if raw == self._shown:
            return
        self._shown = raw
        if self.spec.commanded:
            self.local.relinquishDefault = self._present(raw)
            self.local.recalculating()
        else:
            self.local.presentValue = self._present(raw)

    def obey(self) -> None:
        """Hand the plant what was written since; None once every slot is relinquished."""
        if self.spec.commanded:
            self._obey_slots()
        elif self.spec.kind == "analog-value":
            written = float(self.local.presentValue)
            if written != float(Real(self._shown)):
                self._shown = written
                self._plant.set(self.spec.plant, self._to_plant(written))

    def slot(self, priority: int) -> float | None:
        """What a slot of the priority array holds."""
        held = self.local.priorityArray[priority - 1]
        if held.null is not None:
            return None
        return float(held.enumerated if self.spec.binary else held.real)

    def hold(self, priority: int, raw: float | None) -> None:
        """Hold a slot as somebody at the device does, None lets go."""
        value = Null(()) if raw is None else self._present(raw)
        self.local.priorityArray[priority - 1] = PriorityValue(value)
        self.obey()

    def _obey_slots(self) -> None:
        held = self._held()
        if held == self._commanded:
            return
        self._commanded = held
        self._plant.set(self.spec.plant, None if held is None else self._to_plant(held))

    def _held(self) -> float | None:
        """The command that rules, None when there is none."""
        if not self.spec.commanded:
            return None
        held = (self.slot(priority) for priority in range(1, 17))
        return next((value for value in held if value is not None), None)

    def _raw(self) -> float:
        return self._plant.get(self.spec.plant) * self.spec.scale + self.spec.offset

    def _to_plant(self, raw: float) -> float:
        return (raw - self.spec.offset) / self.spec.scale

    def _present(self, raw: float) -> Real | BinaryPV | Unsigned:
        match self.spec.kind:
            case "binary-input" | "binary-output":
                return BinaryPV("active" if raw >= _ACTIVE_FROM else "inactive")
            case "multi-state-input":
                return Unsigned(round(raw))
        return Real(raw)


def _local(spec: BacnetObject, present: Real | BinaryPV | Unsigned) -> Object:
    kind: Callable[..., Object]
    more: dict[str, str | int | float | BinaryPV]
    match spec.kind:
        case "analog-input":
            kind = AnalogInputObject
            more = {"units": spec.units, "covIncrement": spec.cov_increment}
        case "analog-value":
            kind = AnalogValueObjectCmd if spec.commandable else AnalogValueObject
            more = {"units": spec.units, "covIncrement": spec.cov_increment}
        case "binary-input":
            kind, more = BinaryInputObject, {"polarity": "normal"}
        case "binary-output":
            kind, more = BinaryOutputObject, {"polarity": "normal", "relinquishDefault": present}
        case "multi-state-input":
            kind, more = MultiStateInputObject, {"numberOfStates": 16}
        case _:
            msg = f"no simulated BACnet object of kind {spec.kind!r}"
            raise ValueError(msg)
    return kind(
        objectIdentifier=spec.object,
        objectName=f"{spec.plant} ({spec.object})",
        presentValue=present,
        eventState="normal",
        outOfService=False,
        **more,
    )
