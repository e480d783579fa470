"""When a disturbance of the grid begins and ends, tick by tick."""

from __future__ import annotations

from datetime import timedelta

import pytest
from dead_time_rig import NOON

from edge_agent.fastloop.grid_quality import (
    Disturbance,
    GridEvent,
    GridLimits,
    GridWatch,
    Quantity,
    watched,
)

V, HZ, THD = Quantity.VOLTAGE, Quantity.FREQUENCY, Quantity.DISTORTION


def played(quantity: Quantity, values: list[float | None]) -> tuple[GridWatch, list[str]]:
    """One value a second; what was told as `second kind begins|ends worst`."""
    watch, lines = GridWatch(), []
    for second, value in enumerate(values):
        now = NOON + timedelta(seconds=second)
        watch, told = watched(GridLimits(), watch, {"meter.p": (quantity, value)}, now)
        lines += [f"{second} {one.kind} {_end(one)} {one.worst:g}" for one in told]
    return watch, lines


def _end(event: GridEvent) -> str:
    return "begins" if event.until is None else "ends"


@pytest.mark.parametrize(
    ("quantity", "values", "wanted"),
    [
        (V, [230, 207.0, 253.0, 230], []),
        (V, [230, 206.9, 200, 208, 211.5, 211.7],
         ["1 under_voltage begins 206.9", "5 under_voltage ends 200"]),
        (V, [253.1, 260, 249, 248.3],
         ["0 over_voltage begins 253.1", "3 over_voltage ends 260"]),
        (V, [230, 11, 0, 12, 180, 230],
         ["1 interruption begins 11", "4 interruption ends 0", "4 under_voltage begins 180",
          "5 under_voltage ends 180"]),
        (V, [200, None, None, 230], ["0 under_voltage begins 200", "3 under_voltage ends 200"]),
        (V, [None, 230, None], []),
        (HZ, [50, 49.5, 50.5], []),
        (HZ, [49.49, 49.3, 49.51, 49.52],
         ["0 under_frequency begins 49.49", "3 under_frequency ends 49.3"]),
        (HZ, [50.51, 50.49, 50.7, 50.48],
         ["0 over_frequency begins 50.51", "3 over_frequency ends 50.7"]),
        (HZ, [49.0, 51.0],
         ["0 under_frequency begins 49", "1 under_frequency ends 49",
          "1 over_frequency begins 51"]),
        (THD, [0.08, 0.081, 0.1, 0.076, 0.075],
         ["1 distortion begins 0.081", "4 distortion ends 0.1"]),
    ],
)  # fmt: skip
def test_events(quantity: Quantity, values: list[float | None], wanted: list[str]) -> None:
    assert played(quantity, values)[1] == wanted


def test_points_are_watched_apart() -> None:
    values = {"m.l1": (V, 200.0), "m.l2": (V, 230.0), "m.f": (HZ, 49.0), "m.thd": (THD, None)}
    watch, told = watched(GridLimits(), GridWatch(), values, NOON)
    assert {(event.point, event.kind) for event in told} == {
        ("m.l1", Disturbance.UNDER_VOLTAGE),
        ("m.f", Disturbance.UNDER_FREQUENCY),
    }
    assert set(watch.open) == {"m.l1", "m.f"}


def test_other_grids_have_other_limits() -> None:
    american = GridLimits(nominal_v=120.0, low_hz=59.5, high_hz=60.5)
    values = {"m.l1": (V, 121.0), "m.f": (HZ, 60.0)}
    assert watched(american, GridWatch(), values, NOON)[1] == []
