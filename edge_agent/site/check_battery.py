"""A battery's numbers against each other, and what its management's points need beside them."""

from __future__ import annotations

from collections.abc import Iterator

from edge_agent.site.asset_schema import BatteryAsset, Window
from edge_agent.site.grid_schema import GridAsset
from edge_agent.site.mistakes import Finding, KeyPath


def battery_findings(
    battery: BatteryAsset, path: KeyPath, grid: GridAsset | None
) -> Iterator[Finding]:
    """What is wrong with one battery; circuits are not judged while the grid's shape is wrong."""
    yield from _charge(battery, path)
    yield from _currents(battery, path)
    yield from _window(battery.charge_window_c, (*path, "charge_window_c"))
    yield from _window(battery.discharge_window_c, (*path, "discharge_window_c"))
    yield from _fallback(battery, path)
    if battery.contactor is not None and not battery.contactor_closed:
        text = "is empty: give the values of contactor that mean connected"
        yield Finding((*path, "contactor_closed"), text)
    if battery.alarm_mask is not None and battery.alarms is None:
        text = "has no effect without alarms: name their point, or remove it"
        yield Finding((*path, "alarm_mask"), text)
    if grid is not None:
        yield from _circuits(battery, path, tuple(one.name for one in grid.circuits))


def _charge(battery: BatteryAsset, path: KeyPath) -> Iterator[Finding]:
    low, high = battery.soc_min_percent, battery.soc_max_percent
    if low >= high:
        text = f"{low:g} must be below soc_max_percent ({high:g})"
        yield Finding((*path, "soc_min_percent"), text)
        return
    if battery.reserve_percent >= high:
        text = f"{battery.reserve_percent:g} must be below soc_max_percent ({high:g})"
        yield Finding((*path, "reserve_percent"), text)
        return
    width = high - max(low, battery.reserve_percent)
    if battery.derate_soc_percent > width / 2:
        text = (
            f"{battery.derate_soc_percent:g} is too wide: the SOC window has {width:g}, "
            "and half of it at most may be derated at each end"
        )
        yield Finding((*path, "derate_soc_percent"), text)


def _currents(battery: BatteryAsset, path: KeyPath) -> Iterator[Finding]:
    if battery.current is not None and battery.rated_current_a is None:
        text = "is missing: current says nothing without the rated current of the DC side, A"
        yield Finding((*path, "rated_current_a"), text)
    limits = [
        key for key in ("charge_limit_a", "discharge_limit_a") if getattr(battery, key) is not None
    ]
    if limits and battery.voltage is None:
        text = f"is missing: {limits[0]} is only a power with the voltage of the DC side"
        yield Finding((*path, "voltage"), text)


def _window(window: Window, path: KeyPath) -> Iterator[Finding]:
    stop_low, full_low, full_high, stop_high = window
    if not (stop_low <= full_low < full_high <= stop_high):
        text = (
            f"[{', '.join(f'{edge:g}' for edge in window)}] must rise: "
            "[none below, full from, full up to, none above]"
        )
        yield Finding(path, text)


def _fallback(battery: BatteryAsset, path: KeyPath) -> Iterator[Finding]:
    band = battery.fallback_kw
    if band is None:
        return
    spot = (*path, "fallback_kw")
    if not band[0] <= 0 <= band[1]:
        text = f"[{band[0]:g}, {band[1]:g}] must hold 0: charging is positive"
        yield Finding(spot, text)
    elif band[0] < -battery.discharge_kw or band[1] > battery.charge_kw:
        text = (
            f"[{band[0]:g}, {band[1]:g}] reaches beyond what the battery can do, "
            f"[{-battery.discharge_kw:g}, {battery.charge_kw:g}]: keep it inside"
        )
        yield Finding(spot, text)


def _circuits(battery: BatteryAsset, path: KeyPath, known: tuple[str, ...]) -> Iterator[Finding]:
    for index, name in enumerate(battery.circuits):
        spot = (*path, "circuits", index)
        if name not in known:
            hint = f"known are {', '.join(known)}" if known else "name it under assets.grid"
            yield Finding(spot, f"there is no circuit {name}: {hint}")
        elif battery.circuits.index(name) != index:
            yield Finding(spot, f"{name} stands twice: remove one")
