"""Building mass, shared plants, COP by weather, occupancy, and many rooms as few zones."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from models.clusters import cluster_rooms, per_room
from models.physics import room_step
from models.rules import rules_plan
from models.types import Plant, Problem, ReasonCode, ZoneForecast, ZoneState
from models.verify import verify

if TYPE_CHECKING:
    from tests.models.conftest import Cases, Solve


def test_pre_cooling_of_one_zone(cases: Cases, solve: Solve) -> None:
    """Cheap hour, then a dear one: cooled to the low end so that the dear hour needs less.

    By hand: a = exp(-0.1); held at 24 the dear hour would need (1 - a) of the way from 24 to
    32 balanced; starting it at 20 the zone ends at 20 a + (1 - a) 32 = 21.14 without any cooling.
    """
    problem = cases.plain((0.1, 0.9), (10.0,) * 2, zones=(cases.zone,))
    plan = solve(problem)
    a = math.exp(-0.1)
    room = plan.zones[0]
    assert room.cool_kw[1] == pytest.approx(0.0, abs=1e-6)
    assert room.temperature_c[1] <= 24 + 1e-6
    needed = (24 - (1 - a) * 32) / a
    assert room.temperature_c[0] == pytest.approx(needed, abs=1e-5)


def test_mass_is_integrated_exactly(cases: Cases) -> None:
    """Against ten thousand small Euler steps of the two heat equations."""
    zone = replace(cases.zone, mass_capacity_kwh_per_k=15, mass_resistance_k_per_kw=0.7)
    keep = room_step(zone, 1.0)
    air, mass, settled = 26.0, 22.0, 31.0
    exact = keep.air_air * air + keep.air_mass * mass + (1 - keep.air_air - keep.air_mass) * settled
    dt = 1e-4
    for _ in range(10_000):
        into = (settled - air) / 2 + (mass - air) / 0.7
        out = (air - mass) / 0.7
        air, mass = air + dt * into / 5, mass + dt * out / 15
    assert exact == pytest.approx(air, abs=2e-4)


@pytest.mark.parametrize("step_s", [60, 300, 900, 3600])
def test_mass_does_not_depend_on_the_step(cases: Cases, solve: Solve, step_s: int) -> None:
    """C4: a free-floating zone with mass is where it is after two hours, whatever the step."""
    zone = replace(
        cases.zone,
        heat_kw=0,
        cool_kw=0,
        mass_capacity_kwh_per_k=20,
        mass_resistance_k_per_kw=0.5,
    )
    steps = 7200 // step_s
    problem = cases.plain((0.2,) * steps, (0.0,) * steps, step_s=step_s, zones=(zone,))
    state = ZoneState(id="room", temperature_c=28.0, mass_c=20.0)
    plan = solve(replace(problem, zones=(state,)))
    assert plan.zones[0].temperature_c[-1] == pytest.approx(24.81562, abs=1e-4)


def test_a_heavy_building_coasts(cases: Cases, solve: Solve) -> None:
    """With mass that is cool, the room needs less cooling than without."""
    light = cases.plain((0.1, 0.9, 0.9, 0.9), (10.0,) * 4, zones=(cases.zone,))
    zone = replace(cases.zone, mass_capacity_kwh_per_k=30, mass_resistance_k_per_kw=0.3)
    heavy = cases.plain((0.1, 0.9, 0.9, 0.9), (10.0,) * 4, zones=(zone,))
    state = ZoneState(id="room", temperature_c=23.0, mass_c=22.0)
    dear = solve(replace(heavy, zones=(state,)))
    assert sum(dear.zones[0].cool_kw) < sum(solve(light).zones[0].cool_kw) - 1


def _shared(cases: Cases, plant: Plant, **zone: Any) -> Problem:
    rooms = tuple(replace(cases.zone, id=name, plant=plant.id, **zone) for name in ("a", "b"))
    return cases.plain((0.2,) * 3, (10.0,) * 3, zones=rooms, plants=(plant,))


def test_a_shared_plant_is_shared(cases: Cases, solve: Solve) -> None:
    """Both zones would take 20 kW of cold each; the plant has 25."""
    problem = _shared(cases, Plant(id="chiller", heat_kw=0, cool_kw=25))
    hot = tuple(ZoneState(id=name, temperature_c=30.0) for name in ("a", "b"))
    plan = solve(replace(problem, zones=hot))
    cold = [sum(flows) for flows in zip(*(zone.cool_kw for zone in plan.zones), strict=True)]
    assert cold[0] == pytest.approx(25.0, abs=1e-5)
    assert plan.hvac_kw[0] == pytest.approx(25 / 3)


def test_guests_are_cooled_first(cases: Cases, solve: Solve) -> None:
    problem = _shared(cases, Plant(id="chiller", heat_kw=0, cool_kw=18))
    zones = (replace(problem.site.zones[0], comfort_weight=3.0), problem.site.zones[1])
    problem = replace(problem, site=replace(problem.site, zones=zones))
    hot = tuple(ZoneState(id=name, temperature_c=30.0) for name in ("a", "b"))
    plan = {zone.id: zone for zone in solve(replace(problem, zones=hot)).zones}
    assert plan["a"].temperature_c[0] < plan["b"].temperature_c[0] - 1


def test_the_cop_follows_the_weather(cases: Cases, solve: Solve) -> None:
    """Equal prices; COP 3.5 in the cool morning and 2.5 in the heat: it cools in the morning."""
    plant = Plant(id="chiller", heat_kw=0, cool_kw=50, cop_cooling_per_k=-0.1, cop_cooling_at_c=35)
    problem = _shared(cases, plant)
    problem = cases.outside(problem, outdoor_temp_c=(30.0, 40.0, 40.0))
    plan = solve(problem)
    cold = [sum(flows) for flows in zip(*(zone.cool_kw for zone in plan.zones), strict=True)]
    assert plan.hvac_kw[0] == pytest.approx(cold[0] / 3.5)
    assert plan.hvac_kw[1] == pytest.approx(cold[1] / 2.5)
    fixed = _shared(cases, replace(plant, cop_cooling_per_k=0.0))
    fixed = cases.outside(fixed, outdoor_temp_c=(30.0, 40.0, 40.0))
    same = solve(fixed)
    early = [sum(flows) for flows in zip(*(zone.cool_kw for zone in same.zones), strict=True)]
    assert cold[0] >= early[0] - 1e-6


def test_a_plant_beyond_its_capacity_is_refused(cases: Cases, solve: Solve) -> None:
    problem = _shared(cases, Plant(id="chiller", heat_kw=0, cool_kw=25))
    plants = (replace(problem.site.plants[0], cool_kw=5.0),)
    small = replace(problem, site=replace(problem.site, plants=plants))
    hot = tuple(ZoneState(id=name, temperature_c=30.0) for name in ("a", "b"))
    plan = solve(replace(problem, zones=hot))
    texts = verify(replace(small, zones=hot), plan).violations
    assert any("chiller cools beyond its limit" in text for text in texts), texts


def test_the_rules_share_the_plant_and_know_mass(cases: Cases) -> None:
    problem = _shared(
        cases, Plant(id="chiller", heat_kw=9, cool_kw=25), mass_capacity_kwh_per_k=12.0
    )
    hot = tuple(ZoneState(id=name, temperature_c=30.0, mass_c=27.0) for name in ("a", "b"))
    problem = replace(problem, zones=hot)
    assert verify(problem, rules_plan(problem, cases.start)).violations == ()


def test_nobody_there_means_less_cooling(cases: Cases, solve: Solve) -> None:
    problem = cases.plain((0.2,) * 3, (10.0,) * 3, zones=(cases.zone,))
    wider = {"low_c": (17.0,) * 3, "high_c": (27.0,) * 3}
    empty = ZoneForecast(id="room", gains_kw=(1.0,) * 3, **wider)
    used = sum(solve(problem).zones[0].cool_kw)
    assert sum(solve(cases.outside(problem, zones=(empty,))).zones[0].cool_kw) < used


def _rooms(cases: Cases, count: int, spread_k: float) -> Problem:
    rng = np.random.default_rng(3)
    zones = tuple(
        replace(
            cases.zone,
            id=f"room_{index}",
            resistance_k_per_kw=float(rng.uniform(15, 25)),
            capacity_kwh_per_k=float(rng.uniform(0.4, 0.6)),
            heat_kw=2.0,
            cool_kw=2.0,
            comfort_weight=2.0 if index % 3 == 0 else 1.0,
        )
        for index in range(count)
    )
    problem = cases.plain((0.1, 0.5, 0.1, 0.5), (50.0,) * 4, zones=zones)
    states = tuple(
        ZoneState(id=zone.id, temperature_c=float(23 + spread_k * rng.uniform(-1, 1)))
        for zone in zones
    )
    problem = replace(problem, zones=states)
    return cases.outside(
        problem,
        zones=tuple(replace(each, gains_kw=(0.2,) * 4) for each in problem.forecast.zones),
    )


def test_a_hundred_rooms_are_planned_as_twenty_and_handed_back(cases: Cases, solve: Solve) -> None:
    rooms = _rooms(cases, 100, 1.0)
    clustered = cluster_rooms(rooms)
    assert len(clustered.problem.site.zones) == 20
    members = [room for group in clustered.members.values() for room in group]
    assert sorted(members) == sorted(zone.id for zone in rooms.site.zones)
    weights = {zone.id: zone.comfort_weight for zone in rooms.site.zones}
    for group in clustered.members.values():
        assert len({weights[room] for room in group}) == 1
    plan = solve(clustered.problem)
    each = per_room(rooms, clustered, plan.zones)
    assert [zone.id for zone in each] == [zone.id for zone in rooms.site.zones]
    handed = replace(plan, zones=each)
    texts = [text for text in verify(rooms, handed).violations if "room_" in text]
    assert texts == []
    for zone in each:
        assert max(zone.temperature_c[1:]) <= 24.0 + 0.5
    planned = sum(sum(zone.cool_kw) for zone in plan.zones)
    assert sum(sum(zone.cool_kw) for zone in each) == pytest.approx(planned, rel=0.1)


def test_rooms_alike_lose_nothing(cases: Cases, solve: Solve) -> None:
    """Equal rooms: the clustered optimum is the optimum, and so is what is handed back."""
    zone = replace(cases.zone, resistance_k_per_kw=20, capacity_kwh_per_k=0.5, cool_kw=2, heat_kw=2)
    zones = tuple(replace(zone, id=f"room_{index}") for index in range(6))
    problem = cases.plain((0.1, 0.5, 0.1), (50.0,) * 3, zones=zones)
    clustered = cluster_rooms(problem, most=2)
    few, all_of_them = solve(clustered.problem), solve(problem)
    assert len(clustered.problem.site.zones) == 2
    assert few.cost.objective == pytest.approx(all_of_them.cost.objective, rel=1e-6)
    handed = replace(few, zones=per_room(problem, clustered, few.zones))
    assert verify(problem, handed).ok


def test_few_rooms_stay_as_they_are(cases: Cases) -> None:
    problem = _rooms(cases, 5, 1.0)
    assert cluster_rooms(problem).problem is problem


def test_a_room_of_unknown_temperature_is_planned_as_its_neighbours(
    cases: Cases, solve: Solve
) -> None:
    """The clusters stay what they are; nothing is handed back for it, and the plan says why."""
    problem = _rooms(cases, 30, 1.0)
    whole = cluster_rooms(problem)
    states = (ZoneState(id="room_0", temperature_c=None), *problem.zones[1:])
    blind = replace(problem, zones=states)
    clustered = cluster_rooms(blind)
    assert clustered.problem.site == whole.problem.site
    plan = solve(clustered.problem)
    each = per_room(blind, clustered, plan.zones)
    assert [zone.id for zone in each] == [state.id for state in states[1:]]
    assumed = [reason.text for reason in plan.reasons if reason.code is ReasonCode.ASSUMED]
    assert assumed == ["room_0: temperature unknown, planned as the rooms like it"]
    unknown = tuple(replace(state, temperature_c=None) for state in states)
    nothing = cluster_rooms(replace(problem, zones=unknown)).problem
    assert {state.temperature_c for state in nothing.zones} == {None}
    assert nothing.reasons == ()


def test_what_is_measured_never_moves_a_room_to_another_cluster(cases: Cases) -> None:
    """So the compiled site serves every plan of the day."""
    problem = _rooms(cases, 100, 1.0)
    first = cluster_rooms(problem)
    rng = np.random.default_rng(9)
    for _ in range(5):
        states = tuple(
            ZoneState(id=zone.id, temperature_c=float(rng.uniform(15, 30)))
            for zone in problem.site.zones
        )
        again = cluster_rooms(replace(problem, zones=states))
        assert (again.members, again.problem.site) == (first.members, first.problem.site)


def _with_bands(cases: Cases, problem: Problem, middles: dict[str, float]) -> Problem:
    """The rooms named ask for other temperatures."""
    zones = tuple(
        replace(
            each,
            low_c=(middles[each.id] - 2,) * len(each.low_c),
            high_c=(middles[each.id] + 2,) * len(each.high_c),
        )
        if each.id in middles
        else each
        for each in problem.forecast.zones
    )
    return cases.outside(problem, zones=zones)


def test_clusters_stay_until_their_rooms_ask_for_too_different_things(cases: Cases) -> None:
    problem = _with_bands(cases, _rooms(cases, 40, 1.0), {f"room_{n}": 22.9 for n in range(40)})
    first = cluster_rooms(problem, most=6)
    little = _with_bands(cases, problem, {"room_1": 23.2, "room_2": 22.0})
    assert cluster_rooms(little, most=6).members != first.members
    assert cluster_rooms(little, most=6, before=first).members == first.members
    much = _with_bands(cases, problem, {"room_1": 18.0})
    moved = cluster_rooms(much, most=6, before=first)
    assert moved.members == cluster_rooms(much, most=6).members != first.members
    fewer = replace(problem, site=replace(problem.site, zones=problem.site.zones[1:]))
    assert "room_0" not in {
        room for group in cluster_rooms(fewer, 6, first).members.values() for room in group
    }
