"""`semdr-edge release POINT`: back to the device's own control."""

from __future__ import annotations

import sys
from argparse import Namespace

from edge_agent.cli.live import show
from edge_agent.cli.span import parse_span


def main(options: Namespace) -> int:
    """0 when the gateway took it."""
    try:
        span = parse_span(options.span)
    except ValueError as error:
        print(f"semdr-edge: --for: {error}", file=sys.stderr)
        return 2
    body = {
        "point": options.point,
        "for_s": span.total_seconds(),
        "person": options.person,
        "reason": options.reason,
    }
    return show(
        options, "/api/release", lambda _: f"{options.point} released for {options.span}", body
    )
