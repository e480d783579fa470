"""How large new batteries and PV plants should be: a linear programme over representative days.

Minimised is the cost of a year: annuity and maintenance of what is bought, energy, both demand
charges, and emissions at their price. Every yearly sum is a sum over days times their weights, so
nothing is annualised a second time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyomo.environ as pe

from models.casestudy.errors import StudyError
from models.casestudy.sizes import Sizes
from models.casestudy.year_days import HOURS, Day

UNSERVED_EUR_PER_KWH = 100.0
_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryOption:
    """A battery with `existing_kwh` and room for `most_new_kwh`."""

    existing_kwh: float
    most_new_kwh: float
    yearly_per_kwh: float
    """Annuity and maintenance of a new kWh [EUR/a]."""
    power_per_capacity: float
    eta_charge: float
    eta_discharge: float
    kept_per_h: float
    """Share of the stored energy left after an hour."""
    soc_min_share: float
    soc_max_share: float
    cycles_per_day: float
    wear_per_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PvOption:
    """A PV plant; its column holds what a new kWp gives, the existing plant's is `fixed`."""

    most_new_kwp: float
    yearly_per_kwp: float
    per_kwp: str
    """Column of a day [kW per kWp]."""
    fixed: str
    """Column of a day [kW]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """What import costs beyond its price, and its limits."""

    maxbuy_kw: float
    maxsell_kw: float
    month_per_kw: float
    year_per_kw: float
    co2_per_kg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Investment:
    """What to buy and what the year then costs [EUR, EUR/a, kg/a]."""

    sizes: Sizes
    invest: float
    annuity_per_a: float
    maintenance_per_a: float
    operation_per_a: float
    """Energy and demand charges; emissions are not in it."""
    co2_kg_per_a: float
    co2_cost_per_a: float
    unserved_kwh_per_a: float
    days: int
    """Representative days it rests on."""

    @property
    def total_per_a(self) -> float:
        """Operation, annuity and maintenance."""
        return self.operation_per_a + self.annuity_per_a + self.maintenance_per_a


def annuity_factor(interest: float, years: float) -> float:
    """Yearly share of an investment paid back over `years`: r (1+r)^N / ((1+r)^N - 1)."""
    if interest == 0:
        return 1.0 / years
    growth: float = (1.0 + interest) ** years
    return interest * growth / (growth - 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Everything sizing decides about."""

    batteries: Mapping[str, BatteryOption]
    pvs: Mapping[str, PvOption]
    tariff: Tariff


@dataclass(frozen=True, slots=True, kw_only=True)
class YearCost:
    """The optimum of the programme."""

    sizes: Sizes
    operation_per_a: float
    co2_kg_per_a: float
    unserved_kwh_per_a: float


def best_sizes(days: Sequence[Day], options: Options) -> YearCost:
    """Solve with HiGHS; StudyError when there is no optimum."""
    model = _model(days, options)
    solver = pe.SolverFactory("appsi_highs")
    solver.config.load_solution = False
    outcome = solver.solve(model)
    if outcome.solver.termination_condition != pe.TerminationCondition.optimal:
        word = str(outcome.solver.termination_condition)
        raise StudyError("sizing", f"no optimum ({word})", "check the limits of the grid")
    sizes = Sizes(
        battery_kwh={name: _whole(model.new_kwh[name]) for name in options.batteries},
        pv_kwp={name: _whole(model.new_kwp[name]) for name in options.pvs},
    )
    return YearCost(
        sizes=sizes,
        operation_per_a=float(pe.value(model.operation)),
        co2_kg_per_a=float(pe.value(model.co2_kg)),
        unserved_kwh_per_a=float(pe.value(model.unserved_kwh)),
    )


def _whole(variable: Any) -> float:  # noqa: ANN401 - Pyomo
    """The value, without the solver's dust."""
    value = float(pe.value(variable))
    return 0.0 if value < _TOLERANCE else value


def _model(days: Sequence[Day], options: Options) -> pe.ConcreteModel:
    """Sizes once, operation per day and hour."""
    model = pe.ConcreteModel(name="sizing")
    model.day = pe.RangeSet(0, len(days) - 1)
    model.hour = pe.RangeSet(0, HOURS - 1)
    batteries, pvs = options.batteries, options.pvs
    model.new_kwh = pe.Var(
        list(batteries), bounds=lambda _, name: (0, batteries[name].most_new_kwh)
    )
    model.new_kwp = pe.Var(list(pvs), bounds=lambda _, name: (0, pvs[name].most_new_kwp))
    tariff = options.tariff
    cells = (model.day, model.hour)
    model.buy_kw = pe.Var(*cells, bounds=(0, tariff.maxbuy_kw))
    model.sell_kw = pe.Var(*cells, bounds=(0, tariff.maxsell_kw))
    model.unserved_kw = pe.Var(*cells, bounds=(0, None))
    model.pv_kw = pe.Var(*cells, bounds=(0, None))
    _declare_batteries(model, batteries)
    _declare_balance(model, days, pvs)
    _declare_costs(model, days, options)
    return model


