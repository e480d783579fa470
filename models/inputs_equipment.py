"""What equipment may be planned with: one rule per field, refused by its name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from models.refusal import check_numbers, require
from models.types import Circuit, SiteModel

Check = tuple[Callable[[Any], bool], str]
_KINDS = (
    "batteries",
    "pvs",
    "zones",
    "plants",
    "thermal_stores",
    "shiftables",
    "shed_groups",
    "circuits",
)
_SHARE = "not in (0, 1]"
_BATTERY: tuple[Check, ...] = (
    (lambda e: e.capacity_kwh > 0, ".capacity_kwh must be positive"),
    (lambda e: min(e.charge_kw, e.discharge_kw) >= 0, ": power below 0"),
    (lambda e: 0 < e.charge_efficiency <= 1, f".charge_efficiency {_SHARE}"),
    (lambda e: 0 < e.discharge_efficiency <= 1, f".discharge_efficiency {_SHARE}"),
    (
        lambda e: 0 <= e.soc_min_share <= e.soc_max_share <= 1,
        ": soc_min_share .. soc_max_share must lie in order within 0 .. 1",
    ),
    (lambda e: 0 <= e.self_discharge_per_h < 1, ".self_discharge_per_h not in [0,1)"),
    (lambda e: e.wear_cost_per_kwh >= 0, ".wear_cost_per_kwh is below 0"),
    (lambda e: 0 <= e.reserve_share <= 1, ".reserve_share not in [0, 1]"),
    (lambda e: (e.max_cycles_per_day or 0.0) >= 0, ".max_cycles_per_day is below 0"),
    (
        lambda e: e.full_charge_every_h is None or e.full_charge_every_h > 0,
        ".full_charge_every_h must be positive",
    ),
    (
        lambda e: e.soc_max_share <= e.full_charge_share <= 1,
        ".full_charge_share must lie between soc_max_share and 1",
    ),
)
_PV: tuple[Check, ...] = (
    (lambda e: e.peak_kw >= 0, ".peak_kw is below 0"),
    (lambda e: (e.inverter_kw or 0.0) >= 0, ".inverter_kw is below 0"),
)
_ZONE: tuple[Check, ...] = (
    (lambda e: min(e.heat_kw, e.cool_kw) >= 0, ": power below 0"),
    (lambda e: e.comfort_weight >= 0, ".comfort_weight is below 0"),
    (lambda e: e.resistance_k_per_kw > 0, ".resistance_k_per_kw must be positive"),
    (lambda e: e.capacity_kwh_per_k > 0, ".capacity_kwh_per_k must be positive"),
    (lambda e: e.cop_heating > 0, ".cop_heating must be positive"),
    (lambda e: e.cop_cooling > 0, ".cop_cooling must be positive"),
    (lambda e: e.mass_capacity_kwh_per_k >= 0, ".mass_capacity_kwh_per_k is below 0"),
    (lambda e: e.mass_resistance_k_per_kw > 0, ".mass_resistance_k_per_kw must be positive"),
)
_PLANT: tuple[Check, ...] = (
    (lambda e: min(e.heat_kw, e.cool_kw) >= 0, ": power below 0"),
    (lambda e: e.cop_heating >= 1, ".cop_heating is below 1"),
    (lambda e: e.cop_cooling >= 1, ".cop_cooling is below 1"),
)
_STORE: tuple[Check, ...] = (
    (lambda e: e.capacity_kwh_per_k > 0, ".capacity_kwh_per_k must be positive"),
    (lambda e: e.loss_kw_per_k >= 0, ".loss_kw_per_k is below 0"),
    (lambda e: e.low_c <= e.high_c, ": low_c is above high_c"),
    (lambda e: min(e.pump_kw, e.immersion_kw) >= 0, ": power below 0"),
    (lambda e: not (e.cold and e.immersion_kw), ": an immersion heater in a cold store"),
    (lambda e: not (e.cold and e.hygiene_c is not None), ": a hygiene cycle in a cold store"),
    (lambda e: e.cop >= 1, ".cop is below 1"),
    (lambda e: e.comfort_weight >= 0, ".comfort_weight is below 0"),
    (
        lambda e: e.hygiene_c is None or e.hygiene_c >= e.low_c,
        ".hygiene_c is below low_c",
    ),
    (lambda e: e.hygiene_hold_s > 0, ".hygiene_hold_s must be positive"),
    (lambda e: e.hygiene_every_h > 0, ".hygiene_every_h must be positive"),
)
_SHIFTABLE: tuple[Check, ...] = (
    (lambda e: e.power_kw > 0, ".power_kw must be positive"),
    (lambda e: 0 <= e.least_kw <= e.power_kw, ".least_kw not within 0 .. power_kw"),
    (lambda e: e.min_block_s >= 0, ".min_block_s is below 0"),
    (lambda e: not e.min_block_s or e.least_kw > 0, ".min_block_s without a least_kw"),
    (lambda e: e.weight > 0, ".weight must be positive"),
)
_SHED: tuple[Check, ...] = (
    (
        lambda e: 0 <= e.least_share <= e.most_share <= 1,
        ": least_share .. most_share must lie in order within 0 .. 1",
    ),
    (lambda e: e.least_share > 0, ".least_share must be positive"),
    (lambda e: e.penalty_per_mwh >= 0, ".penalty_per_mwh is below 0"),
    (lambda e: e.guest_weight >= 0, ".guest_weight is below 0"),
    (lambda e: e.priority >= 1, ".priority is below 1"),
    (lambda e: 0 < e.least_s <= e.most_s, ": least_s .. most_s must lie in order above 0"),
    (lambda e: e.cool_down_s >= 0, ".cool_down_s is below 0"),
    (lambda e: 0 <= e.rebound_share <= 1, ".rebound_share not in [0, 1]"),
    (lambda e: e.rebound_s > 0, ".rebound_s must be positive"),
)
_CIRCUIT: tuple[Check, ...] = (
    (lambda e: min(e.import_limit_kw, e.export_limit_kw) >= 0, ": limit below 0"),
)
_RULES = dict(
    zip(
        _KINDS,
        (_BATTERY, _PV, _ZONE, _PLANT, _STORE, _SHIFTABLE, _SHED, _CIRCUIT),
        strict=True,
    )
)


def check_site(site: SiteModel, step_s: Sequence[int]) -> None:
    """BadInputError unless the site's own numbers and the step lengths make sense."""
    whole = step_s and all(isinstance(seconds, int) and seconds > 0 for seconds in step_s)
    require(bool(whole), "grid.step_s: at least one step, all longer than 0 s")
    check_numbers(site, "site.")
    require(site.grid.import_limit_kw >= 0, "site.grid.import_limit_kw is below 0")
    require(site.grid.export_limit_kw >= 0, "site.grid.export_limit_kw is below 0")
    require(site.event_slots >= 0, "site.event_slots is below 0")
    for kind, rules in _RULES.items():
        specs = getattr(site, kind)
        ids = [each.id for each in specs]
        require(len(set(ids)) == len(ids), f"site.{kind}: an id stands twice")
        for spec in specs:
            for holds, text in rules:
                require(holds(spec), f"site.{kind}[{spec.id}]{text}")
    plants = {plant.id for plant in site.plants}
    for zone in site.zones:
        known = not zone.plant or zone.plant in plants
        require(known, f"site.zones[{zone.id}].plant: there is no plant {zone.plant}")
    _check_circuits(site)


def _check_circuits(site: SiteModel) -> None:
    """Members exist, hang behind one circuit only, and no circuit hangs behind itself."""
    if not site.circuits:
        return
    ids = [each.id for kind in _KINDS for each in getattr(site, kind)]
    by_id = {circuit.id: circuit for circuit in site.circuits}
    behind: set[str] = set()
    for circuit in site.circuits:
        for member in circuit.members:
            name = f"site.circuits[{circuit.id}].members: {member}"
            require(ids.count(member) == 1, f"{name} is not the id of one piece of equipment")
            require(member not in behind, f"{name} hangs behind another circuit too")
            behind.add(member)
        require(
            circuit.id not in _inner(circuit, by_id, len(by_id)),
            f"site.circuits[{circuit.id}] hangs behind itself",
        )


def _inner(circuit: Circuit, by_id: dict[str, Circuit], depth: int) -> set[str]:
    """Ids of every circuit behind this one."""
    nested = {member for member in circuit.members if member in by_id}
    if depth:
        for member in tuple(nested):
            nested |= _inner(by_id[member], by_id, depth - 1)
    return nested
