"""The connection point: what flows on three phases, and what a meter there counts."""

from __future__ import annotations

import math
from dataclasses import dataclass

from models.building.noise import MeanReverting, stream

_LOAD_SHARES = (0.35, 0.33, 0.32)
_LOAD_TAN_PHI = 0.33
_HVAC_TAN_PHI = 0.40
_VOLTAGE_V = (231.2, 230.1, 230.7)
_SOURCE_OHM = 0.008


@dataclass(frozen=True, slots=True, kw_only=True)
class Flows:
    """Active powers [kW] behind the connection point; battery: charging positive; pv: produced."""

    load_kw: float
    hvac_kw: float
    battery_kw: float
    pv_kw: float
    hot_water_kw: float = 0.0
    switched_kw: float = 0.0
    single_phase_kw: float = 0.0
    """On the first phase alone; part of no other power here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """One phase: active [kW] and apparent [kVA] power, voltage to neutral [V], current [A]."""

    power_kw: float
    apparent_kva: float
    voltage_v: float
    current_a: float


class MeterPlant:
    """`power_kw` is import positive; import and export are counted on the sum of the phases."""

    def __init__(self, seed: int, step_s: float, import_kwh: float, export_kwh: float) -> None:
        def wander(name: str, spread: float, memory_s: float) -> MeanReverting:
            rng = stream(seed, f"meter.{name}")
            return MeanReverting(rng, spread=spread, memory_s=memory_s, step_s=step_s)

        self._tilt = (wander("tilt1", 0.012, 300.0), wander("tilt2", 0.012, 300.0))
        self._network = wander("network", 1.1, 600.0)
        self._flicker = tuple(wander(f"flicker{phase}", 0.25, 8.0) for phase in (1, 2, 3))
        self._frequency = wander("frequency", 0.018, 45.0)
        self.phase_powers_kw = (0.0, 0.0, 0.0)
        self._reactive_kvar = (0.0, 0.0, 0.0)
        self.power_kw = 0.0
        self.import_kwh = import_kwh
        self.export_kwh = export_kwh

    @property
    def frequency_hz(self) -> float:
        """Of the network."""
        return 50.0 + self._frequency.value

    @property
    def power_factor(self) -> float:
        """Active over apparent power, with the sign of the active power."""
        reactive_kvar = sum(self._reactive_kvar)
        apparent_kva = math.hypot(self.power_kw, reactive_kvar)
        return self.power_kw / apparent_kva if apparent_kva else 1.0

    def phase(self, index: int) -> Phase:
        """Phase 0, 1 or 2 as it stands."""
        power_kw = self.phase_powers_kw[index]
        apparent_kva = math.hypot(power_kw, self._reactive_kvar[index])
        open_v = _VOLTAGE_V[index] + self._network.value + self._flicker[index].value
        voltage_v = open_v - _SOURCE_OHM * 1000.0 * power_kw / open_v
        return Phase(
            power_kw=power_kw,
            apparent_kva=apparent_kva,
            voltage_v=voltage_v,
            current_a=1000.0 * apparent_kva / voltage_v,
        )

    def step(self, step_s: float, flows: Flows) -> None:
        """Split the flows over the phases and count `step_s` seconds of them."""
        one, two = (tilt.step() for tilt in self._tilt)
        shares = (_LOAD_SHARES[0] + one, _LOAD_SHARES[1] + two, _LOAD_SHARES[2] - one - two)
        driven_kw = flows.hvac_kw + flows.hot_water_kw + flows.switched_kw
        even_kw = (driven_kw + flows.battery_kw - flows.pv_kw) / 3.0
        even_kvar = flows.hvac_kw * _HVAC_TAN_PHI / 3.0
        l1, l2, l3 = (flows.load_kw * share for share in shares)
        self.phase_powers_kw = (l1 + even_kw + flows.single_phase_kw, l2 + even_kw, l3 + even_kw)
        self._reactive_kvar = (
            l1 * _LOAD_TAN_PHI + even_kvar,
            l2 * _LOAD_TAN_PHI + even_kvar,
            l3 * _LOAD_TAN_PHI + even_kvar,
        )
        self.power_kw = sum(self.phase_powers_kw)
        self._network.step()
        self._frequency.step()
        for flicker in self._flicker:
            flicker.step()
        counted_kwh = self.power_kw * step_s / 3600.0
        if counted_kwh >= 0:
            self.import_kwh += counted_kwh
        else:
            self.export_kwh -= counted_kwh