def _declare_batteries(model: pe.ConcreteModel, batteries: Mapping[str, BatteryOption]) -> None:
    """Stored energy goes round each day; powers and window follow the capacity."""
    keys = (list(batteries), model.day, model.hour)
    for name in ("charge_kw", "discharge_kw", "stored_kwh"):
        model.add_component(name, pe.Var(*keys, bounds=(0, None)))
    model.capacity_kwh = pe.Expression(
        list(batteries), rule=lambda m, b: batteries[b].existing_kwh + m.new_kwh[b]
    )

    def stored(m: pe.ConcreteModel, b: str, d: int, t: int) -> pe.Expression:
        option = batteries[b]
        before = m.stored_kwh[b, d, (t - 1) % HOURS]
        gained = option.eta_charge * m.charge_kw[b, d, t]
        drawn = m.discharge_kw[b, d, t] / option.eta_discharge
        return m.stored_kwh[b, d, t] == option.kept_per_h * before + gained - drawn

    def cycled(m: pe.ConcreteModel, b: str, d: int) -> pe.Expression:
        option = batteries[b]
        moved = sum(
            option.eta_charge * m.charge_kw[b, d, t]
            + m.discharge_kw[b, d, t] / option.eta_discharge
            for t in m.hour
        )
        return moved <= 2.0 * option.cycles_per_day * m.capacity_kwh[b]

    def within(share: str, sign: float) -> pe.Constraint:
        return pe.Constraint(
            *keys,
            rule=lambda m, b, d, t: (
                sign * m.stored_kwh[b, d, t]
                <= sign * getattr(batteries[b], share) * m.capacity_kwh[b]
            ),
        )

    def powered(flow: str) -> pe.Constraint:
        return pe.Constraint(
            *keys,
            rule=lambda m, b, d, t: (
                m.component(flow)[b, d, t] <= batteries[b].power_per_capacity * m.capacity_kwh[b]
            ),
        )

    model.stored_energy = pe.Constraint(*keys, rule=stored)
    model.cycles = pe.Constraint(list(batteries), model.day, rule=cycled)
    model.window_high = within("soc_max_share", 1.0)
    model.window_low = within("soc_min_share", -1.0)
    model.charge_power = powered("charge_kw")
    model.discharge_power = powered("discharge_kw")


def _declare_balance(
    model: pe.ConcreteModel, days: Sequence[Day], pvs: Mapping[str, PvOption]
) -> None:
    """Production and import meet consumption in every hour."""

    def available(m: pe.ConcreteModel, d: int, t: int) -> pe.Expression:
        columns = days[d].columns
        return m.pv_kw[d, t] <= sum(
            float(columns[option.fixed][t]) + float(columns[option.per_kwp][t]) * m.new_kwp[name]
            for name, option in pvs.items()
        )

    def balance(m: pe.ConcreteModel, d: int, t: int) -> pe.Expression:
        net = sum(m.charge_kw[b, d, t] - m.discharge_kw[b, d, t] for b in m.new_kwh)
        load = float(days[d].columns["load_kw"][t])
        supplied = m.buy_kw[d, t] + m.pv_kw[d, t] + m.unserved_kw[d, t]
        return supplied == load + net + m.sell_kw[d, t]

    model.sunlight = pe.Constraint(model.day, model.hour, rule=available)
    model.balance = pe.Constraint(model.day, model.hour, rule=balance)


def _declare_costs(model: pe.ConcreteModel, days: Sequence[Day], options: Options) -> None:
    """The year in money and carbon."""
    tariff = options.tariff
    months = sorted({day.month for day in days})
    model.month_peak_kw = pe.Var(months, bounds=(0, None))
    model.year_peak_kw = pe.Var(bounds=(0, None))
    model.month_peak = pe.Constraint(
        model.day,
        model.hour,
        rule=lambda m, d, t: m.month_peak_kw[days[d].month] >= m.buy_kw[d, t],
    )
    model.year_peak = pe.Constraint(
        months, rule=lambda m, month: m.year_peak_kw >= m.month_peak_kw[month]
    )

    def yearly(price: str, flow: Any) -> Any:  # noqa: ANN401 - Pyomo
        return sum(
            days[d].weight * float(days[d].columns[price][t]) * flow[d, t]
            for d in model.day
            for t in model.hour
        )

    demand = tariff.month_per_kw * sum(model.month_peak_kw[each] for each in months)
    model.operation = pe.Expression(
        expr=yearly("buy", model.buy_kw)
        - yearly("sell", model.sell_kw)
        + demand
        + tariff.year_per_kw * model.year_peak_kw
    )
    model.co2_kg = pe.Expression(expr=yearly("co2", model.buy_kw))
    model.unserved_kwh = pe.Expression(
        expr=sum(days[d].weight * model.unserved_kw[d, t] for d in model.day for t in model.hour)
    )
    owned = sum(
        option.yearly_per_kwh * model.new_kwh[name] for name, option in options.batteries.items()
    ) + sum(option.yearly_per_kwp * model.new_kwp[name] for name, option in options.pvs.items())
    wear = sum(
        option.wear_per_kwh * days[d].weight * model.discharge_kw[name, d, t]
        for name, option in options.batteries.items()
        for d in model.day
        for t in model.hour
    )
    model.objective = pe.Objective(
        expr=model.operation
        + owned
        + wear
        + tariff.co2_per_kg * model.co2_kg
        + UNSERVED_EUR_PER_KWH * model.unserved_kwh
    )
