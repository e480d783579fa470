"""What may be planned with: every number finite, every series as long as the grid, ids that match.

A refusal is a BadInputError whose message names the input and the step, for instance
"forecast.load_kw[3] is nan".
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

from models.billing import BLOCK_LENGTHS_S
from models.conditions import MOST_LEVELS
from models.inputs_equipment import check_site
from models.refusal import check_numbers, require
from models.spans import day_count
from models.types import DemandTerm, Forecast, Problem, Series

_SERIES = ("load_kw", "outdoor_temp_c", "import_price_per_kwh", "export_price_per_kwh")
_OPTIONAL = (
    "peak_margin_kw",
    "co2_kg_per_kwh",
    "marginal_co2_kg_per_kwh",
    "export_co2_kg_per_kwh",
)
_ZONE_SERIES = ("gains_kw", "low_c", "high_c")


def check_problem(problem: Problem) -> None:
    """BadInputError unless every number of `problem` can be planned with."""
    if problem.grid.start.utcoffset() != timedelta(0):
        msg = f"grid.start: an aware UTC time is due, got {problem.grid.start!r}"
        require(holds=False, text=msg)
    check_site(problem.site, problem.grid.step_s)
    check_numbers(problem, "")
    _check_lengths(problem)
    _check_ids(problem)
    for term in problem.demand_terms:
        _check_term(f"demand_terms[{term.id}]", term)
    _check_loads(problem)
    _check_events(problem)


def _check_lengths(problem: Problem) -> None:
    """One number per step in every series."""
    due = len(problem.grid)
    for name, series in _all_series(problem):
        require(len(series) == due, f"{name} has {len(series)} values where {due} are due")


def _all_series(problem: Problem) -> Iterator[tuple[str, Series]]:
    """Every series that has one number per step, with its name."""
    forecast = problem.forecast
    yield from _forecast_series(forecast)
    for term in problem.demand_terms:
        if term.counts:
            yield f"demand_terms[{term.id}].counts", term.counts
    for event in problem.events:
        yield f"events[{event.id}].baseline_kw", event.baseline_kw
    for reserve in problem.frequency_reserves:
        yield f"frequency_reserves[{reserve.id}].up_kw", reserve.up_kw
        yield f"frequency_reserves[{reserve.id}].down_kw", reserve.down_kw
    for name, last in problem.tidiness.last_kw if problem.tidiness else ():
        yield f"tidiness.last_kw[{name}]", last


def _forecast_series(forecast: Forecast) -> Iterator[tuple[str, Series]]:
    """The series of a forecast."""
    for field in _SERIES:
        yield f"forecast.{field}", getattr(forecast, field)
    for field in _OPTIONAL:
        if given := getattr(forecast, field):
            yield f"forecast.{field}", given
    for pv in forecast.pvs:
        yield f"forecast.pvs[{pv.id}].available_kw", pv.available_kw
    yield from _equipment_series(forecast)


def _equipment_series(forecast: Forecast) -> Iterator[tuple[str, Series]]:
    """The series of a forecast that belong to a piece of equipment."""
    for zone in forecast.zones:
        for field in _ZONE_SERIES:
            yield f"forecast.zones[{zone.id}].{field}", getattr(zone, field)
    for store in forecast.thermal_stores:
        yield f"forecast.thermal_stores[{store.id}].draw_kw", store.draw_kw
    for circuit in forecast.circuits:
        yield f"forecast.circuits[{circuit.id}].load_kw", circuit.load_kw


def _check_ids(problem: Problem) -> None:
    """Every asset of the site has its forecast and state, each once, and nothing else has."""
    site, forecast = problem.site, problem.forecast
    for name, specs, given in (
        ("batteries", site.batteries, problem.batteries),
        ("zones", site.zones, problem.zones),
        ("forecast.pvs", site.pvs, forecast.pvs),
        ("forecast.zones", site.zones, forecast.zones),
        ("thermal_stores", site.thermal_stores, problem.thermal_stores),
        ("forecast.thermal_stores", site.thermal_stores, forecast.thermal_stores),
        ("shiftables", site.shiftables, problem.shiftables),
    ):
        _match(name, [each.id for each in specs], [each.id for each in given])
    _match("demand_terms", list(site.demand_charges), [each.id for each in problem.demand_terms])
    for name, known, some in (
        ("forecast.circuits", site.circuits, forecast.circuits),
        ("sheds", site.shed_groups, problem.sheds),
        ("frequency_reserves", site.batteries, problem.frequency_reserves),
    ):
        ids = [each.id for each in some]
        due = {each.id for each in known}
        require(len(set(ids)) == len(ids), f"{name}: an id stands twice")
        require(due.issuperset(ids), f"{name}: {ids} given where {sorted(due)} can be")


def _match(name: str, due: list[str], ids: list[str]) -> None:
    """The ids given are the ids due."""
    require(sorted(ids) == sorted(due), f"{name}: {ids} given where {due} are due")


def _check_term(name: str, term: DemandTerm) -> None:
    """A demand charge the peak rows can express."""
    require(term.block_s in BLOCK_LENGTHS_S, f"{name}.block_s must be one of {BLOCK_LENGTHS_S}")
    require(term.price_per_kw >= 0, f"{name}.price_per_kw is below 0")
    most = len(term.levels) <= MOST_LEVELS
    require(most, f"{name}.levels: {len(term.levels)} where {MOST_LEVELS} can be")
    starts = [level.from_kw for level in term.levels]
    prices = [term.price_per_kw, *(level.price_per_kw for level in term.levels)]
    rising = starts == sorted(starts) and prices == sorted(prices)
    require(rising, f"{name}.levels do not rise")
    inside = 0.0 <= term.open_block_elapsed_s <= term.block_s
    require(inside, f"{name}.open_block_elapsed_s is outside its block")
    require(all(0 <= share <= 1 for share in term.counts), f"{name}.counts not within 0 .. 1")


def _check_loads(problem: Problem) -> None:
    """Jobs one after another; nothing that has been shed, run or drawn is below nothing."""
    for device in problem.shiftables:
        name = f"shiftables[{device.id}]"
        require(device.running_s >= 0, f"{name}.running_s is below 0")
        ahead = [
            job
            for job in device.jobs
            if job.deadline > problem.grid.start and job.earliest < problem.grid.end
        ]
        most = day_count(problem.grid.step_s)
        require(len(ahead) <= most, f"{name}.jobs: {len(ahead)} where {most} can be")
        for job, later in pairwise(ahead):
            require(job.deadline <= later.earliest, f"{name}.jobs overlap")
        for job in device.jobs:
            require(min(job.energy_kwh, job.done_kwh) >= 0, f"{name}.jobs: energy below 0")
    for shed in problem.sheds:
        least = min(shed.active_s, shed.cooling_s, shed.backlog_kwh)
        require(least >= 0, f"sheds[{shed.id}]: a number below 0")
    for battery in problem.batteries:
        name = f"batteries[{battery.id}].throughput_today_kwh"
        require(battery.throughput_today_kwh >= 0, f"{name} is below 0")
    for reserve in problem.frequency_reserves:
        least = min((*reserve.up_kw, *reserve.down_kw, reserve.hold_s))
        require(least >= 0, f"frequency_reserves[{reserve.id}]: a number below 0")
    for store in problem.forecast.thermal_stores:
        name = f"forecast.thermal_stores[{store.id}].draw_kw"
        require(min(store.draw_kw) >= 0, f"{name} is below 0")


def _check_events(problem: Problem) -> None:
    """No more events than the site is compiled for, each with a sound commitment."""
    most = problem.site.event_slots
    require(len(problem.events) <= most, f"events: {len(problem.events)} where {most} can be")
    for event in problem.events:
        name = f"events[{event.id}]"
        require(event.duration_s > 0, f"{name}.duration_s must be positive")
        least = min(event.committed_kw, event.price_per_kwh, event.penalty_per_kwh)
        require(least >= 0, f"{name}: a number below 0")
        require(min(event.notice_s, event.rebound_s) >= 0, f"{name}: a time below 0")
        require(event.rebound_cap_kw >= 0, f"{name}.rebound_cap_kw is below 0")
    require(problem.co2_price_per_kg >= 0, "co2_price_per_kg is below 0")
