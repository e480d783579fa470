"""All that is learnt of a site in one go. Child's side."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

import numpy as np

from edge_agent.forecasting.cleaned import LEFT_IN
from edge_agent.forecasting.gather import Gathered
from edge_agent.forecasting.holiday_dates import country_of, holiday_dates
from edge_agent.forecasting.words import FitRequest
from edge_agent.site.asset_schema import BatteryAsset, HvacAsset, PvAsset, ZoneAsset
from edge_agent.site.plant_schema import ThermalStoreAsset
from edge_agent.site.schema import Site
from models.forecast.battery_fit import BatteryRecord, fit_battery
from models.forecast.calendar import Calendar, calendar
from models.forecast.history import Floats, History
from models.forecast.learnt import (
    VERSION,
    Learnt,
    LearntBattery,
    LearntProfile,
    LearntPv,
    LearntTank,
    LearntZone,
)
from models.forecast.load_fit import fit_load
from models.forecast.load_rows import Past
from models.forecast.place import Place
from models.forecast.profile import fit_profile
from models.forecast.tank_fit import TankRecord, draws, fit_tank
from models.forecast.temperature_fit import fit_temperature
from models.forecast.zone_fit import ZoneRecord, fit_zone

CLEARLY_K = 0.4
"""A set point so far off the room leaves no doubt whether the plant heats or cools."""
AHEAD = timedelta(days=21)
"""So far the calendar reaches beyond the last measurement."""
Found = TypeVar("Found")
Asset = TypeVar("Asset", PvAsset, BatteryAsset, ZoneAsset, ThermalStoreAsset)


def fit_site(site: Site, past: Gathered | None, request: FitRequest) -> Learnt:
    """Forecast coefficients and equipment parameters; `notes` say what could not be learnt."""
    zone = site.site.timezone
    years = range(request.at.year - 2, (request.at + AHEAD).year + 1)
    days = holiday_dates(request.country or country_of(zone), years)
    nothing = Learnt(version=VERSION, made_at=request.at, zone=zone, holidays=days)
    if past is None:
        return replace(nothing, notes=("nothing has been measured yet",))
    until_s = (request.at + AHEAD).timestamp()
    own = calendar(ZoneInfo(zone), past.raster.first_s, until_s, days)
    return _Fitting(site, past, own).all(nothing)


@dataclass(frozen=True, slots=True, eq=False)
class _Fitting:
    site: Site
    past: Gathered
    calendar: Calendar

    def all(self, nothing: Learnt) -> Learnt:
        assets, weather = self.site.assets, self.site.assets.weather
        outdoor = None if weather.temperature is None else self._history(weather.temperature)
        load = fit_load(
            Past(self.past.raster.history(self.past.cleaned.load_kw), self.calendar, outdoor)
        )
        temperature = None if outdoor is None else fit_temperature(Past(outdoor, self.calendar))
        notes: list[str] = [LEFT_IN] if self.past.left_in else []
        if load is None:
            notes.append("load: less than three days can be judged yet")
        if outdoor is not None and temperature is None:
            notes.append("outdoor temperature: less than three days can be judged yet")
        tanks = _each(
            [one for one in assets.thermal_stores if one.power is not None], self._tank, notes
        )
        return replace(
            nothing,
            load=load,
            temperature=temperature,
            pvs=_each(assets.pv, self._pv, notes),
            occupancy=_each(assets.hvac.zones, self._occupancy, []),
            draws=tuple(one for one in map(self._draws, tanks) if one is not None),
            zones=_each(assets.hvac.zones, self._zone, notes),
            tanks=tanks,
            batteries=_each(assets.battery, self._battery, notes),
            notes=tuple(notes),
        )

    def _pv(self, asset: PvAsset) -> LearntPv | None:
        # pvlib comes with pandas: taken in only after the load's large tables are gone.
        from models.forecast.pv_fit import PvRecord, fit_pv

        info = self.site.site
        power = self.past.raster.history(self.past.cleaned.pv_kw[asset.id])
        place = Place(info.latitude, info.longitude)
        return fit_pv(PvRecord(id=asset.id, power_kw=power), place, self.calendar)

    def _occupancy(self, zone: ZoneAsset) -> LearntProfile | None:
        if zone.occupancy is None:
            return None
        return fit_profile(zone.id, self._history(zone.occupancy), self.calendar)

    def _zone(self, zone: ZoneAsset) -> LearntZone | None:
        hvac, outdoor = self.site.assets.hvac, self.site.assets.weather.temperature
        if hvac.power is None or outdoor is None:
            return None
        share = _share(zone, hvac)
        values = self.past.values
        wished_k = values[zone.setpoint] - values[zone.temperature]
        thermal = thermal_kw(values[hvac.power], values[outdoor], wished_k, zone)
        record = ZoneRecord(
            id=zone.id,
            temperature_c=self._at_starts(zone.temperature),
            outdoor_c=self.past.values[outdoor],
            thermal_kw=share * thermal,
        )
        return fit_zone(record)

    def _battery(self, asset: BatteryAsset) -> LearntBattery | None:
        return fit_battery(
            BatteryRecord(
                id=asset.id,
                soc_percent=self._at_starts(asset.soc),
                power_kw=self.past.values[asset.power],
                setpoint_kw=self.past.values[asset.setpoint],
                capacity_kwh=asset.capacity_kwh,
                charge_kw=asset.charge_kw,
                discharge_kw=asset.discharge_kw,
            )
        )

    def _tank(self, asset: ThermalStoreAsset) -> LearntTank | None:
        return None if asset.power is None else fit_tank(self._tank_record(asset, asset.power))

    def _draws(self, tank: LearntTank) -> LearntProfile | None:
        """The usual draw; a tank of unknown size says nothing of it."""
        asset = next(one for one in self.site.assets.thermal_stores if one.id == tank.id)
        if asset.power is None or "capacity_kwh_per_k" in tank.at_bound:
            return None
        drawn = draws(self._tank_record(asset, asset.power), tank)
        return fit_profile(tank.id, drawn, self.calendar)

    def _tank_record(self, asset: ThermalStoreAsset, power: str) -> TankRecord:
        return TankRecord(
            id=asset.id,
            temperature_c=self._at_starts(asset.temperature),
            thermal_kw=asset.cop * self.past.values[power],
        )

    def _at_starts(self, key: str) -> History:
        raster = self.past.raster
        return raster.history(raster.at_starts(self.past.values[key]))

    def _history(self, key: str) -> History:
        return self.past.raster.history(self.past.values[key])


def _each(
    assets: Iterable[Asset], fit: Callable[[Asset], Found | None], notes: list[str]
) -> tuple[Found, ...]:
    """What was learnt of each; of the others a note."""
    found = []
    for asset in assets:
        one = fit(asset)
        if one is None:
            notes.append(f"{asset.id}: too little has been seen to learn from")
        else:
            found.append(one)
    return tuple(found)


def thermal_kw(plant_kw: Floats, outdoor_c: Floats, wished_k: Floats, zone: ZoneAsset) -> Floats:
    """Thermal power of a plant's electric power [kW], cooling negative.

    It heats where it is colder outside than the zone's band, and cools where it is warmer, unless
    the set point lies clearly above or below the room (`wished_k`, nan = not known).
    """
    middle_c = (zone.comfort.low_c + zone.comfort.high_c) / 2
    heats = np.where(np.abs(wished_k) > CLEARLY_K, wished_k > 0, outdoor_c < middle_c)
    heat: Floats = np.where(heats, plant_kw * zone.cop_heating, -plant_kw * zone.cop_cooling)
    return np.where(np.isfinite(outdoor_c), heat, np.nan)


def _share(zone: ZoneAsset, hvac: HvacAsset) -> float:
    """Share of the plant that serves the zone, by its rated power."""
    total = sum(one.heat_kw + one.cool_kw for one in hvac.zones)
    return (zone.heat_kw + zone.cool_kw) / total if total else 0.0
