"""CPU time of a plan: hot against cold HiGHS, and against Pyomo built anew, all on one matrix."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from statistics import median
from typing import TypeVar

import highspy
import pyomo.environ as pe

from bench.optimiser_parts.hotel import even, hotel
from bench.optimiser_parts.sure import proven, sure
from models.affine import CompiledSite, Programme, fill
from models.compiled import compile_site
from models.highs import HotLp, linear_programme
from models.parameters import Named, parameters
from models.site import build
from models.types import Problem

PLENTY_S = 120.0
Figures = dict[str, float]
T = TypeVar("T")


def speed() -> Figures:
    """Ratios and milliseconds at 6 h with 5 zones and at 24 h with 10 zones, in steps of 5 min."""
    figures: Figures = {}
    for name, horizon_h, zones, repeats in (("6h", 6, 5, 11), ("24h", 24, 10, 9)):
        days = [hotel(even(5, horizon_h, 15 * n), zones, seed=n) for n in range(repeats)]
        compiled = compile_site(days[0].site, days[0].grid.step_s)
        measured = _Pace(compiled, days)
        figures |= {
            f"hot_to_cold_{name}": round(measured.hot_s / measured.cold_s, 3),
            f"fresh_to_hot_{name}": round(_fresh_s(compiled, days[:3]) / measured.hot_s, 1),
            f"hot_ms_{name}": round(1e3 * measured.hot_s, 1),
            f"columns_{name}": compiled.column_count,
        }
        if name == "24h":
            figures["update_ms_20k"] = round(1e3 * measured.update_s, 1)
            figures["data_ms_20k"] = round(1e3 * measured.data_s, 1)
            figures["cooled_kwh_24h"] = round(measured.cooled_kwh)
    return figures


class _Pace:
    """Medians over days that follow each other by a quarter of an hour, each disturbed anew."""

    def __init__(self, compiled: CompiledSite, days: list[Problem]) -> None:
        lp = HotLp(compiled)
        datas, updates, hots, colds = [], [], [], []
        for day in days:
            data_s, named = _timed(partial(parameters, day))
            update_s, programme = _timed(partial(_update, lp, compiled, named))
            run_s, found = _timed(partial(lp.run, PLENTY_S))
            solution = proven(found)
            datas.append(data_s)
            updates.append(update_s)
            hots.append(update_s + run_s)
            colds.append(_cold_s(compiled, programme))
        cells = [
            group.cells
            for name, group in compiled.columns.items()
            if name.startswith("zone[") and name.endswith(".cool_kw")
        ]
        cooled = sum(float(solution.values[each].sum()) for each in cells)
        sure(cooled > 0, "no zone had to be cooled")
        # The first solve of an instance is a cold one.
        self.data_s, self.update_s = median(datas[1:]), median(updates[1:])
        self.hot_s, self.cold_s = median(hots[1:]), median(colds[1:])
        self.cooled_kwh = cooled * days[0].grid.step_s[0] / 3600.0


def _update(lp: HotLp, compiled: CompiledSite, named: Named) -> Programme:
    """New data into HiGHS."""
    programme = fill(compiled, compiled.flatten(named))
    lp.update(programme)
    return programme


def _cold_s(compiled: CompiledSite, programme: Programme) -> float:
    """A new HiGHS as it comes with the same matrix: the run alone, without passing it."""
    highs = highspy.Highs()  # type: ignore[no-untyped-call]  # its constructor has no types
    highs.silent()
    good = highspy.HighsStatus.kOk
    sure(highs.setOptionValue("threads", 1) == good, "threads")
    sure(highs.passModel(linear_programme(compiled, programme)) == good, "passModel")
    took_s, status = _timed(highs.run)
    sure(status == good, "run")
    sure(highs.getModelStatus() == highspy.HighsModelStatus.kOptimal, "no optimum")
    return took_s


def _fresh_s(compiled: CompiledSite, days: list[Problem]) -> float:
    """A new Pyomo model of the day, given to HiGHS by Pyomo's own interface."""
    return median(_timed(partial(_fresh, compiled, day))[0] for day in days)


def _fresh(compiled: CompiledSite, day: Problem) -> None:
    model = build(day.site, day.grid.step_s)
    data = compiled.flatten(parameters(day))
    for name, group in compiled.parameters.items():
        leaves = model.find_component(name).values()
        for leaf, value in zip(leaves, data[group.cells].tolist(), strict=True):
            leaf.set_value(value)
    solver = pe.SolverFactory("appsi_highs")
    solver.highs_options = {"threads": 1}
    solver.solve(model)


def _timed(call: Callable[[], T]) -> tuple[float, T]:
    """CPU seconds of this process, and what came of it."""
    began_s = time.process_time()
    result = call()
    return time.process_time() - began_s, result
