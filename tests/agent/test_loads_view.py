"""A tank and a pump in the status, and as lines on a screen."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from field_images import snapshot
from plans import NOON, plan
from pool_house import MEASURED, pool_house
from pydantic import TypeAdapter

from edge_agent.cli.load_lines import load_lines
from edge_agent.loads_view import LoadView, load_views
from models.types import Plan, ShiftablePlan, ThermalStorePlan, TimeGrid

STILL = (0.0,) * 4
VIEWS = TypeAdapter(tuple[LoadView, ...])


def made(runs: tuple[float, ...], heats: tuple[float, ...] = STILL) -> Plan:
    tank = ThermalStorePlan(
        id="hot_water", pump_kw=STILL, immersion_kw=heats, temperature_c=STILL, electric_kw=heats
    )
    return plan(
        grid=TimeGrid(start=NOON, step_s=(900,) * 4),
        thermal_stores=(tank,),
        shiftables=(ShiftablePlan(id="pool", power_kw=runs),),
    )


def lines(views: tuple[LoadView, ...]) -> list[str]:
    """As the screen gets them."""
    return load_lines({"loads": VIEWS.dump_python(views, mode="json")})


@pytest.mark.parametrize(
    ("minute", "runs", "first", "last"),
    [
        (0, (4.0, 4.0, 0.0, 4.0), 0, 30),
        (20, (4.0, 4.0, 0.0, 4.0), 15, 30),
        (31, (4.0, 4.0, 0.0, 4.0), 45, 60),
        (31, (4.0, 4.0, 0.0, 0.0), None, None),
        (61, (4.0, 4.0, 4.0, 4.0), None, None),
    ],
)
def test_the_next_time_it_runs(
    minute: int, runs: tuple[float, ...], first: int | None, last: int | None, tmp_path: Path
) -> None:
    site = pool_house(tmp_path).site
    image = snapshot(MEASURED, now=NOON + timedelta(minutes=minute))
    (_, pump) = load_views(site, image, made(runs))
    wanted = [None if at is None else NOON + timedelta(minutes=at) for at in (first, last)]
    assert [pump.next_at, pump.until] == wanted


def test_a_line_each(tmp_path: Path) -> None:
    site = pool_house(tmp_path).site
    image = snapshot(MEASURED, now=NOON)
    assert lines(load_views(site, image, made(STILL, (0.0, 0.0, 9.0, 9.0)))) == [
        "tank hot_water: 62.0 degC, heats from 2026-06-01T12:30Z to 2026-06-01T13:00Z",
        "work pool: 0.1 kW, not in the plan",
    ]
    blind = snapshot({"boiler.temperature": None}, now=NOON)
    assert lines(load_views(site, blind, None)) == [
        "tank hot_water: unknown, not in the plan",
        "work pool: unknown, not in the plan",
    ]
