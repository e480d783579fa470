"""Which demand charges hold the fast loop now. Pure.

Outside its hours and months a charge bills nothing: the loop then neither spends the battery to
keep its peak nor charges less because of it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from models.types import Plan


def bound(plan: Plan, names: Sequence[str], counting: Collection[str]) -> Plan:
    """The plan with the peaks of the charges that count now alone, in their order.

    `names` are the charges the plan's peaks are of; where they do not fit it, it stays as it is.
    """
    if len(names) != len(plan.peaks_kw):
        return plan
    pairs = zip(names, plan.peaks_kw, strict=True)
    return replace(plan, peaks_kw=tuple(kw for name, kw in pairs if name in counting))
