"""How far the plant really went since it began to live: the truth, not what a sensor shows."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from models.building.meter import Flows, MeterPlant

PHASES = (0, 1, 2)


@dataclass(slots=True, kw_only=True)
class Extremes:
    """Largest and smallest values of any substep; kW and A at the AC side."""

    battery_in_kw: float = 0.0
    battery_out_kw: float = 0.0
    soc_share_least: float = 1.0
    soc_share_most: float = 0.0
    import_kw: float = 0.0
    export_kw: float = 0.0
    phase_current_a: float = 0.0
    zone_c_least: dict[str, float] = field(default_factory=dict)
    zone_c_most: dict[str, float] = field(default_factory=dict)

    def see(self, flows: Flows, meter: MeterPlant, soc_share: float) -> None:
        """One substep of battery and connection point."""
        self.battery_in_kw = max(self.battery_in_kw, flows.battery_kw)
        self.battery_out_kw = max(self.battery_out_kw, -flows.battery_kw)
        self.soc_share_least = min(self.soc_share_least, soc_share)
        self.soc_share_most = max(self.soc_share_most, soc_share)
        self.import_kw = max(self.import_kw, meter.power_kw)
        self.export_kw = max(self.export_kw, -meter.power_kw)
        worst_a = max(meter.phase(index).current_a for index in PHASES)
        self.phase_current_a = max(self.phase_current_a, worst_a)

    def see_zone(self, name: str, temperature_c: float) -> None:
        """One substep of a zone's air."""
        least_c = self.zone_c_least.get(name, temperature_c)
        most_c = self.zone_c_most.get(name, temperature_c)
        self.zone_c_least[name] = min(least_c, temperature_c)
        self.zone_c_most[name] = max(most_c, temperature_c)

    def as_dict(self) -> dict[str, float | dict[str, float]]:
        """For JSON."""
        return asdict(self)
