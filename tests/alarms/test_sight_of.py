"""What the rules see of a real site file and a status picture."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from status_pictures import device, picture

from edge_agent.alarms.sight import BatterySight, Beside, InverterSight, MeterSight, Sight
from edge_agent.alarms.sight_of import sight_of
from edge_agent.site.load import LoadedSite
from edge_agent.status import ControlView, DeviceView, PointView, StatusView

NOW_S = 1_000.0


def point(name: str, value: float | None, quality: str = "good", age_s: float = 3.0) -> PointView:
    return PointView(
        point=name, value=value, unit="", quality=quality, reason="", age_s=age_s, writable=False
    )


def shows(name: str, *points: PointView) -> DeviceView:
    return replace(device(name), points=points)


BATTERY = (
    point("soc", 55.0, age_s=4.0),
    point("power", -12.0),
    point("temperature", 31.5),
    point("current", -40.0),
)
METER = shows("meter", point("power", 60.0, age_s=7.0))
INVERTER = shows("inverter", point("ac_power", 20.0))


def seen(paper: LoadedSite, status: StatusView) -> Sight:
    return sight_of(paper.site, status, Beside(monotonic_s=NOW_S))


def test_every_asset_with_what_is_measured_of_it(paper: LoadedSite) -> None:
    sight = seen(paper, picture((METER, shows("battery", *BATTERY), INVERTER)))
    asset, pv = paper.site.assets.battery[0], paper.site.assets.pv[0]
    assert sight.batteries == (
        BatterySight(
            id=asset.id,
            capacity_kwh=asset.capacity_kwh,
            charge_kw=asset.charge_kw,
            discharge_kw=asset.discharge_kw,
            soc_percent=55.0,
            soc_read_s=NOW_S - 4.0,
            power_kw=-12.0,
            temperature_c=31.5,
            current_a=-40.0,
        ),
    )
    assert sight.inverters == (InverterSight(id=pv.id, peak_kw=pv.peak_kw, power_kw=20.0),)
    assert sight.meter == MeterSight(point="meter.power", silent_s=7.0, stale_s=30.0)
    assert sight.commit_s == paper.site.agent.commit_s


@pytest.mark.parametrize("quality", ["stale", "bad", "missing", "not_implemented"])
def test_what_cannot_be_trusted_is_not_seen(paper: LoadedSite, quality: str) -> None:
    doubtful = [replace(one, quality=quality) for one in BATTERY]
    (battery,) = seen(paper, picture((METER, shows("battery", *doubtful)))).batteries
    assert (battery.soc_percent, battery.power_kw, battery.temperature_c) == (None, None, None)


def test_a_device_that_is_not_there_leaves_nothing_known(paper: LoadedSite) -> None:
    sight = seen(paper, picture((), up_s=77.0))
    (battery,) = sight.batteries
    assert (battery.soc_percent, battery.soc_read_s, battery.current_a) == (None, None, None)
    assert sight.meter is not None
    assert sight.meter.silent_s == 77.0


def test_an_inverter_that_sleeps_gives_nothing(paper: LoadedSite) -> None:
    asleep = shows("inverter", point("ac_power", None, "asleep"))
    (inverter,) = seen(paper, picture((METER, asleep))).inverters
    assert inverter.power_kw == 0.0


def limited(paper: LoadedSite, **changes: Any) -> bool:
    asset = replace_pv(paper)
    control = ControlView(
        point="inverter.limit", wish=None, value=None, why="", cuts=(), held=None,
        lease_state="", lease_expires=None, last_result="", claims=(),
    )  # fmt: skip
    status = replace(picture((METER, INVERTER)), controls=(replace(control, **changes),))
    (inverter,) = sight_of(asset.site, status, Beside(monotonic_s=NOW_S)).inverters
    return inverter.limited


def replace_pv(paper: LoadedSite) -> LoadedSite:
    """The site with an inverter whose power can be limited, 80 kW at its peak."""
    pv = paper.site.assets.pv[0].model_copy(update={"limit": "inverter.limit", "peak_kw": 80.0})
    assets = paper.site.assets.model_copy(update={"pv": (pv,)})
    return replace(paper, site=paper.site.model_copy(update={"assets": assets}))


@pytest.mark.parametrize(("held", "is_limited"), [(None, False), (80.0, False), (78.0, True)])
def test_an_inverter_we_hold_down_is_limited(
    paper: LoadedSite,
    held: float | None,
    is_limited: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert limited(paper, held=held) is is_limited


def test_another_point_that_is_held_limits_no_inverter(paper: LoadedSite) -> None:
    assert not limited(paper, held=1.0, point="battery.power_setpoint")


def test_a_battery_is_seen_through_the_points_its_file_names(paper: LoadedSite) -> None:
    keys = {"temperature": "room.hottest", "current": "room.amps", "rated_current_a": 160.0}
    battery = paper.site.assets.battery[0].model_copy(update=keys)
    assets = paper.site.assets.model_copy(update={"battery": (battery,)})
    named = replace(paper, site=paper.site.model_copy(update={"assets": assets}))
    room = shows("room", point("hottest", 44.0), point("amps", 170.0))
    (sight,) = seen(named, picture((METER, shows("battery", *BATTERY), room))).batteries
    assert (sight.temperature_c, sight.current_a, sight.rated_current_a) == (44.0, 170.0, 160.0)


def test_the_grid_at_the_meter_as_far_as_it_is_measured(paper: LoadedSite) -> None:
    meter = shows(
        "meter",
        point("voltage_l1", 207.0),
        point("voltage_l3", 241.5, "bad"),
        point("frequency", 49.4),
        point("thd_voltage_l2", 0.09),
        replace(point("thd_voltage_l3", 9.0), unit="%"),
    )
    sight = seen(paper, picture((meter,)))
    off = {one.point: one.off for one in (*sight.voltages, *sight.frequencies, *sight.distortions)}
    assert off == {
        "meter.voltage_l1": pytest.approx(0.1),
        "meter.voltage_l3": None,
        "meter.frequency": pytest.approx(0.6),
        "meter.thd_voltage_l2": 0.09,
        "meter.thd_voltage_l3": pytest.approx(0.09),
    }
