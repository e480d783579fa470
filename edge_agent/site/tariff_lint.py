"""What is wrong between the keys of a tariff, beyond their shape. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from edge_agent.feeds.day_class import holidays_of
from edge_agent.site.mistakes import Finding, KeyPath
from edge_agent.site.tariff_schema import Blocks, DemandCharge, Export, Tariff

MINUTES = 5
SHORT_MONTHS = {"02": 29, "04": 30, "06": 30, "09": 30, "11": 30}
_EXPORT_NEEDS = {"flat": "per_kwh", "time_of_use": "blocks", "share": "share", "feed": ""}


def tariff_lint(tariff: Tariff) -> Iterator[Finding]:
    """Mistakes in a tariff of the right shape."""
    yield from _blocks(tariff.blocks, ("blocks",))
    if tariff.seasons and tariff.kind != "time_of_use":
        message = f"means nothing in a {tariff.kind} tariff: remove it"
        yield Finding(("seasons",), message)
    if tariff.seasons and tariff.blocks:
        yield Finding(("blocks",), "stands beside seasons: move it into a season")
    yield from _seasons(tariff)
    yield from _adders(tariff)
    if tariff.export is not None:
        if "export_per_kwh" in tariff.model_fields_set:
            yield Finding(("export_per_kwh",), "stands beside export: remove one of them")
        yield from _export(tariff.export)
    for index, charge in enumerate(tariff.demand_charges):
        yield from _charge(charge, ("demand_charges", index))
    try:
        holidays_of(tariff.country, tariff.subdivision)
    except ValueError as error:
        yield Finding(("country",), f"{error}: see the list of the holidays package")


def _seasons(tariff: Tariff) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for index, season in enumerate(tariff.seasons):
        path: KeyPath = ("seasons", index)
        month, day = season.start.split("-")
        if int(day) > SHORT_MONTHS.get(month, 31):
            yield Finding((*path, "start"), f'"{season.start}" is no day of the year')
        if seen.setdefault(season.start, index) != index:
            other = seen[season.start]
            yield Finding((*path, "start"), f"is that of seasons[{other}] too: give each its own")
        for key in ("blocks", "weekend_blocks", "holiday_blocks"):
            yield from _blocks(getattr(season, key), (*path, key))
        if not season.blocks:
            yield Finding((*path, "blocks"), "is empty: add the prices of a day")
        if season.holiday_blocks and not tariff.country:
            message = "needs to know the holidays: add country, for example country: DE"
            yield Finding((*path, "holiday_blocks"), message)


def _blocks(blocks: Blocks, path: KeyPath) -> Iterator[Finding]:
    if blocks and blocks[0].start != "00:00":
        yield Finding(
            (*path, 0, "start"),
            f'"{blocks[0].start}" leaves the time before it without a price: '
            'the first block starts at "00:00"',
        )
    for index, block in enumerate(blocks):
        if int(block.start[3:]) % MINUTES:
            message = f'"{block.start}" is no multiple of {MINUTES} min'
            yield Finding((*path, index, "start"), message)
    for index, (before, block) in enumerate(pairwise(blocks), start=1):
        if block.start <= before.start:
            yield Finding(
                (*path, index, "start"),
                f'"{block.start}" does not come after "{before.start}": sort the blocks by time, '
                "each start once",
            )


def _adders(tariff: Tariff) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for index, adder in enumerate(tariff.adders):
        path: KeyPath = ("adders", index)
        if (adder.per_kwh is None) == (not adder.blocks):
            yield Finding(path, "needs either per_kwh or blocks")
        yield from _blocks(adder.blocks, (*path, "blocks"))
        if seen.setdefault(adder.id, index) != index:
            other = seen[adder.id]
            yield Finding((*path, "id"), f"{adder.id} stands in adders[{other}] too")


def _export(export: Export) -> Iterator[Finding]:
    needed = _EXPORT_NEEDS[export.kind]
    if needed and getattr(export, needed) in (None, ()):
        message = f"is missing: an export of kind {export.kind} needs it"
        yield Finding(("export", needed), message)
    for key in ("per_kwh", "blocks", "share"):
        if key != needed and key in export.model_fields_set:
            message = f"means nothing in an export of kind {export.kind}: remove it"
            yield Finding(("export", key), message)
    yield from _blocks(export.blocks, ("export", "blocks"))


def _charge(charge: DemandCharge, path: KeyPath) -> Iterator[Finding]:
    if charge.period == "year" and charge.ratchet_share:
        yield Finding((*path, "ratchet_share"), "means nothing with period: year: remove it")
    if "ratchet_months" in charge.model_fields_set and not charge.ratchet_share:
        yield Finding((*path, "ratchet_months"), "means nothing without ratchet_share: remove it")
    if len(set(charge.months)) < len(charge.months):
        yield Finding((*path, "months"), "names a month twice")
    for index, window in enumerate(charge.windows):
        for key in ("start", "end"):
            clock: str = getattr(window, key)
            if (int(clock[:2]) * 60 + int(clock[3:])) % charge.interval_min:
                message = f'"{clock}" cuts a block of {charge.interval_min} min in two'
                yield Finding((*path, "windows", index, key), message)
