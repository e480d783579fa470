"""From one standing to the next: what the lived steps of a plan leave behind."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import datetime

from models.casestudy.axis import Axis
from models.casestudy.charges import BLOCK_S
from models.casestudy.roster import Roster
from models.casestudy.standing import Standing
from models.plan import Plan

COOL_DOWN_S = 3600.0
_SEEN_KW = 1e-6


def carried(before: Standing, lived: Plan, roster: Roster, span: tuple[Axis, int]) -> Standing:
    """The standing after the first steps of `span`; `lived` has actual grid power in them."""
    axis, steps = span
    after = deepcopy(before)
    local = axis.part(0, steps + 1).local
    for step in range(steps):
        _throughput(after, lived, roster, (step, axis.step_s))
        _peaks(after, max(0.0, lived.grid_kw[step]), (local[step], axis.step_s))
        _shed(after, lived, step, axis.step_s)
        if local[step + 1].date() != local[step].date():
            after.throughput_kwh = {}
    last = steps - 1
    return replace(
        after,
        soc_kwh={each.id: each.soc_kwh[last] for each in lived.batteries},
        temperature_c={each.id: each.temperature_c[last] for each in lived.zones},
    )


def _throughput(after: Standing, lived: Plan, roster: Roster, at: tuple[int, int]) -> None:
    """Stored energy in plus out of one step."""
    step, step_s = at
    for each in lived.batteries:
        part = roster.batteries[each.id]
        power = each.power_kw[step]
        moved = power * part.eta_charge if power > 0 else -power / part.eta_discharge
        done = after.throughput_kwh.get(each.id, 0.0)
        after.throughput_kwh[each.id] = done + moved * step_s / 3600.0


def _peaks(after: Standing, drawn_kw: float, at: tuple[datetime, int]) -> None:
    """Close quarter hours one after another."""
    moment, step_s = at
    left_s = float(step_s)
    while left_s > 0:
        taken = min(left_s, BLOCK_S - after.open_block_s)
        after.open_block_kwh += drawn_kw * taken / 3600.0
        after.open_block_s += taken
        left_s -= taken
        if after.open_block_s >= BLOCK_S:
            mean = after.open_block_kwh * 3600.0 / BLOCK_S
            month = (moment.year, moment.month)
            after.month_peak_kw[month] = max(after.month_peak_kw.get(month, 0.0), mean)
            known = after.year_peak_kw.get(moment.year, 0.0)
            after.year_peak_kw[moment.year] = max(known, mean)
            after.open_block_kwh = after.open_block_s = 0.0


def _shed(after: Standing, lived: Plan, step: int, step_s: int) -> None:
    """How long the load has been shed, and how long it still has to rest."""
    active = any(each.shed_kw[step] > _SEEN_KW for each in lived.sheds)
    if active:
        after.shed_active_s += step_s
        after.shed_cooling_s = 0.0
    elif after.shed_active_s:
        after.shed_active_s = 0.0
        after.shed_cooling_s = max(0.0, COOL_DOWN_S - step_s)
    else:
        after.shed_cooling_s = max(0.0, after.shed_cooling_s - step_s)
