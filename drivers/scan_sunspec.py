"""Looking for a SunSpec device: its common block, its chain of models, the profiles that fit."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.modbus_link import ModbusLink
from drivers.modbus_unit import Unit
from drivers.profile import SunSpecProfile, load_profile, profile_names
from drivers.sunspec_chain import Chain, scan
from drivers.sunspec_models import MODELS
from drivers.types import Clock, Identity

_PACE_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedModel:
    """One model of the chain: its number, the wire address of its ID register, its length."""

    number: int
    address: int
    length: int
    known: bool
    """Whether this program knows its fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedSunSpec:
    """A SunSpec device as it describes itself."""

    unit: int
    identity: Identity
    models: tuple[ScannedModel, ...]
    profiles: tuple[str, ...]
    """Profiles whose setpoints, or every point, the device has the models for."""


async def scan_sunspec(link: ModbusLink, unit: int, clock: Clock) -> ScannedSunSpec:
    """Walk the chain of one unit; DriverError when it does not answer or is no SunSpec device."""
    chain = await scan(Unit(link, unit, clock, min_gap_s=_PACE_S))
    models = tuple(
        ScannedModel(
            number=number, address=address, length=chain.length[number], known=number in MODELS
        )
        for number, address in sorted(chain.address.items(), key=lambda pair: pair[1])
    )
    return ScannedSunSpec(
        unit=unit, identity=chain.identity, models=models, profiles=fitting_profiles(chain)
    )


def fitting_profiles(chain: Chain) -> tuple[str, ...]:
    """The SunSpec profiles a device with this chain can serve, in their order by name."""
    return tuple(name for name in profile_names() if _fits(name, chain))


def _fits(name: str, chain: Chain) -> bool:
    profile = load_profile(name)
    if not isinstance(profile, SunSpecProfile) or profile.objection(chain.identity.manufacturer):
        return False
    controls = all(spec.model in chain.address for spec in profile.controls.values())
    there = [chain.pick(spec.model, spec.field) is not None for spec in profile.points.values()]
    return controls and bool(there) and all(there)
