"""One site over one span, ready to be played: arrays per quarter hour, and what was assumed.

Quarter hours before `first` are the site's past, which forecasts may learn from; those of
[first, last) are played and paid for; a day more lets the last plans look ahead.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from edge_agent.backtest.charges import BilledCharge, charges_of
from edge_agent.backtest.data_file import QUARTER_S, DataFile
from edge_agent.backtest.errors import BacktestError
from edge_agent.site.asset_schema import BatteryAsset, HvacAsset
from edge_agent.site.load import LoadedSite
from edge_agent.site.schema import Site
from edge_agent.site.tariff_schema import Tariff
from edge_agent.sitemodel import site_model
from edge_agent.tariff.known import feeds_of_file
from edge_agent.tariff.prices import Feeds, price_series
from models.forecast.history import Floats
from models.types import Battery

DAY = 96
WEEK = 7 * DAY
MOST_HOURS = 24.0
LIVE_LIMITS = (
    "charge_limit",
    "discharge_limit",
    "charge_limit_a",
    "discharge_limit_a",
    "voltage",
    "current",
    "temperature",
    "alarms",
    "contactor",
)
"""What a battery's own management tells while it runs; nobody tells it in a backtest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What of a data file is played, UTC; None = from the beginning, to the end."""

    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """Powers in kW, prices per kWh, per quarter hour from `start`."""

    loaded: LoadedSite
    start: datetime
    first: int
    last: int
    load_kw: Floats
    """Nothing missing: see `assumed`."""
    measured_kw: Floats
    """The same as it was measured; nan in gaps."""
    pv_kw: Floats
    import_price: Floats
    export_price: Floats
    co2_kg_per_kwh: Floats | None
    month: NDArray[np.int64]
    """Place of the billing month of every quarter hour, 0 for that of `first`, -1 before."""
    month_names: tuple[str, ...]
    assumed: tuple[str, ...]

    @property
    def battery(self) -> Battery:
        """The one battery."""
        return site_model(self.loaded.site, self.loaded.tariff).batteries[0]

    def charges(self) -> tuple[BilledCharge, ...]:
        """Every demand charge over the span, reckoned anew."""
        return charges_of(
            self.loaded, self.start, (self.first, self.last), self.net_kw[: self.last]
        )

    @property
    def net_kw(self) -> Floats:
        """Import without a battery."""
        net: Floats = self.load_kw - self.pv_kw
        return net

    def at(self, step: int) -> datetime:
        """When a quarter hour begins."""
        return self.start + timedelta(seconds=QUARTER_S * step)

    @property
    def played(self) -> slice:
        """The quarter hours that are played."""
        return slice(self.first, self.last)


def case_of(loaded: LoadedSite, data: DataFile, span: Span) -> Case:
    """Cut to whole hours and filled; raises BacktestError when there is nothing to play."""
    site, trims = _plain(loaded.site)
    loaded = replace(loaded, site=site)
    first, last = _bounds(data, span)
    load, gap_words = _filled_load(data.columns["load_kw"], first, last)
    pv, pv_words = _pv(site, data, last)
    imports, exports, price_words = _prices(loaded, data, first, last)
    month, names = _months(loaded, data.start, first, last)
    co2 = data.columns.get("co2_kg_per_kwh")
    known_co2 = None if co2 is None or np.isnan(co2[first:last]).any() else co2[:last]
    # The prices of every step are known here: the tariff keeps its demand charges alone.
    given = loaded.tariff
    bare = Tariff(
        kind="flat",
        price_per_kwh=0.0,
        country=given.country,
        subdivision=given.subdivision,
        demand_charges=given.demand_charges,
    )
    return Case(
        loaded=replace(loaded, tariff=bare, prices=None),
        start=data.start,
        first=first,
        last=last,
        load_kw=load,
        measured_kw=data.columns["load_kw"][:last],
        pv_kw=pv,
        import_price=imports,
        export_price=exports,
        co2_kg_per_kwh=known_co2,
        month=month,
        month_names=names,
        assumed=(*trims, *gap_words, *pv_words, *price_words, *_known_ahead(data)),
    )


def _a_day_more(values: Floats, last: int) -> Floats:
    """With the day after `last`; where the file ends, its last day stands in."""
    longer = values[: last + DAY]
    missing = last + DAY - len(longer)
    result: Floats = np.concatenate([longer, longer[len(longer) - DAY :][DAY - missing :]])
    gaps = np.flatnonzero(np.isnan(result[last:])) + last
    result[gaps] = result[gaps - DAY]
    return result


def _known_ahead(data: DataFile) -> tuple[str, ...]:
    words = ["prices are known for the whole horizon of a plan"]
    if data.step_s > QUARTER_S:
        words.append(f"the file's means over {data.step_s // 60} min hold for each quarter hour")
    return tuple(words)


def _plain(site: Site) -> tuple[Site, list[str]]:
    """The site with what a file of load, PV and prices can show."""
    assets = site.assets
    words = []
    if len(assets.battery) != 1:
        msg = f"a backtest from a file plays one battery, the site has {len(assets.battery)}"
        raise BacktestError(msg)
    if assets.hvac.zones or assets.thermal_stores or assets.heat_pumps or assets.switches:
        words.append("zones, tanks, heat pumps and switches stay as they are inside load_kw")
    grid = assets.grid.model_copy(
        update={"circuits": (), "operator_signals": (), "max_current_a": None}
    )
    plain = assets.model_copy(
        update={
            "grid": grid,
            "battery": tuple(_always_allowed(battery) for battery in assets.battery),
            "hvac": HvacAsset(),
            "thermal_stores": (),
            "heat_pumps": (),
            "switches": (),
        }
    )
    planning = site.planning
    if planning.horizon_h > MOST_HOURS:
        words.append(f"plans look {MOST_HOURS:g} h ahead")
        planning = planning.model_copy(update={"horizon_h": MOST_HOURS})
    return site.model_copy(update={"assets": plain, "planning": planning}), words


