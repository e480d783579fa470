"""The commissioning report: what was looked at, what moved, who signed, and what is still open."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

FORMAT = 1


class Finding(StrEnum):
    """What a trial came to; only `passed` is good."""

    PASSED = "passed"
    SIGN = "sign"
    """It moved the other way: a turned transformer, or a sign."""
    NO_MOVE = "no_move"
    SIZE = "size"
    RESTLESS = "restless"
    """Other loads moved so much that nothing can be said."""
    NOT_HELD = "not_held"
    NOT_RELEASED = "not_released"
    NOT_TRIED = "not_tried"


class Said(StrEnum):
    """What a person answered, or that nobody did."""

    YES = "yes"
    NO = "no"
    SKIPPED = "skipped"
    NOT_TRIED = "not_tried"


class Part(BaseModel):
    """Frozen; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PointRow(Part):
    """One point as it was read, and where it ends when the gateway dies and never comes back."""

    device: str
    point: str
    value: float | None
    unit: str
    quality: str
    reason: str
    raw: tuple[int, ...] = ()
    at: datetime
    good: bool
    """Whether the point is as it should be: read and plausible, asleep, or not commanded now."""
    writable: bool = False
    end_state: str = ""


class DeviceRow(Part):
    """One device: did it answer, is it the profile's."""

    device: str
    profile: str
    reached: bool
    identity: str
    """What it says of itself, or that it says nothing."""
    problem: str = ""
    """Why it is not the right one or did not answer; empty when all is well."""


class Stage(Part):
    """One step of a trial; powers in kW, setpoints in the unit of the point."""

    asked: float
    result: str
    readback: float | None
    finding: Finding
    says: str
    meter_moved_kw: float | None = None
    own_moved_kw: float | None = None
    expected_kw: float | None = None


class ActuatorRow(Part):
    """What the trial of one commanded point came to."""

    asset: str
    kind: str
    point: str
    unit: str
    finding: Finding
    says: str
    stages: tuple[Stage, ...] = ()
    released: str = ""
    local_override: Said = Said.NOT_TRIED
    local_says: str = ""


class Report(Part):
    """A whole commissioning, signed by `by`."""

    format: int = FORMAT
    site: str
    site_file: str
    site_hash: str
    program: str
    by: str
    started: datetime
    ended: datetime | None = None
    broken_off: str = "not finished"
    """Why it is not whole; empty when it is."""
    actuators_expected: tuple[str, ...]
    devices_expected: tuple[str, ...]
    devices: tuple[DeviceRow, ...] = ()
    points: tuple[PointRow, ...] = ()
    actuators: tuple[ActuatorRow, ...] = ()
    power_off: Said = Said.NOT_TRIED
    answered_by: str = ""
    """Who answered for the steps that need a person: a tty, or `--yes`."""
    without_person: str = ""
    """Why the steps that need a person were left out, where somebody answers for that."""
    still_held: tuple[str, ...] = ()
    """Points that could not be given back."""
    accepted_at: datetime | None = None
    open_matters: tuple[str, ...] = Field(default=())
    """What stood against an acceptance when it was written."""


def open_matters(report: Report) -> tuple[str, ...]:
    """Everything that stands against accepting the report; empty when nothing does. Pure."""
    found = [f"broken off: {report.broken_off}"] if report.broken_off else []
    found += [f"{key} was not given back" for key in report.still_held]
    looked_at = {row.device for row in report.devices}
    found += [f"{name}: not looked at" for name in report.devices_expected if name not in looked_at]
    found += [f"{row.device}: {row.problem}" for row in report.devices if row.problem]
    found += [
        f"{row.device}.{row.point}: {row.quality} {row.reason}".rstrip()
        for row in report.points
        if not row.good
    ]
    tried = {row.point for row in report.actuators}
    found += [f"{key}: not tried" for key in report.actuators_expected if key not in tried]
    found += [
        f"{row.point}: {row.finding}: {row.says}"
        for row in report.actuators
        if row.finding is not Finding.PASSED
    ]
    return (*found, *_people(report))


def _people(report: Report) -> list[str]:
    """What the steps with a person leave open."""
    asked = [(f"{row.point}: local override", row.local_override) for row in report.actuators]
    if report.actuators_expected:
        asked.append(("gateway power-off", report.power_off))
    found = [f"{what}: failed" for what, said in asked if said is Said.NO]
    if not report.without_person:
        left_out = (Said.SKIPPED, Said.NOT_TRIED)
        found += [f"{what}: {said.replace('_', ' ')}" for what, said in asked if said in left_out]
    return found
