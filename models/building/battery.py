"""The battery as it really behaves: losses, ramp, temperature, and a BMS that has the last word."""

from __future__ import annotations

from bisect import bisect_right

from models.building.parameters import BatteryParameters

# Open-circuit voltage [V] of one LFP cell over its state of charge (share).
_SOC = (0.0, 0.05, 0.10, 0.20, 0.40, 0.60, 0.80, 0.95, 1.0)
_OCV = (2.80, 3.05, 3.17, 3.22, 3.27, 3.29, 3.32, 3.36, 3.45)


class BatteryPlant:
    """Charging is positive; `power_kw` at the AC terminals, `dc_kw` at the cells."""

    def __init__(self, parameters: BatteryParameters, room_c: float) -> None:
        self.parameters = parameters
        self.stored_kwh = parameters.capacity_kwh * parameters.initial_soc_share
        self.initial_kwh = self.stored_kwh
        self.setpoint_kw: float | None = None
        self.power_kw = 0.0
        self.dc_kw = 0.0
        self.loss_kw = 0.0
        self.temperature_c = room_c
        self.bms_charge_cap_kw: float | None = None
        """What the BMS has lowered its limit to for reasons of its own; None: it has not."""
        self.bms_discharge_cap_kw: float | None = None

    @property
    def soc_share(self) -> float:
        """Stored energy as a share of capacity."""
        return self.stored_kwh / self.parameters.capacity_kwh

    @property
    def charge_limit_kw(self) -> float:
        """What the BMS lets in now."""
        p = self.parameters
        own_kw = p.charge_kw * self._derating() * _taper(p.soc_max_share - self.soc_share, p)
        return _capped(own_kw, self.bms_charge_cap_kw)

    @property
    def discharge_limit_kw(self) -> float:
        """What the BMS lets out now, a positive number."""
        p = self.parameters
        own_kw = p.discharge_kw * self._derating() * _taper(self.soc_share - p.soc_min_share, p)
        return _capped(own_kw, self.bms_discharge_cap_kw)

    @property
    def current_a(self) -> float:
        """DC current into the cells."""
        return 1000.0 * self.dc_kw / self.open_voltage_v

    @property
    def voltage_v(self) -> float:
        """DC voltage at the cells' terminals, above the open one while charging."""
        return self.open_voltage_v + self.current_a * self.parameters.resistance_ohm

    @property
    def open_voltage_v(self) -> float:
        """Resting voltage of the string at the present state of charge."""
        soc = min(1.0, max(0.0, self.soc_share))
        right = min(len(_SOC) - 1, bisect_right(_SOC, soc))
        left = right - 1
        part = (soc - _SOC[left]) / (_SOC[right] - _SOC[left])
        return self.parameters.cells_in_series * (_OCV[left] + part * (_OCV[right] - _OCV[left]))

    def step(self, step_s: float, room_c: float) -> None:
        """Follow the setpoint for `step_s` seconds as far as ramp and BMS allow."""
        p, hours = self.parameters, step_s / 3600.0
        target_kw = self.setpoint_kw or 0.0
        reach_kw = p.ramp_kw_per_s * step_s
        ramped_kw = min(self.power_kw + reach_kw, max(self.power_kw - reach_kw, target_kw))
        self.power_kw = min(self._most_in_kw(hours), max(-self._most_out_kw(hours), ramped_kw))

        standby_kw = p.standby_kw if self.stored_kwh > p.standby_kw * hours else 0.0
        if self.power_kw >= 0:
            self.dc_kw = self.power_kw * p.charge_efficiency
            conversion_kw = self.power_kw * (1 - p.charge_efficiency)
        else:
            self.dc_kw = self.power_kw / p.discharge_efficiency
            conversion_kw = -self.power_kw * (1 / p.discharge_efficiency - 1)
        self.stored_kwh += (self.dc_kw - standby_kw) * hours
        self.loss_kw = conversion_kw + standby_kw

        outflow_kw = (self.temperature_c - room_c) / p.thermal_resistance_k_per_kw
        self.temperature_c += (self.loss_kw - outflow_kw) * hours / p.thermal_capacity_kwh_per_k

    def _most_in_kw(self, hours: float) -> float:
        """AC power that neither the BMS's limit nor the room left in the cells forbids."""
        p = self.parameters
        room_kwh = max(0.0, p.soc_max_share * p.capacity_kwh - self.stored_kwh)
        return min(self.charge_limit_kw, room_kwh / (p.charge_efficiency * hours))

    def _most_out_kw(self, hours: float) -> float:
        p = self.parameters
        left_kwh = max(0.0, self.stored_kwh - p.soc_min_share * p.capacity_kwh)
        return min(self.discharge_limit_kw, left_kwh * p.discharge_efficiency / hours)

    def _derating(self) -> float:
        p = self.parameters
        share = (p.derate_to_c - self.temperature_c) / (p.derate_to_c - p.derate_from_c)
        return min(1.0, max(0.0, share))


def _capped(own_kw: float, cap_kw: float | None) -> float:
    """The smaller of the two."""
    return own_kw if cap_kw is None else min(own_kw, max(0.0, cap_kw))


def _taper(distance_share: float, parameters: BatteryParameters) -> float:
    """0 at the limit, 1 from one taper band before it."""
    return min(1.0, max(0.0, distance_share / parameters.taper_share))
