"""Switched equipment, capped loads and inverters. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from edge_agent.arbiter import Bounds, clamp, within
from edge_agent.envelope import LoadEnvelope, PvEnvelope, SwitchEnvelope
from edge_agent.guarding.pace import paced
from edge_agent.guarding.recall import budget, elapsed_s
from edge_agent.guarding.sight import number, unseen
from edge_agent.guarding.verdict import Case, Verdict, blind

GRAIN_KW = 0.05 + 1e-9
"""A plan's power is told in tenths: so much below a load's floor still means the floor."""


def pv(case: Case, wish_kw: float, envelope: PvEnvelope) -> Verdict:
    """An inverter's limit."""
    bounds = (0.0, envelope.peak_kw)
    missing = unseen((envelope.power,), case.snapshot)
    if missing:
        return blind(case, missing, bounds)
    text = f"inverter takes 0..{envelope.peak_kw:g} kW"
    return _bounded(case, paced(wish_kw, case, envelope.pace), bounds, text)


def load(case: Case, wish_kw: float, envelope: LoadEnvelope) -> Verdict:
    """The cap of a load."""
    floor_kw = min(envelope.floor_kw, envelope.rated_kw)
    bounds = (0.0 if envelope.may_stop else floor_kw, envelope.rated_kw)
    missing = () if envelope.power is None else unseen((envelope.power,), case.snapshot)
    if missing:
        return _run_or_stop(case, wish_kw, blind(case, missing, bounds), floor_kw)
    text = f"the load is capped at {bounds[0]:g}..{bounds[1]:g} kW"
    verdict = _bounded(case, paced(wish_kw, case, envelope.pace), bounds, text)
    return _run_or_stop(case, wish_kw, verdict, floor_kw)


def _run_or_stop(case: Case, wish_kw: float, verdict: Verdict, floor_kw: float) -> Verdict:
    """A load that may stop runs from its floor on or not at all; ramps step over the gap."""
    if verdict.value is None or not 0 < verdict.value < floor_kw:
        return verdict
    most_kw = floor_kw if case.decision.confined is None else case.decision.confined[1]
    runs = wish_kw > 0 and floor_kw - wish_kw <= GRAIN_KW and most_kw >= floor_kw
    what = "it runs with no less" if runs else "it stops"
    cut = f"below {floor_kw:g} kW the load does not run: {what}"
    return replace(verdict, value=floor_kw if runs else 0.0, cuts=(*verdict.cuts, cut))


def _bounded(case: Case, went: tuple[float, tuple[str, ...]], bounds: Bounds, text: str) -> Verdict:
    """What pace has left, within the confining claims, within the equipment."""
    value, cuts = went
    confined = bounds if case.decision.confined is None else case.decision.confined
    held = clamp(value, within(confined, bounds))
    return Verdict(value=held, cuts=cuts if held == value else (*cuts, text))


def switch(case: Case, wish: float, envelope: SwitchEnvelope) -> Verdict:
    """On or off, nothing between: never too short, never against frost or heat."""
    missing = unseen(_needed(envelope), case.snapshot)
    middle = (envelope.on_value + envelope.off_value) / 2
    want_on = (wish > middle) == (envelope.on_value > envelope.off_value)
    if missing:
        # A confining claim rests on no reading; off is what it asks for when it asks.
        off = envelope.off_value
        return blind(case, missing, (off, off))
    for turns_on, why in _forces(case, envelope):
        if turns_on != want_on:
            return _checked(case, envelope, want_on=turns_on, cuts=(why,))
    return _checked(case, envelope, want_on=want_on, cuts=())


def _needed(envelope: SwitchEnvelope) -> tuple[str, ...]:
    watched = (envelope.keep_on_below, envelope.keep_off_above)
    return tuple(one[0] for one in watched if one is not None)


def _forces(case: Case, envelope: SwitchEnvelope) -> Iterator[tuple[bool, str]]:
    """What temperatures demand, the strongest first."""
    for watched, turns_on in ((envelope.keep_off_above, False), (envelope.keep_on_below, True)):
        if watched is None:
            continue
        key, edge_c = watched
        at_c = number(key, case.snapshot) or 0.0
        if at_c < edge_c if turns_on else at_c > edge_c:
            state = "on" if turns_on else "off"
            yield turns_on, f"{key} shows {at_c:.1f} degC: it stays {state}"


def _checked(
    case: Case, envelope: SwitchEnvelope, *, want_on: bool, cuts: tuple[str, ...]
) -> Verdict:
    """The wanted state as soon as short-cycling allows; law and heat end a running time at once."""
    wanted = envelope.on_value if want_on else envelope.off_value
    recall = case.recall
    if recall is None or recall.value == wanted:
        return Verdict(value=wanted, cuts=cuts)
    passed_s = elapsed_s(recall.since, case.snapshot.at)
    if want_on and recall.value != envelope.on_value and passed_s < envelope.min_off_s:
        return Verdict(value=recall.value, cuts=(*cuts, f"off for {envelope.min_off_s:g} s yet"))
    lawful = case.lawful or (bool(cuts) and not want_on)
    if not want_on and not lawful and recall.value is not None and passed_s < envelope.min_on_s:
        return Verdict(value=recall.value, cuts=(*cuts, f"on for {envelope.min_on_s:g} s yet"))
    if envelope.writes_per_day is not None and not lawful:
        left = budget(recall, case.snapshot.at, envelope.writes_per_day)
        if left < 1 and recall.value is not None:
            why = f"the device stands {envelope.writes_per_day} writes a day"
            return Verdict(value=recall.value, cuts=(why,))
    return Verdict(value=wanted, cuts=cuts)
