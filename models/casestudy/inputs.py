"""Every series a study runs on, resolved once: what the caller gave, else a named reference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.casestudy.assumed import Assumed
from models.casestudy.axis import Axis, Floats, to_steps
from models.casestudy.errors import StudyError
from models.casestudy.parts import SEMDRPV, SEMDRElectricDemand, SEMDRGrid
from models.casestudy.roster import Roster, Site
from models.casestudy.tariff import Prices, prices
from models.casestudy.zones import ZoneSeries, zone_series
from models.reference.clear_sky import clear_sky_pv, daily_clearness, pv_per_kwp
from models.reference.standard_load import PROFILES, NoTablesError, StandardLoad
from models.reference.year import bedford_weather

REFERENCE_CO2_KG_PER_KWH = 0.468
_WEATHER = "reference weather Bedford 2018, Met Office"
_MIX = "reference mix Germany 2018, Umweltbundesamt"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PvSeries:
    """Available power of the existing plant, and what a kWp more would give."""

    available_kw: Floats
    kw_per_kwp: Floats
    irradiance_w_per_m2: Floats | None

    def part(self, span: slice) -> PvSeries:
        """Some of the steps."""
        sun = self.irradiance_w_per_m2
        return PvSeries(
            available_kw=self.available_kw[span],
            kw_per_kwp=self.kw_per_kwp[span],
            irradiance_w_per_m2=None if sun is None else sun[span],
        )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Inputs:
    """All series on one axis; loads and PV by the name of their part."""

    axis: Axis
    loads_kw: dict[str, Floats]
    pvs: dict[str, PvSeries]
    zones: dict[str, ZoneSeries]
    outdoor_c: Floats
    prices: Prices
    co2_kg_per_kwh: Floats
    co2_marginal_kg_per_kwh: Floats | None

    def part(self, first: int, steps: int) -> Inputs:
        """`steps` of these steps from number `first`."""
        span = slice(first, first + steps)
        marginal = self.co2_marginal_kg_per_kwh
        return Inputs(
            axis=self.axis.part(first, steps),
            loads_kw={name: values[span] for name, values in self.loads_kw.items()},
            pvs={name: pv.part(span) for name, pv in self.pvs.items()},
            zones={name: zone.part(span) for name, zone in self.zones.items()},
            outdoor_c=self.outdoor_c[span],
            prices=Prices(self.prices.buy[span], self.prices.sell[span]),
            co2_kg_per_kwh=self.co2_kg_per_kwh[span],
            co2_marginal_kg_per_kwh=None if marginal is None else marginal[span],
        )

    @property
    def load_kw(self) -> Floats:
        """Consumption that no other part stands for."""
        total = np.zeros(self.axis.steps)
        for load in self.loads_kw.values():
            total = total + load
        return total


def resolve(roster: Roster, axis: Axis, site: Site, assumed: Assumed) -> Inputs:
    """Read every part's series on `axis`; StudyError names what cannot be used."""
    outdoor = _outdoor(roster, axis, assumed)
    grid = roster.grid
    return Inputs(
        axis=axis,
        loads_kw={
            name: _load(name, part, axis, site, assumed) for name, part in roster.demands.items()
        },
        pvs={
            name: pv_series(name, part, outdoor, axis, (site, assumed))
            for name, part in roster.pvs.items()
        },
        zones={
            zone: found
            for name, part in roster.hvacs.items()
            for zone, found in zone_series(name, part, axis, assumed).items()
        },
        outdoor_c=outdoor,
        prices=prices(grid, axis, site, assumed),
        co2_kg_per_kwh=_carbon(grid, axis, assumed),
        co2_marginal_kg_per_kwh=(
            None
            if grid.co2_marginal is None
            else to_steps(grid.co2_marginal, axis, "SEMDRGrid.co2_marginal")
        ),
    )


def _load(name: str, part: SEMDRElectricDemand, axis: Axis, site: Site, assumed: Assumed) -> Floats:
    """As given, else the standard profile."""
    if part.p_el is not None:
        return to_steps(part.p_el, axis, f"{name}.p_el", axis.due)
    return standard_load(name, part, axis, site, assumed)


