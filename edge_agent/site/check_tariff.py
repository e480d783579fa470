"""A tariff: what its kind needs, and what would be ignored with it."""

from __future__ import annotations

from collections.abc import Iterator

from edge_agent.site.mistakes import Finding
from edge_agent.site.shape import shaped
from edge_agent.site.tariff_lint import tariff_lint
from edge_agent.site.tariff_schema import Tariff
from edge_agent.site.tree import Json, at

_NEEDS = {"flat": ("price_per_kwh",), "time_of_use": ("blocks",), "real_time": ()}
_NOT_FOR = {
    "flat": ("blocks", "adder_per_kwh", "fallback_per_kwh"),
    "time_of_use": ("price_per_kwh", "adder_per_kwh", "fallback_per_kwh"),
    "real_time": ("price_per_kwh", "blocks"),
}


def tariff_findings(data: dict[str, Json]) -> Iterator[Finding]:
    """What is wrong between the keys of a tariff file."""
    kind = data.get("kind")
    if isinstance(kind, str) and kind in _NEEDS:
        for key in _NEEDS[kind]:
            if data.get(key) in (None, []) and not (key == "blocks" and data.get("seasons")):
                yield Finding((key,), f"is missing: a {kind} tariff needs it")
        for key in _NOT_FOR[kind]:
            if key in data:
                yield Finding((key,), f"means nothing in a {kind} tariff: remove it")
    tariff = shaped(Tariff, data)
    if tariff is not None:
        yield from tariff_lint(tariff)
        yield from _charges(tariff)


def feed_findings(kind: str | None, site: Json) -> Iterator[Finding]:
    """What is wrong between the tariff and the site's feeds; paths are of the site file."""
    if kind == "real_time" and at(site, ("feeds", "price")) is None:
        yield Finding(
            ("feeds", "price"),
            "is missing: the tariff is real_time, so name its prices: price: {file: prices.csv}",
        )


def _charges(tariff: Tariff) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for index, charge in enumerate(tariff.demand_charges):
        if seen.setdefault(charge.id, index) != index:
            yield Finding(
                ("demand_charges", index, "id"),
                f"{charge.id} stands in demand_charges[{seen[charge.id]}] too: "
                "give each charge its own id",
            )
