"""Circuits and phases behind late meters of their own, second by second, with the guard."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from dead_time_rig import METER, NOON, Cell, LateBattery, envelope, picture

from edge_agent.arbiter import Entry, Priority, arbitrate
from edge_agent.envelope import BatteryEnvelope, ConnectionEnvelope, Envelope, LoadEnvelope
from edge_agent.fastloop.lag import Lag
from edge_agent.fastloop.meter import Seen
from edge_agent.fastloop.nodes import Nodes, watch_nodes
from edge_agent.fastloop.rest import watch_rest
from edge_agent.guard import guard_cycle
from edge_agent.guarding.recall import PointRecall, Recall
from edge_agent.guarding.seen_load import SeenLoad
from edge_agent.snapshot import Snapshot

STEP_S, RUN_S = 20, 100
CURRENTS = tuple(f"meter.current_l{line}" for line in (1, 2, 3))


class Site:
    """Batteries under the guard's word alone: everybody wants 0 kW."""

    def __init__(self, fleet: tuple[BatteryEnvelope, ...], *, watched: bool = True) -> None:
        self.fleet = fleet
        self._envelopes: dict[str, Envelope] = {one.point: one for one in fleet}
        self._watched = watched
        self._nodes, self._recall = Nodes(), Recall()

    def commands(self, image: Snapshot) -> dict[str, float]:
        loads: tuple[SeenLoad, ...] = ()
        if self._watched:
            self._nodes, loads = watch_nodes(self._nodes, self.fleet, image, self._recall)
        entries = [
            Entry(
                point=point,
                value=0.0,
                priority=Priority.PLAN,
                owner="plan",
                reason="idle",
                since=NOON,
                expires=NOON + timedelta(hours=1),
            )
            for point in self._envelopes
        ]
        decisions = arbitrate(self._envelopes, entries, image.at)
        cycle = guard_cycle(decisions, self._envelopes, image, self._recall, loads)
        self._recall = cycle.recall
        return {one.point: one.value or 0.0 for one in cycle.guarded}


def circuit_course(late_s: int, *, watched: bool) -> list[float]:
    """What a battery behind a circuit of 60 kW does when 90 kW are drawn there."""
    annex = ConnectionEnvelope(meter="sub.power", import_limit_kw=60.0, export_limit_kw=500.0)
    one = replace(envelope(), circuits=(annex,))
    site, battery, course = Site((one,), watched=watched), LateBattery(Cell(inverter_delay_s=1)), []
    drawn: list[float] = []
    for second in range(RUN_S):
        drawn.append((40.0 if second < STEP_S else 90.0) + battery.power_kw)
        course.append(battery.power_kw)
        sub_kw = drawn[max(0, second - late_s)]
        values = {METER: (drawn[-1], 0.0), "sub.power": (sub_kw, 0.0)}
        values |= {one.power: (battery.power_kw, 0.0), one.soc: (50.0, 0.0)}
        image = picture(NOON + timedelta(seconds=second), values)
        battery.second(site.commands(image)[one.point])
    return course


@pytest.mark.parametrize("late_s", [0, 3, 8, 14])
def test_a_late_circuit_is_answered_once(late_s: int) -> None:
    course = circuit_course(late_s, watched=True)
    assert min(course) == pytest.approx(-30.0)
    assert course[STEP_S + late_s + 4 :] == pytest.approx([-30.0] * (RUN_S - STEP_S - late_s - 4))


def test_taken_as_it_stands_it_would_be_answered_again_and_again() -> None:
    assert min(circuit_course(8, watched=False)) < -60.0


def phase_course(phases: tuple[int | None, ...], late_s: int) -> list[list[float]]:
    """Batteries on those phases while phase 1 draws 10 A too much; per battery by the second."""
    connection = ConnectionEnvelope(
        meter=METER,
        import_limit_kw=1000.0,
        export_limit_kw=1000.0,
        currents=CURRENTS,
        max_current_a=100.0,
    )
    fleet = tuple(
        replace(envelope(name=f"bat{index}"), connection=connection, phase=phase)
        for index, phase in enumerate(phases)
    )
    site, packs = Site(fleet), [LateBattery(Cell(inverter_delay_s=1)) for _ in fleet]
    courses: list[list[float]] = [[] for _ in fleet]
    flows: list[list[float]] = []
    for second in range(RUN_S):
        base_kw = [0.23 * (90.0 if second < STEP_S or line else 110.0) for line in range(3)]
        for pack, phase in zip(packs, phases, strict=True):
            for line in range(3):
                base_kw[line] += pack.power_kw * ((phase is None) / 3 + (phase == line + 1))
        flows.append(base_kw)
        shown = flows[max(0, second - late_s)]
        values = {METER: (sum(shown), 0.0)}
        values |= {key: (abs(kw) / 0.23, 0.0) for key, kw in zip(CURRENTS, shown, strict=True)}
        for pack, one, course in zip(packs, fleet, courses, strict=True):
            values |= {one.power: (pack.power_kw, 0.0), one.soc: (50.0, 0.0)}
            course.append(pack.power_kw)
        commands = site.commands(picture(NOON + timedelta(seconds=second), values))
        for pack, one in zip(packs, fleet, strict=True):
            pack.second(commands[one.point])
    return courses


