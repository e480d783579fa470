"""The schema of SunSpec maps: points, ratios and setpoints made of named fields of models."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from drivers.profile_terms import (
    About,
    Derived,
    Finite,
    Means,
    Milliseconds,
    Name,
    NonZero,
    Positive,
    Strict,
    strangers,
)
from drivers.sunspec_models import MODELS


def _as_list(value: object) -> object:
    """One model number stands for a list of one."""
    return value if isinstance(value, list | tuple) else [value]


ModelList = Annotated[tuple[int, ...], BeforeValidator(_as_list), Field(min_length=1)]


class SunField(Strict):
    """A field of the first of `model` that the device has; value = field x `scale` + `offset`."""

    model: ModelList
    field: str
    scale: NonZero = 1.0
    offset: Finite = 0.0

    @model_validator(mode="after")
    def _check(self) -> SunField:
        """The field is known in every model and fits one request with its scale factor."""
        for number in self.model:
            if number not in MODELS:
                msg = f"model {number} is not known here; known are {sorted(MODELS)}"
                raise ValueError(msg)
            if self.field not in MODELS[number].fields:
                fields = ", ".join(MODELS[number].fields)
                msg = f"model {number} has no field {self.field}; it has {fields}"
                raise ValueError(msg)
        if self.scale == 0:
            msg = "scale 0 loses the value"
            raise ValueError(msg)
        return self


class SunPoint(SunField):
    """A quantity read from one field."""

    unit: str
    alive: bool = False
    says: dict[int, str] = Field(default_factory=dict)
    """What the numbers of an enumeration say."""
    uncertain: str = ""
    """Why the value is never more than uncertain."""


class SunRatio(Strict):
    """`scale` x numerator / denominator, only where both are there."""

    unit: str
    numerator: Name
    denominator: Name
    scale: NonZero = 1.0


class SunState(SunField):
    """A field and the raw values that mean something."""

    values: tuple[int, ...]


class Asleep(Strict):
    """`points` have no value while one of `when` holds."""

    when: tuple[SunState, ...]
    points: tuple[Name, ...]


class SunControl(Strict):
    """A setpoint with revert timer and enable, all in one model.

    Value of the field = point x `per_unit`, or point / `share_of` x 100 where that is given.
    """

    unit: str
    means: Means = Means.SETPOINT
    model: int
    value: str
    per_unit: NonZero = 1.0
    share_of: SunField | None = None
    preset: dict[str, int] = Field(default_factory=dict)
    """Raw numbers written together with the value."""
    revert: dict[str, int] = Field(default_factory=dict)
    """Raw numbers written together with the timer: where the device goes back to."""
    mirror: dict[str, Finite] = Field(default_factory=dict)
    """Fields that get the value's raw number times this, in the same step."""
    timer: str
    enable: str
    enabled: int = 1
    """Raw number of `enable` while a command is active; 0 ends it."""
    safe: tuple[Finite, Finite] | None = None
    """What a device that has no timer may be given, for it stands for ever; None is nothing."""
    release: dict[str, Finite] = Field(default_factory=dict)
    """Further fields set at release, in their own units, before `enable` goes to 0."""
    neutral: Finite | Literal["high"]
    """Value written at release; `high` is the upper limit."""
    low: SunField | Finite
    high: SunField | Finite
    local: SunState | None = None
    """When somebody has switched the device to local control."""
    tolerance: Positive = 0.01
    verify_after_ms: Milliseconds = 20

    @model_validator(mode="after")
    def _check(self) -> SunControl:
        """All fields are in the model, and `high` can be written as neutral value."""
        names = [self.value, self.timer, self.enable, *self.preset, *self.revert]
        names += [*self.mirror, *self.release]
        fields = MODELS[self.model].fields if self.model in MODELS else {}
        for name in names:
            if name not in fields:
                msg = f"model {self.model} has no field {name}; it has {', '.join(fields)}"
                raise ValueError(msg)
        return self


class SunSpecProfile(About):
    """A map of SunSpec fields; the addresses come from walking the device's model chain."""

    kind: Literal["sunspec"]
    name: Name
    maker: str = ""
    """What the device's own manufacturer text must contain; case does not matter."""
    points: dict[Name, SunPoint]
    ratios: dict[Name, SunRatio] = Field(default_factory=dict)
    controls: dict[Name, SunControl] = Field(default_factory=dict)
    derived: dict[Name, Derived] = Field(default_factory=dict)
    asleep: Asleep | None = None

    @model_validator(mode="after")
    def _check(self) -> SunSpecProfile:
        """Names are used once, and whatever refers to a point finds it."""
        names = [*self.points, *self.ratios, *self.controls, *self.derived]
        doubled = {name for name in names if names.count(name) > 1}
        if doubled:
            msg = f"{', '.join(sorted(doubled))}: named twice; give each point one name"
            raise ValueError(msg)
        used = [part for r in self.ratios.values() for part in (r.numerator, r.denominator)]
        missing = {name for name in used if name not in self.points}
        missing |= set(self.asleep.points if self.asleep else ()) - set(names)
        if missing:
            msg = f"{', '.join(sorted(missing))}: referred to but not under points"
            raise ValueError(msg)
        why = strangers(self.derived, set(self.points))
        if why:
            raise ValueError(why)
        return self

    def objection(self, manufacturer: str) -> str:
        """Why a device of this manufacturer text is another one, empty when it is not."""
        if self.maker.lower() in manufacturer.lower():
            return ""
        return f"the device says it is made by {manufacturer or 'nobody'}, not by {self.maker}"

    @property
    def plain(self) -> bool:
        """Whether the fields say all there is to know: nothing to check, derive or judge."""
        doubted = any(point.uncertain for point in self.points.values())
        return not (self.maker or self.derived or doubted)

    def sources(self, name: str) -> tuple[str, ...]:
        """The points that a point is made of, itself alone when it is not derived."""
        return tuple(self.derived[name].sum) if name in self.derived else (name,)
