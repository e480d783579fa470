"""A tariff file as frozen models. Times are local; prices in the site's currency."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from edge_agent.site.terms import Finite, Id, NotNegative, Strict

ClockTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d\Z")]
DayOfYear = Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])\Z")]
Month = Annotated[int, Field(ge=1, le=12)]
ShareOf = Annotated[float, Field(ge=0, le=1)]


class PriceBlock(Strict):
    """A price from `start` (HH:MM, local) to the next block."""

    start: ClockTime
    price_per_kwh: Finite


Blocks = tuple[PriceBlock, ...]


class Season(Strict):
    """Blocks from `start` (MM-DD) to the next season; without others they hold on all days."""

    id: Id
    start: DayOfYear
    blocks: Blocks
    weekend_blocks: Blocks = ()
    """Saturdays and Sundays."""
    holiday_blocks: Blocks = ()
    """Public holidays of `country`; without them a holiday is a weekend day."""


class Adder(Strict):
    """A fee on every kWh imported: one price, or blocks of every day."""

    id: Id
    per_kwh: Finite | None = None
    blocks: Blocks = ()


class Export(Strict):
    """What a kWh fed in earns: a price, blocks, a share of the import feed, or its own feed."""

    kind: Literal["flat", "time_of_use", "share", "feed"]
    per_kwh: Finite | None = None
    blocks: Blocks = ()
    share: ShareOf | None = None
    """Of the energy price, before adders and tax."""
    adder_per_kwh: Finite = 0.0


class Window(Strict):
    """Local hours in which a demand charge is measured; over midnight where end <= start."""

    start: ClockTime = "00:00"
    end: ClockTime = "00:00"
    days: Literal["all", "workdays", "weekends"] = "all"
    """Public holidays count as weekends."""


class DemandCharge(Strict):
    """Money per kW of the highest block average in a billing period (local time)."""

    id: Id
    rate_per_kw: NotNegative
    interval_min: Literal[15, 30, 60] = 15
    period: Literal["month", "year"] = "month"
    windows: tuple[Window, ...] = ()
    """Empty: at any time."""
    months: tuple[Month, ...] = ()
    """In which it is charged; empty: all."""
    ratchet_share: ShareOf = 0.0
    """The billed peak is at least this share of the highest of the months before."""
    ratchet_months: Annotated[int, Field(ge=1, le=36)] = 11


class Tariff(Strict):
    """What energy costs: `flat`, time of use by `blocks`, or `real_time` = price feed + adder."""

    kind: Literal["flat", "time_of_use", "real_time"]
    price_per_kwh: Finite | None = None
    blocks: Blocks = ()
    """Every day of the year; `seasons` tell more."""
    seasons: tuple[Season, ...] = ()
    country: Annotated[str, Field(pattern=r"^([A-Z]{2})?\Z")] = ""
    """ISO code, for public holidays."""
    subdivision: Annotated[str, Field(pattern=r"^[A-Z0-9]{0,3}\Z")] = ""
    adder_per_kwh: Finite = 0.0
    fallback_per_kwh: Finite | None = None
    """Import price (before adders) where a real-time feed has none."""
    adders: tuple[Adder, ...] = ()
    tax_share: ShareOf = 0.0
    """On the sum of price and adders of an import, for example 0.19."""
    export_per_kwh: Finite = 0.0
    export: Export | None = None
    demand_charges: tuple[DemandCharge, ...] = ()