def standard_load(
    name: str, part: SEMDRElectricDemand, axis: Axis, site: Site, assumed: Assumed
) -> Floats:
    """The standard profile of a demand on `axis`."""
    profile = part.profile.upper()
    if profile not in PROFILES:
        known = ", ".join(PROFILES)
        place = f"{name}.profile"
        raise StudyError(place, f"{part.profile!r} is not known", f"use one of {known}")
    load = StandardLoad(profile, part.annual_energy, site.country)
    try:
        values = np.array([load.power_kw(moment) for moment in axis.local])
    except NoTablesError as error:
        remedy = "install semdr-edge[study], or give p_el"
        place = f"{name}.p_el"
        raise StudyError(place, "demandlib is not installed", remedy) from error
    households = ", the profile of households" if profile == "H0" else ""
    assumed.add(
        f"{name}.p_el",
        f"standard profile {profile}{households}, scaled to {part.annual_energy:g} kWh a year",
        "BDEW by demandlib",
    )
    return values


def pv_series(
    name: str, part: SEMDRPV, outdoor: Floats, axis: Axis, context: tuple[Site, Assumed]
) -> PvSeries:
    """As measured or forecast, else from irradiance, else the clear sky."""
    site, assumed = context
    air = outdoor
    if part.temperature is not None:
        air = to_steps(part.temperature, axis, f"{name}.temperature")
    if part.irradiance is not None:
        plane = to_steps(part.irradiance, axis, f"{name}.irradiance", axis.due)
        yields = pv_per_kwp(plane, air)
    elif part.p_pv is not None:
        plane, yields = None, np.zeros(axis.steps)
    else:
        sky = clear_sky_pv(axis.times_s + axis.step_s / 2, air, site.coords)
        plane, yields = sky.irradiance_w_per_m2, sky.kw_per_kwp
        where = f"{site.coords[0]:g}, {site.coords[1]:g}"
        assumed.add(f"{name}.p_pv", f"clear sky at {where}, tilt 20 degrees", "pvlib")
    if part.p_pv is None:
        return PvSeries(
            available_kw=part.P_CAPx * yields, kw_per_kwp=yields, irradiance_w_per_m2=plane
        )
    given = to_steps(part.p_pv, axis, f"{name}.p_pv", axis.due)
    if part.P_CAPx > 0:
        yields = given / part.P_CAPx
    return PvSeries(
        available_kw=np.maximum(given, 0.0), kw_per_kwp=yields, irradiance_w_per_m2=plane
    )


def clouded(series: PvSeries, axis: Axis) -> PvSeries:
    """The clear sky's yield times how clear the days of the reference weather were."""
    share = daily_clearness(axis.times_s)
    return PvSeries(
        available_kw=series.available_kw * share,
        kw_per_kwp=series.kw_per_kwp * share,
        irradiance_w_per_m2=None,
    )


def _outdoor(roster: Roster, axis: Axis, assumed: Assumed) -> Floats:
    """Outdoor temperature of the first HVAC that has one, else the reference weather."""
    for name, part in roster.hvacs.items():
        if part.outdoor_temp is not None:
            return to_steps(part.outdoor_temp, axis, f"{name}.outdoor_temp")
    if roster.hvacs or any(part.p_pv is None for part in roster.pvs.values()):
        assumed.add("outdoor temperature", "hourly values of 2018", _WEATHER)
    return bedford_weather().at("temp_c", axis.times_s)


def _carbon(grid: SEMDRGrid, axis: Axis, assumed: Assumed) -> Floats:
    """As given, else the constant of the reference mix."""
    if grid.co2_intensity is not None:
        return to_steps(grid.co2_intensity, axis, "SEMDRGrid.co2_intensity")
    assumed.add("SEMDRGrid.co2_intensity", f"{REFERENCE_CO2_KG_PER_KWH} kg/kWh throughout", _MIX)
    return np.full(axis.steps, REFERENCE_CO2_KG_PER_KWH)
