"""What one round of samples says about each point of a SunSpec profile; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from drivers.modbus_unit import good, no_value
from drivers.profile_sunspec import SunControl, SunField, SunRatio, SunSpecProfile
from drivers.sunspec_chain import Chain, Ref, Sample
from drivers.types import Point, Quality, Reading

_PERCENT = 100.0
_INFINITE = float("inf")


def fields_of(profile: SunSpecProfile, name: str) -> list[SunField]:
    """Every field a point is made of."""
    fields: list[SunField] = []
    if name in profile.points:
        fields.append(profile.points[name])
    if name in profile.ratios:
        ratio = profile.ratios[name]
        fields += [profile.points[ratio.numerator], profile.points[ratio.denominator]]
    if profile.asleep is not None and name in profile.asleep.points:
        fields += profile.asleep.when
    if name in profile.controls:
        spec = profile.controls[name]
        fields += [_own(spec, spec.value), _own(spec, spec.enable), *frame_of(spec)]
    return fields


def frame_of(spec: SunControl) -> list[SunField]:
    """The fields that say whether and how far a setpoint may be commanded."""
    candidates = (spec.low, spec.high, spec.share_of, spec.local)
    return [field for field in candidates if isinstance(field, SunField)]


def refs_of(chain: Chain, fields: Iterable[SunField]) -> set[Ref]:
    """The fields as the device has them; what it lacks is left out."""
    refs = (chain.pick(field.model, field.field) for field in fields)
    return {ref for ref in refs if ref is not None}


def _own(spec: SunControl, name: str) -> SunField:
    return SunField(model=(spec.model,), field=name)


@dataclass(frozen=True, slots=True)
class View:
    """A device's fields as sampled together."""

    profile: SunSpecProfile
    chain: Chain
    samples: dict[Ref, Sample]

    def field(self, field: SunField) -> Sample:
        """A field in the unit of the point."""
        ref = self.chain.pick(field.model, field.field)
        if ref is None or ref not in self.samples:
            return Sample(None, Quality.NOT_IMPLEMENTED, reason="the device lacks the model")
        sample = self.samples[ref]
        if sample.value is None:
            return sample
        return replace(sample, value=sample.value * field.scale + field.offset)

    def reading(self, point: Point, now: datetime) -> Reading:
        """The point's reading; `now` stands in where nothing arrived."""
        if self._asleep(point.name):
            return no_value(point, now, Quality.ASLEEP, "the device says it sleeps")
        profile = self.profile
        if point.name in profile.controls:
            sample = self._commanded(profile.controls[point.name])
        elif point.name in profile.ratios:
            sample = self._ratio(profile.ratios[point.name])
        else:
            sample = self.field(profile.points[point.name])
        if sample.value is None:
            return no_value(point, sample.at or now, sample.quality, sample.reason, sample.raw)
        return good(point, sample.at or now, sample.value, sample.raw)

    def _asleep(self, name: str) -> bool:
        """Whether the point has no value because the device sleeps."""
        asleep = self.profile.asleep
        if asleep is None or name not in asleep.points:
            return False
        return any(self.field(state).value in state.values for state in asleep.when)

    def _ratio(self, spec: SunRatio) -> Sample:
        """The quotient of two points, where both are there and the denominator is positive."""
        top = self.field(self.profile.points[spec.numerator])
        bottom = self.field(self.profile.points[spec.denominator])
        if top.value is None or bottom.value is None:
            return top if top.value is None else bottom
        if bottom.value <= 0:
            return Sample(None, Quality.MISSING, bottom.at, f"{spec.denominator} is not positive")
        return replace(top, value=spec.scale * top.value / bottom.value)

    def _commanded(self, spec: SunControl) -> Sample:
        """The setpoint that is active; none while the device is under its own control."""
        value, enable = self.field(_own(spec, spec.value)), self.field(_own(spec, spec.enable))
        if enable.value is None or value.value is None:
            return enable if enable.value is None else value
        factor = self.factor(spec)
        if factor is None:
            return Sample(None, Quality.BAD, value.at, "the rating is not known", value.raw)
        if enable.value != spec.enabled:
            return Sample(None, Quality.MISSING, value.at, "no command is active", value.raw)
        return replace(value, value=value.value / factor)

    def factor(self, spec: SunControl) -> float | None:
        """Field units per unit of the point; None while the rating is not known."""
        if spec.share_of is None:
            return spec.per_unit
        rating = self.field(spec.share_of).value
        return _PERCENT / rating if rating is not None and rating > 0 else None

    def limits(self, spec: SunControl) -> tuple[float, float]:
        """What the setpoint takes, in its unit; a side the device does not tell is open."""
        low, high = (
            self.field(side).value if isinstance(side, SunField) else side
            for side in (spec.low, spec.high)
        )
        return (-_INFINITE if low is None else low, _INFINITE if high is None else high)

    def local(self, spec: SunControl) -> bool:
        """Whether somebody has taken the device into local control."""
        return spec.local is not None and self.field(spec.local).value in spec.local.values
