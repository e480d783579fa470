"""Alarms of what stands in the building: batteries, inverters, meter, devices, commanded points."""

from __future__ import annotations

from edge_agent.alarms import equipment
from edge_agent.alarms.rule import Limit, Rule, fact
from edge_agent.health import Severity

ASSETS: tuple[Rule, ...] = (
    Rule(
        code="battery_hot",
        severity=Severity.CRITICAL,
        cause="cooling failed, a cell is damaged, or the room is too warm",
        remedy="look at the battery's own display and its room; call its maker if it keeps rising",
        limit=Limit(at=45.0, clear=43.0),
        figures=equipment.battery_temperature,
    ),
    Rule(
        code="battery_over_current",
        severity=Severity.CRITICAL,
        cause="somebody else commands the battery, or its rating in the site file is too small",
        remedy="compare the rating in the site file with the type plate; look for a second master",
        limit=Limit(at=1.1, clear=1.05),
        figures=equipment.battery_load,
    ),
    Rule(
        code="battery_soc_low",
        severity=Severity.NOTICE,
        cause="long discharge, or charging is not possible",
        remedy="nothing, if the plan charges soon; else look at the charge limit of the battery",
        limit=Limit(at=20.0, clear=22.0, below=True),
        figures=equipment.battery_soc,
    ),
    Rule(
        code="soc_jump",
        severity=Severity.WARNING,
        cause="the battery has calibrated itself, was restarted, or the reading is wrong",
        remedy="compare with the battery's own display; if it recurs, ask for a full charge",
        limit=Limit(at=5.0, clear=0.0, linger_s=900.0),
        figures=equipment.soc_jump,
    ),
    Rule(
        code="inverter_underperforming",
        severity=Severity.WARNING,
        cause="a string is off, panels are shaded or dirty, or the irradiance sensor is wrong",
        remedy="look at the strings in the inverter's own display; clean the sensor",
        limit=Limit(at=0.5, clear=0.6, below=True, hold_s=10_800.0),
        figures=equipment.inverter_yield,
    ),
    Rule(
        code="meter_silent",
        severity=Severity.CRITICAL,
        cause="the meter of the connection point, its cable or its bus is down",
        remedy="look at the meter's display and wiring; static limits hold meanwhile",
        limit=Limit(at=1.0, clear=0.5),
        figures=equipment.meter_silence,
    ),
    Rule(
        code="device_offline",
        severity=Severity.WARNING,
        cause="the device is off, its cable or its bus is down, or its address has changed",
        remedy="look at its supply and cable; read it by hand; the rest of the site goes on",
        limit=fact(linger_s=60.0),
    ),
    Rule(
        code="data_quality_low",
        severity=Severity.WARNING,
        cause="a bus with errors, a frozen sensor, or values beyond what is possible",
        remedy="see the reasons at the device's points; check wiring, termination, other masters",
        limit=fact(),
    ),
    Rule(
        code="implausible",
        severity=Severity.WARNING,
        cause="wrong unit, wrong sign, wrong assignment in the site file, or a broken sensor",
        remedy="compare the point with the device's own display, correct the site file",
        limit=fact(),
    ),
    Rule(
        code="billing_unmeasured",
        severity=Severity.WARNING,
        cause="the meter was silent for most of several billing blocks",
        remedy="bring the meter back; the billed peak of these blocks is not known",
        limit=fact(),
    ),
    Rule(
        code="lease_lost",
        severity=Severity.CRITICAL,
        cause="a write was refused or not read back: what the device holds is not known",
        remedy="look at the setpoint at the device itself; it is tried again every minute",
        limit=fact(),
    ),
    Rule(
        code="orphaned_lease",
        severity=Severity.WARNING,
        cause="a point we held cannot be given back: its device or its entry in the site is gone",
        remedy="do what the alarm says; look at the setpoint at the device itself",
        limit=fact(),
    ),
    Rule(
        code="local_override_active",
        severity=Severity.NOTICE,
        cause="somebody has set the point at the device, at the panel or from the building system",
        remedy="nothing: people win; ask them, if it stays longer than they meant",
        limit=fact(),
        figures=equipment.local_overrides,
    ),
    Rule(
        code="second_master",
        severity=Severity.CRITICAL,
        cause="another controller writes to the same device",
        remedy="find it, switch one of the two off, then release the point",
        limit=fact(),
    ),
    Rule(
        code="battery_fault",
        severity=Severity.CRITICAL,
        cause="the battery's own management reports an alarm, or its contactor is open",
        remedy="look at the battery's own display and follow its manual; it is not commanded",
        limit=fact(),
    ),
    Rule(
        code="hygiene_cycle",
        severity=Severity.WARNING,
        cause="the hot water has not had its hot cycle in time",
        remedy="look at the heat source; the cycle goes on until the store was hot long enough",
        limit=fact(),
    ),
)
