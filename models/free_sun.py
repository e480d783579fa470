"""Curtailment that gains nothing is undone: at an export price of nothing the sun still shines."""

from __future__ import annotations

import numpy as np

from models.solved import Solved

_NOTHING = 1e-9


def take_free_sun(solved: Solved) -> None:
    """Feed in, in place, what was curtailed where a kWh exported costs and earns nothing.

    Only within the export limit and where nothing is imported, so no cost and no other row moves;
    a site with circuits or events is left as it is.
    """
    site = solved.problem.site
    if site.circuits or solved.problem.events:
        return
    compiled, values = solved.compiled, solved.values
    export = compiled.columns["grid.export_kw"].cells
    drawn = solved.column("grid.import_kw") + solved.column("grid.import_over_kw")
    free = np.abs(solved.programme.cost[export]) <= _NOTHING
    free &= drawn <= _NOTHING
    room = np.where(free, site.grid.export_limit_kw - values[export], 0.0)
    for pv in site.pvs:
        cells = compiled.columns[f"pv[{pv.id}].pv_kw"].cells
        lost = solved.named[f"pv[{pv.id}].available_kw"] - values[cells]
        more = np.clip(lost, 0.0, np.maximum(room, 0.0))
        values[cells] += more
        values[export] += more
        room = room - more
