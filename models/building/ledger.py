"""What really happened: true energies, whatever the field devices say about them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

from models.building.meter import Flows


@dataclass(slots=True, kw_only=True)
class Ledger:
    """Sums since the start [kWh], at the AC side; all positive."""

    load: float = 0.0
    hvac: float = 0.0
    battery_in: float = 0.0
    battery_out: float = 0.0
    battery_losses: float = 0.0
    pv: float = 0.0
    hot_water: float = 0.0
    switched: float = 0.0
    grid_import: float = 0.0
    grid_export: float = 0.0
    discomfort_kelvin_h: dict[str, float] = field(default_factory=dict)
    """Per zone: kelvin-hours outside the comfort band while guests were in."""

    def count(self, hours: float, flows: Flows, battery_loss_kw: float, grid_kw: float) -> None:
        """Add one substep."""
        self.load += (flows.load_kw + flows.single_phase_kw) * hours
        self.hot_water += flows.hot_water_kw * hours
        self.switched += flows.switched_kw * hours
        self.hvac += flows.hvac_kw * hours
        self.pv += flows.pv_kw * hours
        self.battery_losses += battery_loss_kw * hours
        if flows.battery_kw >= 0:
            self.battery_in += flows.battery_kw * hours
        else:
            self.battery_out -= flows.battery_kw * hours
        if grid_kw >= 0:
            self.grid_import += grid_kw * hours
        else:
            self.grid_export -= grid_kw * hours

    def site_error_kwh(self) -> float:
        """What comes in over the connection point minus what is used behind it."""
        used = self.load + self.hvac + self.hot_water + self.switched
        used += self.battery_in - self.battery_out - self.pv
        return self.grid_import - self.grid_export - used

    def as_dict(self) -> dict[str, float | dict[str, float]]:
        """For a JSON file; keys of energies end with `_kwh`."""
        flat = asdict(self)
        kelvin_h = flat.pop("discomfort_kelvin_h")
        energies = {f"{name}_kwh": value for name, value in flat.items()}
        return {**energies, "discomfort_kelvin_h": kelvin_h}
