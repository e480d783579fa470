"""Rooms and tanks: frost, comfort, humidity, hygiene. Pure."""

from __future__ import annotations

from datetime import timedelta

from edge_agent.arbiter import Priority, clamp
from edge_agent.envelope import LegionellaCycle, TankEnvelope, ZoneEnvelope
from edge_agent.guarding.humidity import too_humid
from edge_agent.guarding.pace import paced
from edge_agent.guarding.recall import Cycle
from edge_agent.guarding.sight import number, unseen
from edge_agent.guarding.verdict import Case, Flag, Verdict
from edge_agent.hygiene import CYCLE_REACH_K

ROOM_BOUNDS_C = (-50.0, 80.0)
"""A room's thermometer that shows anything else is broken."""
TANK_BOUNDS_C = (-20.0, 120.0)


def zone(case: Case, wish_c: float, envelope: ZoneEnvelope) -> Verdict:
    """A room's setpoint: its safe band has the last word."""
    air_c = number(envelope.temperature, case.snapshot)
    if air_c is None:
        return Verdict(value=None, cuts=unseen((envelope.temperature,), case.snapshot))
    if clamp(air_c, ROOM_BOUNDS_C) != air_c:
        return Verdict(value=None, cuts=(f"{envelope.temperature} shows {air_c:g} degC",))
    value_c, cuts = paced(wish_c, case, envelope.pace)
    for bounds, why in _zone_bounds(case, envelope, air_c):
        cut_c = clamp(value_c, bounds)
        if cut_c != value_c:
            cuts = (*cuts, why)
            value_c = cut_c
    return Verdict(value=value_c, cuts=cuts)


def _zone_bounds(
    case: Case, envelope: ZoneEnvelope, air_c: float
) -> list[tuple[tuple[float, float], str]]:
    """What bounds the setpoint, the strongest last."""
    floor_c = min(max(envelope.low_c, envelope.frost_c), envelope.high_c)
    bounds = []
    if envelope.comfort_c is not None and not case.by_person:
        low_c, high_c = envelope.comfort_c
        if air_c < low_c:
            bounds.append(((low_c, float("inf")), f"the room is below its {low_c:g} degC"))
        elif air_c > high_c:
            bounds.append(((float("-inf"), high_c), f"the room is above its {high_c:g} degC"))
    if envelope.humidity is not None:
        humid = too_humid(envelope.humidity, air_c, case.snapshot)
        if humid is not None:
            bounds.append(((float("-inf"), envelope.humidity.cooling_c), f"no setback: {humid}"))
    safe = f"safe band is {floor_c:g}..{envelope.high_c:g} degC"
    bounds.append(((floor_c, envelope.high_c), safe))
    return bounds


def tank(case: Case, envelope: TankEnvelope) -> Verdict:
    """A tank's setpoint; a due anti-legionella cycle is asked for even when nobody wants anything.

    A person at the device, and a cycle the device runs itself, are left alone.
    """
    water_c = number(envelope.temperature, case.snapshot)
    if water_c is None:
        return Verdict(value=None, cuts=unseen((envelope.temperature,), case.snapshot))
    if clamp(water_c, TANK_BOUNDS_C) != water_c:
        return Verdict(value=None, cuts=(f"{envelope.temperature} shows {water_c:g} degC",))
    cycle = None if envelope.cycle is None else _cycle(case, envelope.cycle, water_c)
    due = cycle is not None and envelope.cycle is not None and _due(case, envelope.cycle, cycle)
    flags = (_due_flag(envelope),) if due else ()
    alone = _left_alone(case, envelope)
    if alone is not None or (case.wish is None and not due):
        return Verdict(value=None, cuts=alone or (), flags=flags, cycle=cycle)
    floor_c, why = _floor(case, envelope, cycle_due=due)
    wish_c = floor_c if case.wish is None else case.wish
    value_c, cuts = paced(wish_c, case, envelope.pace)
    held_c = clamp(value_c, (floor_c, max(floor_c, envelope.high_c)))
    if held_c < value_c:
        cuts = (*cuts, f"the tank takes {envelope.high_c:g} degC at most")
    elif held_c > value_c or case.wish is None:
        cuts = (*cuts, why)
    return Verdict(value=held_c, cuts=cuts, flags=flags, cycle=cycle)


def _left_alone(case: Case, envelope: TankEnvelope) -> tuple[str, ...] | None:
    winner = case.decision.winner
    if winner is not None and winner.priority is Priority.LOCAL_OVERRIDE and winner.value is None:
        return ()
    key = envelope.cycle_running
    if key is None:
        return None
    running = number(key, case.snapshot)
    if running is None:
        return unseen((key,), case.snapshot)
    return None if running == 0 else ("an anti-legionella cycle runs",)


def _floor(case: Case, envelope: TankEnvelope, *, cycle_due: bool) -> tuple[float, str]:
    """Lowest setpoint now, degC, never above what the tank takes, and why."""
    floor_c, why = envelope.frost_c, f"a tank is kept at {envelope.frost_c:g} degC or more"
    if envelope.hygiene_c is not None and not case.by_person:
        floor_c = max(floor_c, envelope.hygiene_c)
        why = f"hot water is kept at {envelope.hygiene_c:g} degC or more"
        cold_k = _cold_return_k(case, envelope)
        if cold_k > 0:
            floor_c += cold_k
            why = f"the circulation returns {cold_k:.1f} K below {envelope.return_c:g} degC"
    if cycle_due and envelope.cycle is not None:
        floor_c = max(floor_c, envelope.cycle.temperature_c + CYCLE_REACH_K)
        why = "an anti-legionella cycle is due"
    return min(floor_c, envelope.high_c), why


def _cold_return_k(case: Case, envelope: TankEnvelope) -> float:
    """How much the circulation comes back too cold; 0 when that is not measured."""
    key = envelope.circulation_return
    return_c = None if key is None else number(key, case.snapshot)
    return 0.0 if return_c is None else max(0.0, envelope.return_c - return_c)


def _cycle(case: Case, wanted: LegionellaCycle, water_c: float) -> Cycle:
    """How the cycle stands after this reading."""
    now = case.snapshot.at
    before = Cycle() if case.recall is None else case.recall.cycle or Cycle()
    if water_c < wanted.temperature_c:
        return Cycle(done_at=before.done_at)
    hot_since = now if before.hot_since is None or before.hot_since > now else before.hot_since
    enough = now - hot_since >= timedelta(minutes=wanted.hold_min)
    return Cycle(done_at=now if enough else before.done_at, hot_since=hot_since)


def _due(case: Case, wanted: LegionellaCycle, cycle: Cycle) -> bool:
    if cycle.done_at is None:
        return True
    since = case.snapshot.at - cycle.done_at
    return not timedelta(0) <= since < timedelta(days=wanted.every_days)


def _due_flag(envelope: TankEnvelope) -> Flag:
    text = "an anti-legionella cycle is due and under way"
    return Flag(code="hygiene_cycle", subject=envelope.point, text=text)
