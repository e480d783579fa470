"""`semdr-edge override POINT VALUE --for 2h --reason TEXT`: a person's value, for a while."""

from __future__ import annotations

import sys
from argparse import Namespace

from edge_agent.cli.live import show
from edge_agent.cli.span import parse_hold
from edge_agent.web.spans import LONGEST_OVERRIDE


def main(options: Namespace) -> int:
    """0 when the gateway took it; 2 without a name, a reason or a span."""
    if not options.person:
        print("semdr-edge: --by: say who you are", file=sys.stderr)
        return 2
    if not options.reason.strip():
        print("semdr-edge: --reason: say why", file=sys.stderr)
        return 2
    try:
        span = parse_hold(options.span, LONGEST_OVERRIDE)
    except ValueError as error:
        print(f"semdr-edge: --for: {error}", file=sys.stderr)
        return 2
    body = {
        "point": options.point,
        "value": options.value,
        "for_s": span.total_seconds(),
        "person": options.person,
        "reason": options.reason,
    }
    text = f"{options.point} set to {options.value:g} for {options.span}; the guard still judges it"
    return show(options, "/api/override", lambda _: text, body)
