"""Electric power of zones and of the plants they share, from thermal power. Pure Python."""

from __future__ import annotations

from models.physics import cop_at
from models.types import Plant, Series, SiteModel, Zone, ZonePlan


def zone_power(zone: Zone, plans: tuple[ZonePlan, ...], steps: int) -> Series:
    """Electric power of a zone's own unit; a zone behind a plant has none."""
    for plan in plans:
        if plan.id == zone.id and not zone.plant:
            flows = zip(plan.heat_kw, plan.cool_kw, strict=True)
            return tuple(h / zone.cop_heating + c / zone.cop_cooling for h, c in flows)
    return (0.0,) * steps


def plant_power(
    plant: Plant, zones: tuple[Zone, ...], plans: tuple[ZonePlan, ...], outdoor_c: Series
) -> Series:
    """Electric power of a plant for all its zones."""
    served = {zone.id for zone in zones if zone.plant == plant.id}
    total = [0.0] * len(outdoor_c)
    for plan in plans:
        if plan.id in served:
            for step, (heat, cool) in enumerate(zip(plan.heat_kw, plan.cool_kw, strict=True)):
                heating, cooling = plant_cops(plant, outdoor_c[step])
                total[step] += heat / heating + cool / cooling
    return tuple(total)


def hvac_power(site: SiteModel, plans: tuple[ZonePlan, ...], outdoor_c: Series) -> Series:
    """Electric power of all zones and plants."""
    parts = [zone_power(zone, plans, len(outdoor_c)) for zone in site.zones]
    parts += [plant_power(plant, site.zones, plans, outdoor_c) for plant in site.plants]
    return tuple(sum(values) for values in zip((0.0,) * len(outdoor_c), *parts, strict=True))


def plant_cops(plant: Plant, outdoor_c: float) -> tuple[float, float]:
    """COP for heating and cooling at this outdoor temperature."""
    return (
        cop_at(plant.cop_heating, plant.cop_heating_per_k, plant.cop_heating_at_c, outdoor_c),
        cop_at(plant.cop_cooling, plant.cop_cooling_per_k, plant.cop_cooling_at_c, outdoor_c),
    )
