"""A case study: where and when, in which steps, and the scenarios compared in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from datetime import UTC, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd

from models.casestudy.assumed import Assumed
from models.casestudy.axis import Axis, step_seconds, utc
from models.casestudy.errors import StudyError
from models.casestudy.kpis import compared
from models.casestudy.parts import SEMDRMain
from models.casestudy.roster import Roster, Site
from models.casestudy.scenario import Scenario

REFERENCE_YEAR = 2018
BERLIN = (52.52, 13.405)
DAY_H = 24.0
PAST_H = 1.0
"""Hours of a rolling window that are past: what was measured in them corrects the forecast."""
_HOUR_S = 3600
_SERIES = (
    "p_el",
    "p_pv",
    "irradiance",
    "temperature",
    "outdoor_temp",
    "gains_kw",
    "occupancy",
    "c_buy",
    "c_sell",
    "co2_intensity",
)


class CaseStudy:
    """Steps, place and time of a study."""

    def __init__(  # noqa: PLR0913 - the seed's signature
        self,
        name: str = "study",
        year: int | None = None,
        freq: str = "60min",
        country: str = "DE",
        *,
        consider_invest: bool = False,
        coords: tuple[float, float] | None = None,
        timezone: str = "Europe/Berlin",
    ) -> None:
        """`freq`: 1min, 5min, 15min, 30min, 60min or 1h; `coords`: latitude and longitude."""
        self.name = name
        self.freq = freq
        self.consider_invest = consider_invest
        self.scenarios: dict[str, Scenario] = {}
        self.reference: Scenario | None = None
        """What every result is compared with; None = the same site without flexibility."""
        self._step_s = step_seconds(freq)
        self._year = year
        self._coords = coords
        try:
            zone = ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            remedy = "use a name such as Europe/Berlin"
            raise StudyError("timezone", f"{timezone!r} is not known", remedy) from error
        self.site = Site(coords=coords or BERLIN, zone=zone, country=country)
        self._start: datetime | None = None
        self._steps: int | None = None
        self._horizon_h: float | None = None

    def set_rolling_horizon(self, horizon_hours: float = 6.0) -> CaseStudy:
        """Windows of so many hours: `Scenario.run` takes 1 h past and the rest ahead.

        `Scenario.solve` plans the whole window from its start.
        """
        if horizon_hours <= PAST_H:
            remedy = f"give more than {PAST_H:g} h, the first of which is past"
            raise StudyError("horizon_hours", f"{horizon_hours!r} given", remedy)
        self._horizon_h = float(horizon_hours)
        return self

    def set_time_horizon(
        self, start: object, steps: int | None = None, end: object = None
    ) -> CaseStudy:
        """Plan from `start` for so many steps, or until `end`; aware times or ISO text."""
        self._start = utc(start, "start")
        if end is not None:
            seconds = (utc(end, "end") - self._start).total_seconds()
            steps = round(seconds / self._step_s)
        if steps is not None and steps <= 0:
            raise StudyError("end", "the horizon has no step", "give an end after the start")
        self._steps = steps
        return self

    @property
    def past_steps(self) -> int:
        """Steps of a rolling window that are past."""
        return round(PAST_H * _HOUR_S / self._step_s)

    @property
    def ahead_steps(self) -> int:
        """Steps of a rolling window that are ahead."""
        return round((self._horizon_h or 6.0) * _HOUR_S / self._step_s) - self.past_steps

    def axis(self, found: Roster, assumed: Assumed) -> Axis:
        """The horizon of `Scenario.solve`: as set, else from the first time of the series given."""
        steps = self._steps or round((self._horizon_h or DAY_H) * _HOUR_S / self._step_s)
        start = self._start or _first_time(found)
        if start is None:
            year = self._year or REFERENCE_YEAR
            start = datetime(year, 1, 1, tzinfo=self.site.zone).astimezone(UTC)
            assumed.add("start", f"1 January {year}, 0 h", "neither set_time_horizon nor series")
        if self._coords is None and found.pvs:
            assumed.add("coords", f"{BERLIN[0]}, {BERLIN[1]}", "Berlin")
        return Axis(start, self._step_s, steps, self.site.zone)

    def run_axis(self, start: datetime, end: datetime) -> Axis:
        """An hour before `start` to a window after the last solve."""
        span = (end - start).total_seconds()
        if span < self._step_s:
            raise StudyError("end", "the run has no step", "give an end after the start")
        lived = round(span / self._step_s) + self.past_steps
        first = start - timedelta(seconds=self.past_steps * self._step_s)
        zone = self.site.zone
        return Axis(first, self._step_s, lived + self.ahead_steps, zone, due=lived)

    def adopt(self, scenario: Scenario) -> None:
        """Take in a scenario under its name."""
        if scenario.name in self.scenarios:
            fault = "there is a scenario of that name"
            place = f"scenario {scenario.name}"
            raise StudyError(place, fault, "give another name")
        self.scenarios[scenario.name] = scenario

    def add_REF_scen(self, name: str = "REF") -> Scenario:  # noqa: N802 - the seed's name
        """A new scenario that all others are compared with."""
        self.reference = Scenario(cs=self, name=name)
        return self.reference

    def add_scen(self, name: str, based_on: str = "REF") -> Scenario:
        """A new scenario with copies of another's parts."""
        if based_on not in self.scenarios:
            known = ", ".join(self.scenarios) or "there is none yet"
            place = f"scenario {based_on}"
            raise StudyError(place, "not in this study", f"use one of: {known}")
        return self.scenarios[based_on].copied_into(Scenario(cs=self, name=name))

    def add_scens(
        self,
        scen_vars: Sequence[tuple[str, str, Sequence[float]]] = (),
        *,
        nParetoPoints: int = 0,  # noqa: N803 - the seed's name
        based_on: str = "REF",
    ) -> list[Scenario]:
        """One scenario per combination of (`SEMDRGrid.demand_charge`, short name, values).

        `nParetoPoints` spreads `SEMDRMain.alpha` over 0 .. 0.99 besides.
        """
        axes = list(scen_vars)
        if nParetoPoints:
            last = max(1, nParetoPoints - 1)
            alphas = [0.99 * place / last for place in range(nParetoPoints)]
            axes.append(("SEMDRMain.alpha", "a", alphas))
        made = []
        for values in product(*(each[2] for each in axes)):
            chosen = list(zip(axes, values, strict=True))
            name = "_".join(f"{short}{value:g}" for (_, short, _), value in chosen)
            twin = self.add_scen(name, based_on)
            for (entity, _, _), value in chosen:
                _assign(twin, entity, value)
            made.append(twin)
        return made

    def optimize(self) -> CaseStudy:
        """Solve every scenario that has no result yet."""
        for scenario in self.scenarios.values():
            if scenario.result is None:
                scenario.solve()
        return self

    @property
    def table(self) -> pd.DataFrame:
        """Solved scenarios beside the reference: cost [EUR], emissions [kg], peak [kW], saved."""
        rows = dict(self._rows())
        if not rows:
            raise StudyError("table", "no scenario is solved", "call optimize() first")
        return pd.DataFrame.from_dict(rows, orient="index")

    @property
    def pareto(self) -> pd.DataFrame:
        """Solved scenarios by cost and emissions, without those another one beats in both."""
        table = self.table[["cost", "co2_kg"]].sort_values(["cost", "co2_kg"])
        best = table["co2_kg"].cummin().shift(1, fill_value=float("inf"))
        return table[table["co2_kg"] < best]

    def pinned(self, axis: Axis, *, invests: bool) -> CaseStudy:
        """The same study on a given horizon."""
        twin = copy(self)
        twin.consider_invest = invests
        return twin.set_time_horizon(axis.start, axis.steps)

    def _rows(self) -> Iterator[tuple[str, dict[str, float]]]:
        """One row per solved scenario."""
        base = self.reference.result if self.reference else None
        for name, scenario in self.scenarios.items():
            result = scenario.result
            if result is None:
                continue
            row = {key: result.figures[key] for key in ("cost", "co2_kg", "peak_kw")}
            if base is not None:
                saved = compared(result.figures, base.figures)["saved_share"]
                row |= {f"{key}_saved_share": float(saved[key]) for key in tuple(row)}
            yield name, row


def _first_time(found: Roster) -> datetime | None:
    """The latest first time of the series given: all of them have begun then."""
    parts = [*found.demands.values(), *found.hvacs.values(), *found.pvs.values(), found.grid]
    firsts = [
        utc(series.index.min(), name)
        for part in parts
        for name in _SERIES
        if isinstance(series := getattr(part, name, None), pd.Series)
        and isinstance(series.index, pd.DatetimeIndex)
        and series.index.tz is not None
        and len(series)
    ]
    return max(firsts, default=None)


def _assign(scenario: Scenario, entity: str, value: float) -> None:
    """Set `Class.parameter` of the first part of that class."""
    kind, _, parameter = entity.partition(".")
    part = next((each for each in scenario.components if type(each).__name__ == kind), None)
    if part is None and kind == "SEMDRMain":
        part = SEMDRMain()
        scenario.add_component(part)
    if part is None or not hasattr(part, parameter):
        remedy = "write it as Class.parameter of a part the scenario has"
        raise StudyError(entity, "no such parameter", remedy)
    setattr(part, parameter, value)
