"""A site with one of everything, and random problems for it far outside what a sound site shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from models.types import (
    Battery,
    BatteryState,
    Circuit,
    CircuitForecast,
    DemandTerm,
    Event,
    Forecast,
    FrequencyReserve,
    Grid,
    Job,
    Plant,
    Problem,
    Pv,
    PvForecast,
    Series,
    ShedGroup,
    ShedState,
    Shiftable,
    ShiftableState,
    SiteModel,
    ThermalStore,
    ThermalStoreForecast,
    ThermalStoreState,
    Tidiness,
    TimeGrid,
    Zone,
    ZoneForecast,
    ZoneState,
)

START = datetime(2026, 7, 1, 6, 0, tzinfo=UTC)
STEP_S = (300,) * 9 + (900,) * 11

RICH = SiteModel(
    grid=Grid(import_limit_kw=200, export_limit_kw=80),
    batteries=(
        Battery(
            id="bat",
            capacity_kwh=100,
            charge_kw=50,
            discharge_kw=50,
            reserve_share=0.2,
            max_cycles_per_day=1.5,
            full_charge_every_h=240,
            warm_c=35,
            cold_c=0,
        ),
        Battery(id="old", capacity_kwh=40, charge_kw=10, discharge_kw=20, charge_efficiency=0.8),
    ),
    pvs=(Pv(id="roof", peak_kw=120, inverter_kw=100),),
    zones=(
        Zone(
            id="hall",
            resistance_k_per_kw=2,
            capacity_kwh_per_k=4,
            heat_kw=20,
            cool_kw=20,
            mass_capacity_kwh_per_k=20,
            mass_resistance_k_per_kw=0.5,
            plant="roof_unit",
        ),
        Zone(
            id="server",
            resistance_k_per_kw=3,
            capacity_kwh_per_k=2,
            heat_kw=5,
            cool_kw=15,
            comfort_critical=True,
            plant="roof_unit",
        ),
    ),
    demand_charges=("peak", "evening"),
    plants=(Plant(id="roof_unit", heat_kw=22, cool_kw=25, cop_cooling_per_k=-0.05),),
    thermal_stores=(
        ThermalStore(
            id="water",
            capacity_kwh_per_k=1.2,
            low_c=48,
            high_c=58,
            loss_kw_per_k=0.01,
            pump_kw=15,
            immersion_kw=6,
            cop_per_k=0.05,
            hygiene_c=62,
        ),
        ThermalStore(
            id="ice", capacity_kwh_per_k=2, low_c=5, high_c=12, pump_kw=12, cold=True, ambient_c=24
        ),
    ),
    shiftables=(
        Shiftable(id="pool", power_kw=4, least_kw=4, min_block_s=1800),
        Shiftable(id="car", power_kw=11, least_kw=4),
        Shiftable(id="van", power_kw=22),
    ),
    shed_groups=(
        ShedGroup(id="lights", rebound_share=0.0),
        ShedGroup(
            id="kitchen", penalty_per_mwh=200, priority=2, rebound_share=0.6, cool_down_s=1800
        ),
    ),
    circuits=(
        Circuit(id="garage", import_limit_kw=30, export_limit_kw=10, members=("car", "van")),
        Circuit(
            id="annex", import_limit_kw=60, export_limit_kw=40, members=("garage", "old", "pool")
        ),
    ),
    event_slots=2,
)


@dataclass
class Chaos:
    """Random problems on one compiled site."""

    rng: np.random.Generator
    site: SiteModel = RICH
    step_s: tuple[int, ...] = STEP_S

    def series(self, low: float, high: float) -> Series:
        return tuple(self.rng.uniform(low, high, len(self.step_s)).tolist())

    def one_of(self, *choices: float) -> float:
        return float(self.rng.choice(choices))

    def unless_unknown(self, low: float, high: float) -> float | None:
        return None if self.rng.random() < 0.1 else float(self.rng.uniform(low, high))

    def draw(self) -> Problem:
        """One problem."""
        begin = START + timedelta(minutes=5 * int(self.rng.integers(0, 300)))
        self.start = begin
        grid = TimeGrid(start=begin, step_s=self.step_s)
        return Problem(
            grid=grid,
            site=self.site,
            forecast=self._forecast(),
            batteries=tuple(self._battery(each) for each in self.site.batteries),
            zones=tuple(
                ZoneState(
                    id=each.id,
                    temperature_c=self.unless_unknown(-10, 60),
                    mass_c=self.unless_unknown(-10, 60),
                )
                for each in self.site.zones
            ),
            demand_terms=tuple(self._term(each) for each in self.site.demand_charges),
            thermal_stores=tuple(
                ThermalStoreState(
                    id=each.id,
                    temperature_c=self.unless_unknown(-5, 95),
                    last_hygiene=self.some_time(-200, -150),
                )
                for each in self.site.thermal_stores
            ),
            shiftables=tuple(self._work(each.id) for each in self.site.shiftables),
            sheds=tuple(self._shed(each.id) for each in self.site.shed_groups),
            events=tuple(self._event(f"e{n}") for n in range(int(self.rng.integers(0, 3)))),
            frequency_reserves=self._reserves(),
            co2_price_per_kg=self.one_of(0, 0, 0.1, 2),
            tidiness=Tidiness() if self.rng.random() < 0.3 else None,
        )

    def some_time(self, low_h: float, high_h: float) -> datetime | None:
        hours = self.unless_unknown(low_h, high_h)
        return None if hours is None else self.start + timedelta(hours=hours)

    def later(self, low_h: float, high_h: float) -> datetime:
        return self.start + timedelta(minutes=5 * round(12 * self.rng.uniform(low_h, high_h)))

    def _forecast(self) -> Forecast:
        dear = self.one_of(0.05, 0.5, 5.0)
        intensity = self.series(-0.1, 0.9) if self.rng.random() < 0.5 else ()
        return Forecast(
            load_kw=self.series(self.one_of(-100, 0, 20), self.one_of(50, 300)),
            outdoor_temp_c=self.series(-35, 48),
            import_price_per_kwh=self.series(self.one_of(-dear, 0), dear),
            export_price_per_kwh=self.series(self.one_of(-dear, 0), self.one_of(0.0, 0.1, dear)),
            pvs=tuple(
                PvForecast(id=each.id, available_kw=self.series(-20, 150)) for each in self.site.pvs
            ),
            zones=tuple(
                ZoneForecast(
                    id=each.id,
                    gains_kw=self.series(-5, 30),
                    low_c=self.series(15, 27),
                    high_c=self.series(18, 28),
                )
                for each in self.site.zones
            ),
            peak_margin_kw=self.series(0, 40) if self.rng.random() < 0.5 else (),
            thermal_stores=tuple(
                ThermalStoreForecast(id=each.id, draw_kw=self.series(0, self.one_of(1, 30)))
                for each in self.site.thermal_stores
            ),
            circuits=(CircuitForecast(id="annex", load_kw=self.series(-10, 50)),),
            co2_kg_per_kwh=intensity,
            export_co2_kg_per_kwh=intensity if self.rng.random() < 0.5 else (),
        )

    def _battery(self, battery: Battery) -> BatteryState:
        return BatteryState(
            id=battery.id,
            soc_kwh=self.unless_unknown(-5, 130),
            charge_limit_kw=self.one_of(-3, 0, 20, 500),
            discharge_limit_kw=self.one_of(0, 20, 500),
            temperature_c=self.unless_unknown(-10, 55),
            throughput_today_kwh=self.one_of(0, 250, 299, 400),
            reserve_kwh=self.unless_unknown(0, 130),
            last_full=self.some_time(-245, -200),
        )

    def _term(self, charge: str) -> DemandTerm:
        counts = tuple(float(self.rng.integers(0, 2)) for _ in self.step_s)
        return DemandTerm(
            id=charge,
            price_per_kw=self.one_of(0, 1, 15),
            peak_so_far_kw=float(self.rng.uniform(0, 300)),
            block_s=int(self.one_of(900, 1800, 3600)),
            open_block_kwh=float(self.rng.uniform(0, 60)),
            open_block_elapsed_s=self.one_of(0, 300, 600),
            ratchet_kw=self.one_of(0, 150),
            counts=counts if charge == "evening" else (),
        )

    def _work(self, name: str) -> ShiftableState:
        first, gap, last = sorted(self.later(-2, 8) for _ in range(3))
        jobs = (
            Job(earliest=first, deadline=gap, energy_kwh=float(self.rng.uniform(0, 15))),
            Job(earliest=gap, deadline=last, energy_kwh=float(self.rng.uniform(0, 40))),
        )
        return ShiftableState(id=name, jobs=jobs, running_s=self.one_of(0, 0, 300, 1500, 9000))

    def _shed(self, name: str) -> ShedState:
        return ShedState(
            id=name,
            active_s=self.one_of(0, 0, 900, 14000, 20000),
            cooling_s=self.one_of(0, 0, 1200),
            backlog_kwh=self.one_of(0, 5),
        )

    def _event(self, name: str) -> Event:
        return Event(
            id=name,
            start=self.later(-1, 4),
            duration_s=int(self.one_of(600, 900, 5400)),
            committed_kw=float(self.rng.uniform(0, 150)),
            baseline_kw=self.series(-50, 250),
            price_per_kwh=self.one_of(0, 0.2),
            penalty_per_kwh=self.one_of(0, 1),
            firm=bool(self.rng.random() < 0.6),
            announced_at=self.some_time(-1, 1),
            notice_s=600,
            rebound_cap_kw=self.one_of(0, 20),
        )

    def _reserves(self) -> tuple[FrequencyReserve, ...]:
        if self.rng.random() < 0.6:
            return ()
        return (FrequencyReserve(id="bat", up_kw=self.series(0, 60), down_kw=self.series(0, 60)),)
