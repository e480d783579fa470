"""Where every commanded point ends when the gateway is killed and never restarted."""

from __future__ import annotations

import pytest

from drivers.profile import load_profile, profile_names
from drivers.profile_end_state import NOTHING, end_state, point_end_states
from drivers.profile_lint import writable
from drivers.profile_terms import Role

OWN = "and the device is back under its own control"
SLOT = "the last value stands in our slot of the priority array"
ENDS = {
    "fronius_gen24": [
        f"timer InOutWRte_RvrtTms, written with every value, ends the command when the lease runs "
        f"out, {OWN}",
        "at a device without that timer only 0 kW is written, and stands.",
    ],
    "sma_battery": [f"watchdog drops the value 60 s after the last repetition, {OWN}."],
    "sunspec_storage": [
        f"power_setpoint: the device's timer WSetRvrtTms, written with every value, ends the "
        f"command when the lease runs out, {OWN}; a device without that timer is never commanded."
    ],
    "victron_gx_battery": [NOTHING],
    "generic_bacnet_ahu": [
        f"supply_setpoint: {SLOT}, and is within 16..22 degC",
        f"schedule_enable: {SLOT}, and is within 1,",
    ],
    "generic_bacnet_zone": [
        f"setpoint: {SLOT}, and is within 19..25 degC",
        f"cooling_setpoint: {SLOT}, and is within 22..27 degC",
        f"heating_setpoint: {SLOT}, and is within 17..22 degC",
    ],
    "victron_gx_system": [
        "charge_share: the last value stands for ever, and is within 0..100 percent.",
        "discharge_share: the last value stands for ever, and is within 0..100 percent.",
    ],
    "sunspec_inverter": ["timer WMaxLimPct_RvrtTms"],
}


def test_every_battery_bacnet_and_writable_profile_is_in_the_table() -> None:
    profiles = [load_profile(name) for name in profile_names()]
    due = {p.name for p in profiles if p.role is Role.BATTERY or p.kind == "bacnet" or writable(p)}
    assert set(ENDS) == due


@pytest.mark.parametrize("name", ENDS)
def test_the_end_of_every_commanded_point_is_stated(name: str) -> None:
    text = end_state(load_profile(name))
    for part in ENDS[name]:
        assert part in text
    assert set(point_end_states(load_profile(name))) == set(writable(load_profile(name)))


@pytest.mark.parametrize("name", sorted(set(profile_names()) - set(ENDS)))
def test_what_is_never_written_stays_as_it_is(name: str) -> None:
    assert end_state(load_profile(name)) == NOTHING
