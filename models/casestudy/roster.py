"""The parts of one scenario by kind and name, checked for what is missing or out of range."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from models.casestudy.errors import StudyError
from models.casestudy.parts import (
    SEMDRHVAC,
    SEMDRPV,
    Part,
    SEMDRBattery,
    SEMDRElectricDemand,
    SEMDRGrid,
    SEMDRMain,
)

One = TypeVar("One")
_Rule = tuple[str, Callable[[Any], bool], str]


@dataclass(frozen=True, slots=True)
class Site:
    """Where a study takes place."""

    coords: tuple[float, float]
    """Latitude and longitude, degrees."""
    zone: ZoneInfo
    country: str


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Roster:
    """Parts by name; the first of a kind has the plain name of its class."""

    demands: dict[str, SEMDRElectricDemand]
    hvacs: dict[str, SEMDRHVAC]
    batteries: dict[str, SEMDRBattery]
    pvs: dict[str, SEMDRPV]
    grid: SEMDRGrid
    main: SEMDRMain


def roster(parts: Sequence[Part], scenario: str) -> Roster:
    """Sort and check; StudyError names the parameter that cannot be used."""
    grids = _named(parts, SEMDRGrid)
    mains = _named(parts, SEMDRMain)
    if len(grids) != 1:
        fault = f"{len(grids)} grids where one is due"
        place = f"scenario {scenario}"
        raise StudyError(place, fault, "add_component(SEMDRGrid()) once")
    if len(mains) > 1:
        fault = f"{len(mains)} SEMDRMain where one is due"
        place = f"scenario {scenario}"
        raise StudyError(place, fault, "keep one")
    found = Roster(
        demands=_named(parts, SEMDRElectricDemand),
        hvacs=_named(parts, SEMDRHVAC),
        batteries=_named(parts, SEMDRBattery),
        pvs=_named(parts, SEMDRPV),
        grid=grids["SEMDRGrid"],
        main=next(iter(mains.values()), SEMDRMain()),
    )
    _check(found)
    return found


def _named(parts: Sequence[Part], kind: type[One]) -> dict[str, One]:
    """Parts of one class; the second is `Name_2`."""
    same = [part for part in parts if isinstance(part, kind)]
    names = [kind.__name__ if place == 1 else f"{kind.__name__}_{place}" for place in _count(same)]
    return dict(zip(names, same, strict=True))


def _count(same: Sequence[object]) -> range:
    """Numbers from 1."""
    return range(1, len(same) + 1)


_PERCENT = 100
_POSITIVE = "must be above 0"
_NOT_BELOW = "must not be below 0"
_RULES: dict[type, tuple[_Rule, ...]] = {
    SEMDRElectricDemand: (
        ("demand_flexibility", lambda v: 0 <= v <= 1, "must be a share, 0 .. 1"),
        ("annual_energy", lambda v: v >= 0, _NOT_BELOW),
        ("comfort_penalty", lambda v: v >= 0, _NOT_BELOW),
    ),
    SEMDRHVAC: (
        ("heating_cap", lambda v: v >= 0, _NOT_BELOW),
        ("cooling_cap", lambda v: v >= 0, _NOT_BELOW),
        ("cop_heating", lambda v: v > 0, _POSITIVE),
        ("cop_cooling", lambda v: v > 0, _POSITIVE),
        ("comfort_deadband", lambda v: v >= 0, _NOT_BELOW),
        ("thermal_mass_hours", lambda v: v > 0, _POSITIVE),
    ),
    SEMDRBattery: (
        ("E_CAPx", lambda v: v >= 0, _NOT_BELOW),
        ("max_cycles_per_day", lambda v: v >= 0, _NOT_BELOW),
        ("eta_charge", lambda v: 0 < v <= 1, "must be a share above 0, at most 1"),
        ("eta_discharge", lambda v: 0 < v <= 1, "must be a share above 0, at most 1"),
        ("power_per_capacity", lambda v: v > 0, _POSITIVE),
        (
            "soc_start_percent",
            lambda v: v is None or v == 0 or 1 < v <= _PERCENT,
            "must be in percent, 0 or above 1 to 100 (a share is refused)",
        ),
        ("lifetime_a", lambda v: v > 0, _POSITIVE),
    ),
    SEMDRPV: (
        ("P_CAPx", lambda v: v >= 0, _NOT_BELOW),
        ("A_avail_", lambda v: v >= 0, _NOT_BELOW),
        ("m2_per_kwp", lambda v: v > 0, _POSITIVE),
        ("lifetime_a", lambda v: v > 0, _POSITIVE),
    ),
    SEMDRGrid: (
        ("maxbuy", lambda v: v >= 0, _NOT_BELOW),
        ("maxsell", lambda v: v >= 0, _NOT_BELOW),
        ("demand_charge", lambda v: v >= 0, _NOT_BELOW),
        ("c_buyPeak", lambda v: v >= 0, _NOT_BELOW),
        ("selected_tariff", lambda v: v in ("RTP", "TOU", "FLAT"), "must be RTP, TOU or FLAT"),
    ),
    SEMDRMain: (
        ("alpha", lambda v: 0 <= v < 1, "must be from 0 to below 1"),
        ("interest", lambda v: v >= 0, _NOT_BELOW),
        ("k_C", lambda v: v > 0, _POSITIVE),
        ("k_CE", lambda v: v >= 0, _NOT_BELOW),
    ),
}


def _check(found: Roster) -> None:
    """Every number within what its parameter can be."""
    named: dict[str, Any] = {
        **found.demands,
        **found.hvacs,
        **found.batteries,
        **found.pvs,
        "SEMDRGrid": found.grid,
        "SEMDRMain": found.main,
    }
    for name, part in named.items():
        for parameter, holds, remedy in _RULES[type(part)]:
            value = getattr(part, parameter)
            if not holds(value):
                place = f"{name}.{parameter}"
                raise StudyError(place, f"{value!r} given", f"it {remedy}")
