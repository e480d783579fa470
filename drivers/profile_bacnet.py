"""The schema of BACnet templates: what a typical unit has; the site says in which objects."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator

from drivers.profile_terms import Described, Finite, Means, Name, Positive, Strict

Band = tuple[Finite, Finite]


class ObjectType(StrEnum):
    """Object types that carry one present value."""

    ANALOG_INPUT = "analog-input"
    ANALOG_OUTPUT = "analog-output"
    ANALOG_VALUE = "analog-value"
    BINARY_INPUT = "binary-input"
    BINARY_OUTPUT = "binary-output"
    BINARY_VALUE = "binary-value"
    MULTI_STATE_INPUT = "multi-state-input"
    MULTI_STATE_OUTPUT = "multi-state-output"
    MULTI_STATE_VALUE = "multi-state-value"
    ACCUMULATOR = "accumulator"

    @property
    def counts(self) -> bool:
        """Whether it carries a quantity with units."""
        return not self.startswith(("binary-", "multi-state-"))

    @property
    def commandable(self) -> bool:
        """Whether it may have a priority array, so that Null gives it back."""
        return self.endswith(("-output", "-value"))


class BacnetWrite(Strict):
    """How a point is written: at our priority, Null to release; nothing in BACnet reverts it."""

    means: Means
    reverts: Literal["none"]
    safe: Band
    """What may stand for ever; the site may narrow it."""
    tolerance: Positive = 0.05


class BacnetTemplatePoint(Strict):
    """One object; the device says its units and they are converted to `unit`."""

    objects: Annotated[tuple[ObjectType, ...], Field(min_length=1)]
    """Object types it is found in, the usual one first."""
    unit: str
    expected: bool = True
    """Whether most such units have it."""
    says: dict[int, str] = Field(default_factory=dict)
    write: BacnetWrite | None = None

    @model_validator(mode="after")
    def _check(self) -> BacnetTemplatePoint:
        """Only what has a priority array is written, and bands have two ends."""
        if self.write is None:
            return self
        for kind in self.objects:
            if not kind.commandable:
                msg = f"write: {kind} has no priority array and cannot be given back"
                raise ValueError(msg)
        if self.write.safe[0] > self.write.safe[1]:
            msg = f"write.safe: {self.write.safe[0]:g} is above {self.write.safe[1]:g}"
            raise ValueError(msg)
        return self


class BacnetTemplate(Described):
    """Names, units and bands of the points that a kind of BACnet unit mostly has."""

    kind: Literal["bacnet"]
    name: Name
    points: dict[Name, BacnetTemplatePoint]
