"""A device's powers against its own voltages and currents, and against their sum. Pure.

A real power never exceeds voltage times current, and the phases add up. Readings of one message
are compared at once; readings of different requests see different moments, so a doubt about them
has to last (`Suspicion.at_once`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from drivers.types import Point, Reading

PHASE_SLACK_KW = 0.2
"""Per phase: resolution and noise of the three meters of a phase."""
SLACK_SHARE = 0.10
GROSS = 20.0
"""So many times too much is no noise and no other moment: the unit is wrong."""
MIN_POWER_FACTOR = 0.3
FAINT = 0.01
"""Less than this share of what voltage, current and power factor say is no measurement."""
FAINT_FROM_KW = 1.0
SUM_SLACK_SHARE = 0.05
SUM_SLACK_KW = 0.3
PHASES = 3
MOMENT_S = 2.0
"""Readings further apart say nothing about each other: loads and batteries ramp within seconds."""

_TOTALS = ("power", "active_power", "ac_power")
_PHASE = re.compile(r"^voltage_(l[123])$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """Points of one phase; `times` covers phases that one pair of meters stands for."""

    voltage: str
    current: str
    power: str | None
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerCheck:
    """What of a device can be held against each other."""

    total: str | None
    phases: tuple[Phase, ...]
    factor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """A power that its device's other values speak against."""

    point: str
    reason: str
    gross: bool
    at_once: bool
    """All values are of one moment: no need to wait for more."""


def power_check(points: tuple[Point, ...]) -> PowerCheck | None:
    """What can be checked on a device with these points; None when nothing can."""
    units = {point.name: point.unit for point in points}
    total = next((name for name in _TOTALS if units.get(name) == "kW"), None)
    phases = tuple(_phases(units)) or _lump(units)
    if not phases or (total is None and all(phase.power is None for phase in phases)):
        return None
    factor = "power_factor" if "power_factor" in units else None
    return PowerCheck(total=total, phases=phases, factor=factor)


def _phases(units: Mapping[str, str]) -> Iterator[Phase]:
    for voltage, unit in units.items():
        found = _PHASE.match(voltage)
        if found is None or unit != "V" or units.get(f"current_{found[1]}") != "A":
            continue
        power = f"power_{found[1]}"
        yield Phase(
            voltage=voltage,
            current=f"current_{found[1]}",
            power=power if units.get(power) == "kW" else None,
        )


def _lump(units: Mapping[str, str]) -> tuple[Phase, ...]:
    """One voltage and one current for the whole device, on one phase or on each of three."""
    if units.get("voltage") != "V" or units.get("current") != "A":
        return ()
    return (Phase(voltage="voltage", current="current", power=None, times=PHASES),)


def suspicions(check: PowerCheck, seen: Mapping[str, Reading]) -> Iterator[Suspicion]:
    """Everything doubtful in one poll; `seen` holds the usable readings by point."""
    apparent_kva = 0.0
    witnesses: list[Reading] = []
    for phase in check.phases:
        volts, amps = seen.get(phase.voltage), seen.get(phase.current)
        if volts is None or amps is None or volts.value is None or amps.value is None:
            break
        kva = abs(volts.value * amps.value) * phase.times / 1000
        if phase.power is not None and phase.power in seen:
            yield from _too_much(seen[phase.power], kva, (volts, amps), phase.times)
        apparent_kva += kva
        witnesses += (volts, amps)
    else:
        if check.total is not None and check.total in seen:
            total = seen[check.total]
            slacks = sum(phase.times for phase in check.phases)
            yield from _too_much(total, apparent_kva, witnesses, slacks)
            yield from _too_little(check, seen, apparent_kva)
    yield from _sum(check, seen)


def _too_much(
    power: Reading, kva: float, witnesses: Sequence[Reading], slacks: int
) -> Iterator[Suspicion]:
    if power.value is None or not _together(power, witnesses):
        return
    most_kw = kva * (1 + SLACK_SHARE) + PHASE_SLACK_KW * slacks
    if abs(power.value) > most_kw:
        gross = abs(power.value) > GROSS * most_kw
        unit = ": watts where kW are due?" if gross else ""
        yield Suspicion(
            point=power.point,
            reason=f"{power.value:.4g} kW is more than voltage x current ({kva:.3g} kVA){unit}",
            gross=gross,
            at_once=all(one.at == power.at for one in witnesses),
        )


def _too_little(
    check: PowerCheck, seen: Mapping[str, Reading], apparent_kva: float
) -> Iterator[Suspicion]:
    """Too small by far for the device's own power factor (MW where kW are due)."""
    factor = seen.get(check.factor or "")
    total = seen[check.total or ""]
    if factor is None or factor.value is None or total.value is None:
        return
    if not _together(total, [factor, *(seen[phase.current] for phase in check.phases)]):
        return
    due_kw = apparent_kva * min(1.0, abs(factor.value))
    if abs(factor.value) < MIN_POWER_FACTOR or due_kw < FAINT_FROM_KW:
        return
    if abs(total.value) < FAINT * due_kw:
        yield Suspicion(
            point=total.point,
            reason=f"{total.value:.4g} kW where voltage, current and power factor say "
            f"{due_kw:.3g} kW",
            gross=True,
            at_once=False,
        )


def _sum(check: PowerCheck, seen: Mapping[str, Reading]) -> Iterator[Suspicion]:
    """The total against the phases."""
    total = seen.get(check.total or "")
    found = (seen.get(phase.power or "") for phase in check.phases)
    parts = [part for part in found if part is not None]
    values = [part.value for part in parts if part.value is not None]
    if total is None or total.value is None or len(values) != PHASES:
        return
    if not _together(total, parts):
        return
    slack_kw = SUM_SLACK_KW + SUM_SLACK_SHARE * sum(map(abs, values))
    if abs(total.value - sum(values)) > slack_kw:
        yield Suspicion(
            point=total.point,
            reason=f"{total.value:.4g} kW where the phases add up to {sum(values):.4g} kW",
            gross=False,
            at_once=False,
        )


def _together(power: Reading, witnesses: Iterable[Reading]) -> bool:
    """Whether all are of nearly one moment."""
    return all(abs((one.at - power.at).total_seconds()) <= MOMENT_S for one in witnesses)
