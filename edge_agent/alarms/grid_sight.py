"""Voltage, frequency and distortion at the site's meter, for the alarm rules. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from drivers.types import Quality
from edge_agent.alarms.rule import Figure
from edge_agent.alarms.sight import QualitySight, Sight
from edge_agent.site.schema import Site
from edge_agent.status import PointView

PHASES = (1, 2, 3)
PERCENT = 100.0
Points = Mapping[str, PointView]


def voltages_of(site: Site, points: Points) -> Iterator[QualitySight]:
    """How far each phase is off the nominal voltage, as a share of it."""
    nominal_v = site.assets.grid.nominal_v
    for key, volts in _named(site, points, [f"voltage_l{phase}" for phase in PHASES]):
        off = None if volts is None else abs(volts / nominal_v - 1)
        yield QualitySight(point=key, off=off, text=_said(volts, "V"))


def frequencies_of(site: Site, points: Points) -> Iterator[QualitySight]:
    """How far the frequency is off, Hz."""
    for key, hz in _named(site, points, ["frequency"]):
        off = None if hz is None else abs(hz - site.assets.grid.nominal_hz)
        yield QualitySight(point=key, off=off, text=_said(hz, "Hz"))


def distortions_of(site: Site, points: Points) -> Iterator[QualitySight]:
    """Total harmonic distortion of each phase voltage, as a share."""
    for key, value in _named(site, points, [f"thd_voltage_l{phase}" for phase in PHASES]):
        share = value
        if value is not None and points[key].unit == "%":
            share = value / PERCENT
        yield QualitySight(point=key, off=share, text="" if share is None else f"{share:.1%}")


def grid_voltage(sight: Sight) -> Iterator[Figure]:
    """Share of the nominal voltage that a phase is off."""
    return _figures(sight.voltages)


def grid_frequency(sight: Sight) -> Iterator[Figure]:
    """Hz that the frequency is off."""
    return _figures(sight.frequencies)


def grid_distortion(sight: Sight) -> Iterator[Figure]:
    """Distortion of a phase voltage, share."""
    return _figures(sight.distortions)


def _figures(seen: Iterable[QualitySight]) -> Iterator[Figure]:
    for one in seen:
        yield Figure(subject=one.point, value=one.off, text=one.text)


def _named(site: Site, points: Points, names: Iterable[str]) -> Iterator[tuple[str, float | None]]:
    """Those of the names that the site's meter has, with a value that can be used or None."""
    device = site.assets.grid.meter.partition(".")[0]
    for name in names:
        key = f"{device}.{name}"
        point = points.get(key)
        if point is not None:
            yield key, point.value if Quality(point.quality).usable else None


def _said(value: float | None, unit: str) -> str:
    return "" if value is None else f"{value:.2f} {unit}"
