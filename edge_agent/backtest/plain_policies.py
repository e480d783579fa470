"""The policies ours is held against that need no plan: none, greedy, and a peak threshold.

All of them know the mean of the quarter hour they are in, which flatters them a little.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edge_agent.backtest.case import DAY, WEEK, Case
from edge_agent.backtest.meter import Meter
from edge_agent.backtest.outcome import Book, Outcome, settle, start_soc_kwh
from models.forecast.history import Floats
from models.types import Battery

PEAK_SHARE = 0.97
"""The peak rule's threshold: this quantile of the last four weeks' import."""
HOURS = 0.25
Rule = Callable[[int, float], float]
"""(quarter hour, its mean import without battery [kW]) -> wanted battery power [kW]."""


def no_control(case: Case, meter: Meter) -> Outcome:
    """PV without a battery."""
    still = np.full(case.last, start_soc_kwh(case))
    return _played("no_control", case, meter, np.zeros(case.last), still)


def greedy(case: Case, meter: Meter) -> Outcome:
    """Charges what would be exported, gives whatever would be imported."""
    return _ruled("greedy", case, meter, lambda _, net_kw: -net_kw)


def peak_rule(case: Case, meter: Meter) -> Outcome:
    """Gives above a threshold, charges below it."""
    threshold_kw = thresholds_kw(case)
    return _ruled("peak_rule", case, meter, lambda step, net_kw: threshold_kw[step] - net_kw)


def thresholds_kw(case: Case) -> Floats:
    """Per quarter hour, renewed every day from the four weeks before; of all past at least."""
    net = case.net_kw
    found = np.zeros(case.last)
    for step in range(case.first, case.last, DAY):
        past = net[max(0, step - 4 * WEEK) : step]
        level = np.quantile(past, PEAK_SHARE) if len(past) >= DAY else net[step : step + DAY].max()
        found[step : step + DAY] = max(0.0, float(level))
    return found


def _ruled(name: str, case: Case, meter: Meter, rule: Rule) -> Outcome:
    battery, net = case.battery, case.net_kw
    powers, socs = np.zeros(case.last), np.zeros(case.last)
    soc_kwh = start_soc_kwh(case)
    for step in range(case.first, case.last):
        powers[step] = able_kw(battery, soc_kwh, rule(step, float(net[step])))
        soc_kwh += stored_kwh(battery, powers[step] * HOURS)
        socs[step] = soc_kwh
    return _played(name, case, meter, powers, socs)


def able_kw(battery: Battery, soc_kwh: float, wanted_kw: float) -> float:
    """The wanted power as far as rating and window allow over a quarter hour."""
    room_kwh = battery.soc_max_share * battery.capacity_kwh - soc_kwh
    left_kwh = soc_kwh - battery.soc_min_share * battery.capacity_kwh
    high_kw = min(battery.charge_kw, max(0.0, room_kwh) / battery.charge_efficiency / HOURS)
    low_kw = min(battery.discharge_kw, max(0.0, left_kwh) * battery.discharge_efficiency / HOURS)
    return min(max(wanted_kw, -low_kw), high_kw)


def stored_kwh(battery: Battery, energy_kwh: float) -> float:
    """What arrives in the cells, or leaves them, for an energy at the AC side."""
    if energy_kwh >= 0:
        return energy_kwh * battery.charge_efficiency
    return energy_kwh / battery.discharge_efficiency


def _played(name: str, case: Case, meter: Meter, powers: Floats, socs: Floats) -> Outcome:
    """The bill of known powers, one per quarter hour."""
    book = Book(case)
    book.soc_kwh[case.played] = socs[case.played]
    for first in range(case.first, case.last, DAY):
        count = min(DAY, case.last - first)
        shape = meter.shape(first, count)
        for place in range(count):
            step = first + place
            net_kw = case.load_kw[step] * (1 + shape[place]) - case.pv_kw[step] + powers[step]
            book.post(step, net_kw, max(0.0, -powers[step] * HOURS))
    return settle(name, book)
