"""Tanks and shiftable loads as lines of `semdr-edge status`."""

from __future__ import annotations

from typing import Any


def load_lines(status: dict[str, Any]) -> list[str]:
    """One line each: how it is, and when the plan acts."""
    return [_line(one) for one in status.get("loads", ())]


def _line(one: dict[str, Any]) -> str:
    if one["kind"] == "tank":
        how = _number(one["temperature_c"], "degC")
        what = "heats"
    else:
        how = _number(one["power_kw"], "kW")
        what = "runs"
    if one["next_at"] is None:
        return f"{one['kind']} {one['load']}: {how}, not in the plan"
    span = f"from {one['next_at'][:16]}Z to {one['until'][:16]}Z"
    return f"{one['kind']} {one['load']}: {how}, {what} {span}"


def _number(value: float | None, unit: str) -> str:
    return "unknown" if value is None else f"{value:.1f} {unit}"