def _always_allowed(battery: BatteryAsset) -> BatteryAsset:
    nothing: dict[str, object] = dict.fromkeys(LIVE_LIMITS)
    return battery.model_copy(update=nothing | {"phase": None, "circuits": ()})


def _bounds(data: DataFile, span: Span) -> tuple[int, int]:
    """First and last + 1 quarter hour to play, on whole hours."""

    def place(moment: datetime) -> int:
        return round((moment - data.start).total_seconds() / QUARTER_S)

    first = 0 if span.start is None else max(0, place(span.start))
    last = len(data) if span.end is None else min(len(data), place(span.end))
    into_hour = int(data.start.timestamp()) % 3600 // QUARTER_S
    first += -(first + into_hour) % 4
    last -= (last + into_hour) % 4
    if last - first < DAY:
        msg = "a backtest needs at least one day of data inside its span"
        raise BacktestError(msg)
    return first, last


def _filled_load(measured: Floats, first: int, last: int) -> tuple[Floats, list[str]]:
    """Gaps take the same time of another week or day, the nearest first."""
    load = measured.copy()
    missing = int(np.isnan(measured[first:last]).sum())
    shifts = [sign * n * WEEK for n in range(1, 9) for sign in (1, -1)]
    shifts += [sign * n * DAY for n in range(1, 7) for sign in (1, -1)]
    for shift in shifts:
        gaps = np.flatnonzero(np.isnan(load))
        others = gaps - shift
        inside = (others >= 0) & (others < len(load))
        load[gaps[inside]] = measured[others[inside]]
    if np.isnan(load[first:last]).any():
        msg = "load_kw: a gap has no other day that could stand in for it"
        raise BacktestError(msg)
    load = _a_day_more(np.where(np.isnan(load), float(np.nanmean(load)), load), last)
    if not missing:
        return load, []
    return load, [
        f"load_kw: {missing} quarter hours are not measured, the same time of a week nearby "
        "stands in, in every policy alike"
    ]


def _pv(site: Site, data: DataFile, last: int) -> tuple[Floats, list[str]]:
    none: Floats = np.zeros(last + DAY)
    given = data.columns.get("pv_kw")
    if not site.assets.pv:
        return none, [] if given is None else ["pv_kw is ignored: the site has no PV plant"]
    if given is None:
        return none, ["pv_kw is not in the file: the PV plants make nothing"]
    missing = int(np.isnan(given[:last]).sum())
    words = [f"pv_kw: {missing} gaps count as 0 kW"] if missing else []
    return _a_day_more(np.nan_to_num(given, nan=0.0), last), words


def _prices(
    loaded: LoadedSite, data: DataFile, first: int, last: int
) -> tuple[Floats, Floats, list[str]]:
    """The file's prices; the site's own tariff where it has none."""
    given = data.columns.get("price_import_per_kwh", np.full(last, np.nan))[:last]
    sold = data.columns.get("price_export_per_kwh", np.full(last, np.nan))[:last]
    words = []
    gaps = np.flatnonzero(np.isnan(given[first:]) | np.isnan(sold[first:])) + first
    starts = [data.start + timedelta(seconds=QUARTER_S * int(step)) for step in gaps]
    own, own_sold = np.full(last, np.nan), np.full(last, np.nan)
    if starts:
        zone, tariff = loaded.site.site.timezone, loaded.tariff
        feeds = feeds_of_file(loaded.prices, tariff, zone) if loaded.prices else Feeds()
        seen = price_series(tariff, feeds, starts, [QUARTER_S] * len(starts), loaded.zone)
        own[gaps] = [np.nan if price is None else price for price in seen.imports]
        own_sold[gaps] = [np.nan if price is None else price for price in seen.exports]
    for values, name in ((given, "import"), (sold, "export")):
        missing = int(np.isnan(values[first:]).sum())
        if missing:
            words.append(f"{missing} quarter hours take the {name} price of the site's tariff")
    imports = np.where(np.isnan(given), own, given)
    if np.isnan(imports[first:]).any():
        msg = "neither the file nor the site's tariff knows every import price of the span"
        raise BacktestError(msg)
    exports_all = np.where(np.isnan(sold), own_sold, sold)
    return _a_day_more(imports, last), _a_day_more(exports_all, last), words


def month_of(moment: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """UTC start and end of the local month that holds `moment`."""
    first = moment.astimezone(zone).date().replace(day=1)
    following = (first + timedelta(days=31)).replace(day=1)
    begin, end = (
        datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
        for day in (first, following)
    )
    return begin, end


def _months(
    loaded: LoadedSite, start: datetime, first: int, last: int
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Billing month of every quarter hour, counted from that of the first one played."""
    place = np.full(last, -1, dtype=np.int64)
    names: list[str] = []
    step = first
    while step < last:
        moment = start + timedelta(seconds=QUARTER_S * step)
        begin, end = month_of(moment, loaded.zone)
        until = min(last, step + -(-int((end - moment).total_seconds()) // QUARTER_S))
        place[step:until] = len(names)
        names.append(f"{begin.astimezone(loaded.zone):%Y-%m}")
        step = until
    return place, tuple(names)
