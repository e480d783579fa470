"""From a tank of the site file to the model's tank, its draw and its setpoint."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from small_house import write_site

from edge_agent.site.load import load_site
from edge_agent.site.schema import Site
from edge_agent.sitemodel import actuators, site_model
from edge_agent.tanks import band_c, tank_draw, usual_draw_kwh, usual_electric_kw
from edge_agent.tracking_loads import TankActuator, tank_wishes
from models.forecast.learnt import Basis, LearntProfile
from models.types import ThermalStorePlan, even_grid

BERLIN = ZoneInfo("Europe/Berlin")
JUNE = datetime(2026, 6, 15, tzinfo=UTC)
WATER = "fcu.water"
TANK = {
    "id": "hot_water",
    "temperature": "room.temperature",
    "setpoint": WATER,
    "hygiene_c": 60,
    "high_c": 75,
    "low_c": 45,
    "volume_l": 500,
    "loss_w_per_k": 4,
    "heater_kw": 36,
    "daily_draw_kwh": 80,
}


def site_with(folder: Path, safe: list[float] | None = None, **keys: Any) -> Site:
    def amend(site: dict[str, Any]) -> None:
        point = {"object": "analog-value,31", "unit": "degC", "access": "rw"}
        site["devices"][-1]["points"]["water"] = point | {"safe": safe or [40, 80]}
        site["assets"]["thermal_stores"] = [TANK | keys]

    loaded = load_site(write_site(folder, change=amend))
    assert site_model(loaded.site, loaded.tariff).thermal_stores or keys.get("setpoint") is None
    return loaded.site


def test_an_immersion_heater(tmp_path: Path) -> None:
    site = site_with(tmp_path)
    (tank,) = site_model(site, load_site(tmp_path / "site.yaml").tariff).thermal_stores
    assert tank.capacity_kwh_per_k == pytest.approx(0.5815)
    assert (tank.low_c, tank.high_c, tank.loss_kw_per_k) == (60, 75, 0.004)
    assert (tank.pump_kw, tank.immersion_kw, tank.hygiene_c) == (0, 36, None)
    rest = TankActuator(id="hot_water", point=WATER, rest_c=60)
    assert actuators(site).loads.tanks == (rest,)


def test_a_heat_pump_with_a_cycle(tmp_path: Path) -> None:
    pump = {"cop": 3, "cop_per_k": 0.05, "heater_kw": 10}
    cycle = {"every_days": 7, "temperature_c": 70, "hold_min": 30}
    site = site_with(tmp_path, None, **pump, legionella=cycle)
    (tank,) = site_model(site, load_site(tmp_path / "site.yaml").tariff).thermal_stores
    assert (tank.pump_kw, tank.immersion_kw, tank.cop, tank.cop_per_k) == (30, 0, 3, 0.05)
    # A kelvin more than must be reached, as the guard asks for.
    assert (tank.hygiene_c, tank.hygiene_hold_s, tank.hygiene_every_h) == (71, 1800, 168)


@pytest.mark.parametrize(
    ("safe", "hygiene_c", "band"),
    [
        ([40, 80], 60, (60, 75)),
        ([40, 80], None, (45, 75)),
        ([50, 70], None, (50, 70)),
        ([40, 55], None, (45, 55)),
        ([60, 65], None, (60, 65)),
    ],
)
def test_the_band_lies_inside_what_the_guard_lets_through(
    safe: list[float], hygiene_c: float | None, band: tuple[float, float], tmp_path: Path
) -> None:
    site = site_with(tmp_path, safe, hygiene_c=hygiene_c)
    assert band_c(site.assets.thermal_stores[0], site) == band


def test_a_tank_that_is_only_watched_is_not_planned(tmp_path: Path) -> None:
    site = site_with(tmp_path, setpoint=None)
    assert actuators(site).loads.tanks == ()


def test_a_days_draw_is_what_the_site_says_in_any_grid(tmp_path: Path) -> None:
    asset = site_with(tmp_path).assets.thermal_stores[0]
    midnight = datetime(2026, 6, 14, 22, tzinfo=UTC)
    draw_kw = tank_draw(asset, even_grid(midnight, 15, 24), BERLIN).draw_kw
    assert sum(draw_kw) / 4 == pytest.approx(80)
    assert draw_kw.index(max(draw_kw)) == 4 * 7
    quiet_kw, morning_kw = draw_kw[4 * 3], draw_kw[4 * 7]
    assert morning_kw > 10 * quiet_kw > 0


def test_what_was_learnt_of_the_draw_comes_first(tmp_path: Path) -> None:
    asset = site_with(tmp_path).assets.thermal_stores[0]
    basis = Basis(first=JUNE, last=JUNE, count=1, error=0.0)
    workday = (None, *(2.0,) * 95)
    learnt = LearntProfile(
        id="hot_water", basis=basis, workday=workday, saturday=(3.0,) * 96, sunday=(4.0,) * 96
    )
    monday = even_grid(datetime(2026, 6, 14, 22, tzinfo=UTC), 15, 1)
    usual_kw = tank_draw(asset, monday, BERLIN).draw_kw[0]
    assert tank_draw(asset, monday, BERLIN, learnt).draw_kw == (usual_kw, 2.0, 2.0, 2.0)
    sunday = even_grid(datetime(2026, 6, 14, 10, tzinfo=UTC), 15, 0.25)
    assert tank_draw(asset, sunday, BERLIN, learnt).draw_kw == (4.0,)


def test_without_a_draw_the_volume_once_a_day(tmp_path: Path) -> None:
    site = site_with(tmp_path, daily_draw_kwh=None, cop=2)
    asset = site.assets.thermal_stores[0]
    assert usual_draw_kwh(asset) == pytest.approx(0.5 * 1.163 * 45)
    lost_kw = 0.004 * (67.5 - 20)
    mean_kw = (usual_draw_kwh(asset) / 24 + lost_kw) / 2
    assert usual_electric_kw(asset, site) == pytest.approx(mean_kw)


@pytest.mark.parametrize(
    ("electric_kw", "planned_c", "told_c"),
    [(36.0, 71.3, 71.5), (36.0, 71.2, 71.0), (0.0, 71.3, 60.0), (3.0, 59.0, 60.0)],
)
def test_the_setpoint_is_the_aim_while_heated_and_the_lowest_else(
    electric_kw: float, planned_c: float, told_c: float
) -> None:
    part = ThermalStorePlan(
        id="hot_water",
        pump_kw=(0.0,),
        immersion_kw=(electric_kw,),
        temperature_c=(planned_c,),
        electric_kw=(electric_kw,),
    )
    tank = TankActuator(id="hot_water", point=WATER, rest_c=60.0)
    assert list(tank_wishes((part,), (tank,), 0)) == [(WATER, told_c)]
    assert list(tank_wishes((), (tank,), 0)) == []
