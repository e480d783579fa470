"""The child that pulls one source once: a Pull on stdin, what came of it on stdout, JSON each.

Short-lived, so that neither httpx nor pandas stays in the agent.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType

from edge_agent.feeds.document import Asked, Document, Refused
from edge_agent.feeds.format_carbon import carbon_intensity_uk, electricity_maps
from edge_agent.feeds.format_prices import awattar, energy_charts, octopus_agile
from edge_agent.feeds.format_weather import open_meteo
from edge_agent.feeds.http_get import Limits, get
from edge_agent.feeds.pull_words import PULL, PULLED, Pull, Pulled
from edge_agent.feeds.request import KeyRefusedError, read_key, request_for
from edge_agent.feeds.source import Format

Parser = Callable[[bytes, Asked], Document | Refused]
PARSERS: Mapping[Format, Parser] = MappingProxyType(
    {
        Format.ENERGY_CHARTS: energy_charts,
        Format.AWATTAR: awattar,
        Format.OCTOPUS_AGILE: octopus_agile,
        Format.OPEN_METEO: open_meteo,
        Format.CARBON_INTENSITY_UK: carbon_intensity_uk,
        Format.ELECTRICITY_MAPS: electricity_maps,
    }
)


def parser(form: Format) -> Parser:
    """How a pulled format is read; ENTSO-E's reader loads pandas, so only when it is needed."""
    if form is Format.ENTSOE:
        from edge_agent.feeds.format_entsoe import entsoe

        return entsoe
    return PARSERS[form]


def pull(asked: Pull) -> Pulled:
    """Fetch and read one source; everything that can go wrong is a refusal."""
    source = asked.source
    try:
        area = _area(source.format, source.zone)
        request = request_for(source, asked.now, read_key(source.key), area)
    except (KeyRefusedError, ValueError) as error:
        return Pulled(outcome=Refused(str(error)[:120]))
    body = get(request, Limits(wait_s=asked.wait_s, total_s=asked.total_s))
    if isinstance(body, Refused):
        return Pulled(outcome=body)
    digest = hashlib.sha256(body).hexdigest()
    return Pulled(outcome=parser(source.format)(body, source.asked), sha256=digest)


def _area(form: Format, zone: str) -> str:
    if form is not Format.ENTSOE:
        return ""
    from edge_agent.feeds.format_entsoe import area_code

    return area_code(zone)


def main() -> int:
    """Answer the one question on stdin."""
    answer = pull(PULL.validate_json(sys.stdin.buffer.read()))
    sys.stdout.buffer.write(PULLED.dump_json(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