@pytest.mark.parametrize("late_s", [0, 5, 14])
@pytest.mark.parametrize(("phases", "own_kw"), [((None,), -6.9), ((1,), -2.3), ((1, 2), -2.3)])
def test_a_late_phase_is_answered_once(
    phases: tuple[int | None, ...], own_kw: float, late_s: int
) -> None:
    """Also where batteries on several phases leave the sum open whose answer is due."""
    first, *others = phase_course(phases, late_s)
    assert min(first) == pytest.approx(own_kw)
    assert first[-1] == pytest.approx(own_kw)
    assert all(kw == 0.0 for course in others for kw in course)


def test_what_was_known_of_a_meter_is_taken_up() -> None:
    lag = Lag(low_s=3.0, high_s=5.0, known=True)
    one = envelope()
    values = {METER: (50.0, 0.0), one.power: (10.0, 0.0)}
    nodes, (load,) = watch_nodes(
        Nodes().knowing(METER, lag), [one], picture(NOON, values), Recall()
    )
    assert nodes.seen[METER].lag == lag
    assert (load.meter, load.kw, load.members) == (METER, 40.0, (one.point,))


def test_a_battery_that_does_not_tell_of_itself_is_part_of_the_load() -> None:
    one, other = envelope(), envelope(name="two")
    values = {METER: (50.0, 0.0), one.power: (10.0, 0.0)}
    _, (load,) = watch_nodes(Nodes(), [one, other], picture(NOON, values), Recall())
    assert (load.kw, load.members) == (40.0, (one.point,))


def test_the_rest_of_a_site_in_spite_of_a_late_meter() -> None:
    """A heat pump that has just gone off has not left room for itself yet."""
    one, heat = envelope(), LoadEnvelope(point="heat.cap", rated_kw=40.0, power="heat.power")
    seen, load = Seen(), None
    for second in range(60):
        heat_kw = 30.0 if second < 50 else 0.0
        shown_kw = 80.0 + (30.0 if second - 10 < 50 else 0.0)
        values = {METER: (shown_kw, 0.0), one.power: (0.0, 0.0), "heat.power": (heat_kw, 0.0)}
        image = picture(NOON + timedelta(seconds=second), values)
        seen, load = watch_rest(seen, [one, heat], image)
    assert load is not None
    assert load.kw == pytest.approx(80.0)
    assert load.members == ("heat.cap", one.point)


@pytest.mark.parametrize(
    "envelopes",
    [
        [],
        [LoadEnvelope(point="heat.cap", rated_kw=40.0, power="heat.power")],
        [envelope(), LoadEnvelope(point="heat.cap", rated_kw=40.0)],
    ],
)
def test_a_rest_that_cannot_be_known(envelopes: list[Envelope]) -> None:
    image = picture(NOON, {METER: (50.0, 0.0), "bat.power": (0.0, 0.0), "heat.power": (9.0, 0.0)})
    assert watch_rest(Seen(), envelopes, image) == (Seen(), None)


def watched(nodes: Nodes, second: float, meter_kw: float, sent_kw: float | None) -> Nodes:
    """One tick of a battery that shows 0 kW, with what left for it last."""
    one, now = envelope(), NOON + timedelta(seconds=second)
    values = {METER: (meter_kw, 0.0), one.power: (0.0, 0.0), one.soc: (50.0, 0.0)}
    recall = Recall(points={one.point: PointRecall(value=sent_kw, at=now, since=now)})
    return watch_nodes(nodes, (one,), picture(now, values), recall)[0]


def test_the_same_power_asked_for_after_a_release_is_a_command_of_its_own() -> None:
    """A battery that tells of itself late is not taken for a load that fell."""
    nodes = Nodes().knowing(METER, Lag(low_s=-6.0, high_s=1.0, known=True))
    for second in range(110):
        sent_kw = None if 5 <= second < 100 else -50.0
        nodes = watched(nodes, second, 150.0 if second < 104 else 100.0, sent_kw)
        if second >= 30:
            assert nodes.seen[METER].load_kw == 150.0


def test_a_clock_that_steps_back_leaves_nothing_waiting() -> None:
    nodes = Nodes()
    for second in (*range(5), *range(-3600, -3300)):
        nodes = watched(nodes, second, 100.0 + second % 3, 0.0)
    assert len(nodes.seen[METER].changes) < 10
