"""Hotel days for the optimiser's figures: every component at work, the rooms cooled in the heat.

`hotel` is a linear programme (nothing is on or off); `hundred` has 100 controllable devices, some
of them on or off, and a demand-response event.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random

from models.clusters import cluster_rooms
from models.types import (
    Battery,
    BatteryState,
    DemandTerm,
    Event,
    Forecast,
    Grid,
    Job,
    Plant,
    Problem,
    Pv,
    PvForecast,
    Series,
    ShedGroup,
    Shiftable,
    ShiftableState,
    SiteModel,
    ThermalStore,
    ThermalStoreForecast,
    ThermalStoreState,
    TimeGrid,
    Zone,
    ZoneForecast,
    ZoneState,
    graded_grid,
)

START = datetime(2026, 7, 1, 6, 0, tzinfo=UTC)
_PLANT = Plant(id="roof_unit", heat_kw=300, cool_kw=300, cop_cooling_per_k=-0.05)
_TANK = ThermalStore(
    id="water",
    capacity_kwh_per_k=4.0,
    low_c=48,
    high_c=60,
    loss_kw_per_k=0.02,
    pump_kw=60,
    immersion_kw=30,
    cop_per_k=0.05,
)


@dataclass(frozen=True)
class Weather:
    """Waves over the clock with a seeded disturbance, one number per step."""

    grid: TimeGrid
    rng: Random

    def wave(self, mean: float, swing: float, peak_h: float, noise: float = 0.0) -> Series:
        """A daily wave with its maximum at `peak_h` UTC."""
        values = [mean + swing * math.cos((hour - peak_h) / 12 * math.pi) for hour in self._hours()]
        return tuple(value + noise * self.rng.gauss(0.0, 1.0) for value in values)

    def sun(self, peak_kw: float) -> Series:
        """What a roof could give."""
        shape = (max(0.0, math.sin((hour - 5) / 14 * math.pi)) for hour in self._hours())
        return tuple(peak_kw * part * self.rng.uniform(0.7, 1.0) for part in shape)

    def prices(self) -> Series:
        """Two humps a day, each hour its own and, as day-ahead prices are, known once for all."""
        return tuple(
            0.22
            + 0.08 * math.cos((hour - 19) / 6 * math.pi)
            + 0.01 * Random(int(moment.timestamp() // 3600)).gauss(0.0, 1.0)  # noqa: S311 - prices are no secret
            for hour, moment in zip(self._hours(), self.grid.starts, strict=True)
        )

    def _hours(self) -> list[float]:
        return [moment.hour + moment.minute / 60 for moment in self.grid.starts]


def even(step_min: int, horizon_h: int, later_min: int = 0) -> TimeGrid:
    """Equal steps from the morning of the day on."""
    steps = horizon_h * 60 // step_min
    start = START + timedelta(minutes=later_min)
    return TimeGrid(start=start, step_s=(step_min * 60,) * steps)


def default(later_min: int = 0) -> TimeGrid:
    """The grid the gateway plans on: 5 min for 2 h, 15 min to 24 h."""
    return graded_grid(START + timedelta(minutes=later_min))


def _room(number: int) -> Zone:
    return Zone(
        id=f"room_{number}",
        resistance_k_per_kw=1.2 + 0.1 * (number % 7),
        capacity_kwh_per_k=6.0 + number % 5,
        heat_kw=25,
        cool_kw=25,
        comfort_weight=1.0 + number % 2,
        plant="roof_unit",
    )


def hotel(grid: TimeGrid, zones: int, seed: int = 1) -> Problem:
    """Battery, PV, tank, demand charge and `zones` zones behind one chiller on a day of 36 degC."""
    weather = Weather(grid, Random(seed))  # noqa: S311 - weather is no secret
    site = SiteModel(
        grid=Grid(import_limit_kw=600, export_limit_kw=300),
        batteries=(Battery(id="bat", capacity_kwh=500, charge_kw=250, discharge_kw=250),),
        pvs=(Pv(id="roof", peak_kw=350),),
        zones=tuple(_room(number) for number in range(zones)),
        demand_charges=("peak",),
        plants=(_PLANT,),
        thermal_stores=(_TANK,),
    )
    return Problem(
        grid=grid,
        site=site,
        forecast=_forecast(weather, site),
        batteries=(BatteryState(id="bat", soc_kwh=200.0 + 10 * (seed % 5)),),
        zones=_warm(site, seed),
        demand_terms=(DemandTerm(id="peak", price_per_kw=6.0, peak_so_far_kw=150.0),),
        thermal_stores=(ThermalStoreState(id="water", temperature_c=52.0),),
    )


def _forecast(weather: Weather, site: SiteModel) -> Forecast:
    steps = len(weather.grid)
    return Forecast(
        load_kw=weather.wave(180, 70, 18, 6),
        outdoor_temp_c=weather.wave(29, 7, 14, 0.2),
        import_price_per_kwh=weather.prices(),
        export_price_per_kwh=(0.07,) * steps,
        pvs=tuple(PvForecast(id=pv.id, available_kw=weather.sun(pv.peak_kw)) for pv in site.pvs),
        zones=tuple(
            ZoneForecast(
                id=zone.id,
                gains_kw=weather.wave(2.5, 1.0, 17, 0.2),
                low_c=(21.0,) * steps,
                high_c=(24.5,) * steps,
            )
            for zone in site.zones
        ),
        thermal_stores=tuple(
            ThermalStoreForecast(
                id=tank.id,
                draw_kw=tuple(max(0.0, kw) for kw in weather.wave(12, 10, 7, 2)),
            )
            for tank in site.thermal_stores
        ),
    )


def _warm(site: SiteModel, seed: int) -> tuple[ZoneState, ...]:
    return tuple(
        ZoneState(id=zone.id, temperature_c=22.9 + 0.1 * (number % 12) + 0.05 * (seed % 5))
        for number, zone in enumerate(site.zones)
    )


def hundred(grid: TimeGrid, seed: int = 1) -> Problem:
    """The problem of `rooms`, clustered to 20 zones."""
    return cluster_rooms(rooms(grid, seed)).problem


def rooms(grid: TimeGrid, seed: int = 1) -> Problem:
    """100 controllable devices and an evening event.

    76 rooms, 4 batteries, 2 roofs, 4 tanks, 6 machines that are on or off, 4 cars, 4 shed groups.
    """
    weather = Weather(grid, Random(seed))  # noqa: S311 - weather is no secret
    site = SiteModel(
        grid=Grid(import_limit_kw=900, export_limit_kw=400),
        batteries=tuple(
            Battery(id=f"bat_{n}", capacity_kwh=150 + 50 * n, charge_kw=80, discharge_kw=80)
            for n in range(4)
        ),
        pvs=(Pv(id="south", peak_kw=250), Pv(id="west", peak_kw=150)),
        zones=tuple(
            replace(_room(n), heat_kw=8, cool_kw=8, resistance_k_per_kw=5.0 + 0.1 * n)
            for n in range(76)
        ),
        demand_charges=("peak",),
        plants=(replace(_PLANT, heat_kw=400, cool_kw=400),),
        thermal_stores=tuple(
            replace(_TANK, id=f"water_{n}", capacity_kwh_per_k=1.5, pump_kw=20, immersion_kw=10)
            for n in range(4)
        ),
        shiftables=_machines(),
        shed_groups=tuple(
            ShedGroup(id=f"group_{n}", priority=n + 1, most_share=0.06) for n in range(4)
        ),
        event_slots=1,
    )
    return _busy(weather, site, seed)


def _machines() -> tuple[Shiftable, ...]:
    on_off = tuple(
        Shiftable(id=f"machine_{n}", power_kw=6.0 + n, least_kw=6.0 + n, min_block_s=1800)
        for n in range(6)
    )
    return (*on_off, *(Shiftable(id=f"car_{n}", power_kw=11) for n in range(4)))


def _busy(weather: Weather, site: SiteModel, seed: int) -> Problem:
    grid = weather.grid
    event = Event(
        id="evening",
        start=grid.start + timedelta(hours=11),
        duration_s=7200,
        committed_kw=60,
        baseline_kw=(330.0,) * len(grid),
        price_per_kwh=0.3,
        penalty_per_kwh=0.5,
    )
    return Problem(
        grid=grid,
        site=site,
        forecast=_forecast(weather, site),
        batteries=tuple(
            BatteryState(id=each.id, soc_kwh=(0.3 + 0.04 * (seed % 5)) * each.capacity_kwh)
            for each in site.batteries
        ),
        zones=_warm(site, seed),
        demand_terms=(DemandTerm(id="peak", price_per_kw=6.0, peak_so_far_kw=250.0),),
        thermal_stores=tuple(
            ThermalStoreState(id=each.id, temperature_c=50.0 + n)
            for n, each in enumerate(site.thermal_stores)
        ),
        shiftables=tuple(
            ShiftableState(id=each.id, jobs=(_job(grid, number),))
            for number, each in enumerate(site.shiftables)
        ),
        events=(event,),
    )


def _job(grid: TimeGrid, number: int) -> Job:
    earliest = grid.start + timedelta(hours=number % 4)
    return Job(
        earliest=earliest,
        deadline=earliest + timedelta(hours=10 + number % 5),
        energy_kwh=12.0 + 2 * number,
    )
