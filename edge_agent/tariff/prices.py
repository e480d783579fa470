"""Import and export price of each step of a plan, and all that had to be assumed. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from edge_agent.feeds.outlook import Seen
from edge_agent.tariff.calendar import block_price, blocks_on, holidays_in

if TYPE_CHECKING:
    from edge_agent.site.tariff_schema import Tariff

Feed = Callable[[Sequence[datetime], Sequence[float]], Seen]
"""Value per step (starts UTC, lengths in s) before adders, as `Outlook.over` gives it."""
SAMPLE_S = 300
"""Blocks begin at multiples of five minutes."""


@dataclass(frozen=True, slots=True)
class PriceSeries:
    """Money per kWh of each step, None where nobody can tell; `notes` for the plan's reasons."""

    imports: tuple[float | None, ...]
    exports: tuple[float | None, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeds:
    """The feeds a tariff may need; None where the site has none."""

    price_import: Feed | None = None
    price_export: Feed | None = None


def price_series(
    tariff: Tariff,
    feeds: Feeds,
    starts: Sequence[datetime],
    step_s: Sequence[float],
    zone: ZoneInfo,
) -> PriceSeries:
    """Prices of steps that start at `starts` (UTC) and last `step_s`."""
    energy = _energy(tariff, feeds, starts, step_s, zone)
    adders = _adders(tariff, starts, step_s, zone)
    imports = tuple(
        None if price is None else (price + adder) * (1 + tariff.tax_share)
        for price, adder in zip(energy.values, adders, strict=True)
    )
    exports = _exports(tariff, feeds, energy, (starts, step_s), zone)
    notes = (*energy.notes, *(f"export: {note}" for note in exports.notes))
    return PriceSeries(imports, exports.values, notes)


def _energy(
    tariff: Tariff,
    feeds: Feeds,
    starts: Sequence[datetime],
    step_s: Sequence[float],
    zone: ZoneInfo,
) -> Seen:
    """The energy price before adders and tax."""
    if tariff.kind == "flat":
        return Seen((tariff.price_per_kwh,) * len(starts), ())
    if tariff.kind == "time_of_use":
        is_holiday = holidays_in(tariff)

        def price(local: datetime) -> float | None:
            return block_price(blocks_on(tariff, local.date(), is_holiday), local)

        return Seen(_means(price, starts, step_s, zone), ())
    if feeds.price_import is None:
        return _fallen_back(
            tariff, Seen((None,) * len(starts), ("there is no price feed",)), starts
        )
    return _fallen_back(tariff, feeds.price_import(starts, step_s), starts)


def _fallen_back(tariff: Tariff, seen: Seen, starts: Sequence[datetime]) -> Seen:
    """The fallback where the feed has nothing at all, not even from an earlier day."""
    empty = [start for start, value in zip(starts, seen.values, strict=True) if value is None]
    fallback = tariff.fallback_per_kwh
    if not empty or fallback is None:
        return seen
    first, last = (f"{one.astimezone(UTC):%Y-%m-%dT%H:%MZ}" for one in (empty[0], empty[-1]))
    note = f"{len(empty)} steps from {first} to {last}: the fallback of {fallback:g} is used"
    values = tuple(fallback if value is None else value for value in seen.values)
    return Seen(values, (*seen.notes, note))


def _adders(
    tariff: Tariff, starts: Sequence[datetime], step_s: Sequence[float], zone: ZoneInfo
) -> list[float]:
    """Everything that is added to a kWh imported, before tax."""
    flat = tariff.adder_per_kwh + sum(adder.per_kwh or 0.0 for adder in tariff.adders)
    sums = [flat] * len(starts)
    for adder in tariff.adders:
        if adder.blocks:
            found = _means(partial(block_price, adder.blocks), starts, step_s, zone)
            sums = [before + (more or 0.0) for before, more in zip(sums, found, strict=True)]
    return sums


def _exports(
    tariff: Tariff,
    feeds: Feeds,
    energy: Seen,
    steps: tuple[Sequence[datetime], Sequence[float]],
    zone: ZoneInfo,
) -> Seen:
    """What a kWh fed in earns."""
    starts, step_s = steps
    export = tariff.export
    if export is None:
        return Seen((tariff.export_per_kwh,) * len(starts), ())
    if export.kind == "flat":
        found = Seen((export.per_kwh,) * len(starts), ())
    elif export.kind == "time_of_use":
        price = partial(block_price, export.blocks)
        found = Seen(_means(price, starts, step_s, zone), ())
    elif export.kind == "share":
        share = export.share or 0.0
        found = Seen(tuple(None if one is None else one * share for one in energy.values), ())
    elif feeds.price_export is not None:
        found = feeds.price_export(starts, step_s)
    else:
        found = Seen((None,) * len(starts), ("there is no price feed",))
    return Seen(
        tuple(None if one is None else one + export.adder_per_kwh for one in found.values),
        found.notes,
    )


def _means(
    price: Callable[[datetime], float | None],
    starts: Sequence[datetime],
    step_s: Sequence[float],
    zone: ZoneInfo,
) -> tuple[float | None, ...]:
    """Mean over each step of a price that follows the local clock."""
    found: list[float | None] = []
    for start, length_s in zip(starts, step_s, strict=True):
        count = max(1, round(length_s / SAMPLE_S))
        moments = (start + timedelta(seconds=index * SAMPLE_S) for index in range(count))
        prices = [price(moment.astimezone(zone)) for moment in moments]
        known = [one for one in prices if one is not None]
        found.append(sum(known) / count if len(known) == count else None)
    return tuple(found)
