"""A loaded site as JSON text, so that a small process need not read and check the files itself.

What comes back has the names and values of the schema, and the words of `Outline`, but none of the
machinery that checks them: another process has done that.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from edge_agent.feeds.day_class import Told, tell
from edge_agent.feeds.source import Source
from edge_agent.plain_json import Json
from edge_agent.site.loaded import LoadedSite
from edge_agent.site.mistakes import Mistake
from edge_agent.site.prices import Prices

if TYPE_CHECKING:
    from edge_agent.site.schema import Device, Site
    from edge_agent.site.tariff_schema import Tariff

PART, GIVEN = "=", "given"
"""A part of the schema is an object of these two; no name of a site file can be the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rest:
    """What of a loaded site is not of the schema."""

    prices: Prices | None
    warnings: tuple[Mistake, ...]
    sources: tuple[Source, ...]
    holidays: Told


_REST = Json(_Rest)


class Outline:
    """A part of a site or tariff file: its keys and what follows from them, as attributes."""

    def __init__(self, named: Mapping[str, object], given: frozenset[str]) -> None:
        self.__dict__.update(named)
        self.model_fields_set = given
        """The keys that stand in the file; the others have their defaults."""

    def device(self, device_id: str) -> Device:
        """As `Site.device`."""
        devices = cast("tuple[Device, ...]", self.__dict__["devices"])
        for device in devices:
            if device.id == device_id:
                return device
        raise KeyError(device_id)


def dump_outline(loaded: LoadedSite, part: Callable[[Any], object]) -> bytes:
    """For another process of the same programme; `part` turns a part of the schema into JSON's."""
    tariff = loaded.tariff
    rest = _Rest(
        prices=loaded.prices,
        warnings=loaded.warnings,
        sources=loaded.sources,
        # A tariff minds those of its part of the country, a feed those of the whole.
        holidays=tell((tariff.country, tariff.subdivision), (tariff.country, "")),
    )
    files = (loaded.site, loaded.tariff)
    parts = json.dumps(files, default=part, allow_nan=False, separators=(",", ":"))
    return parts.encode() + b"\n" + _REST.dump_json(rest) + b"\n"


def read_outline(path: Path, text: bytes) -> LoadedSite:
    """What `dump_outline` wrote of the site at `path`; a ValueError for anything else."""
    parts, _, rest_text = text.partition(b"\n")
    site, tariff = json.loads(parts, object_hook=_seen)
    rest = _REST.validate_json(rest_text)
    return LoadedSite(
        path,
        cast("Site", site),
        cast("Tariff", tariff),
        rest.prices,
        rest.warnings,
        rest.sources,
        rest.holidays,
    )


def _seen(found: dict[str, Any]) -> Outline | dict[str, Any]:
    """A part as such, anything else as the table that it is; lists as the tuples they were."""
    named = {name: _as_tuples(value) for name, value in found.get(PART, found).items()}
    return Outline(named, frozenset(found[GIVEN])) if PART in found else named


def _as_tuples(value: object) -> object:
    return tuple(map(_as_tuples, value)) if isinstance(value, list) else value
