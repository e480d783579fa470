"""The price of a month's peak for who knows the days ahead: what perfect forecasts are given. Pure.

The planner foresees a day of load and prices, and beyond it how high the days of the billing period
will come; of the latter, perfect forecasts are the truth too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from edge_agent.month_peak import DAY_S, QUARTER_S, Day, peaks_kw, together, whole_days
from edge_agent.site.load import LoadedSite
from edge_agent.site.tariff_schema import DemandCharge
from edge_agent.tariff.demand import billing_period
from models.forecast.history import Floats, History
from models.types import Battery, DemandTerm

WHOLE_DAY_H = 24.0
"""For so long a peak is held where it is known that it lasts."""


def known_ahead(
    terms: Iterable[DemandTerm],
    loaded: LoadedSite,
    ahead: tuple[datetime, Floats],
    batteries: Sequence[Battery],
) -> tuple[DemandTerm, ...]:
    """Each charge with nothing for a kW below what later days will come to, else its whole rate.

    `ahead` is the site without its batteries [kW] per quarter hour from a moment on.
    """
    charges = {charge.id: charge for charge in loaded.tariff.demand_charges}
    fleet, found = together(batteries), []
    for term in terms:
        charge = charges[term.id]
        days = _unseen_days(charge, loaded, *ahead)
        later_kw = max(peaks_kw(charge, days, loaded, fleet, WHOLE_DAY_H), default=0.0)
        found.append(
            replace(
                term,
                price_per_kw=charge.rate_per_kw,
                ratchet_kw=max(term.ratchet_kw, later_kw),
            )
        )
    return tuple(found)


def _unseen_days(
    charge: DemandCharge, loaded: LoadedSite, at: datetime, net_kw: Floats
) -> list[Day]:
    """The days of the billing period that a plan sees no more than a part of."""
    end = billing_period(charge, at, loaded.zone)[1]
    seen = at + timedelta(hours=loaded.site.planning.horizon_h)
    days = whole_days(History(at, QUARTER_S, net_kw), loaded.zone, end)
    return [day for day in days if day[0] + timedelta(seconds=DAY_S) > seen]
