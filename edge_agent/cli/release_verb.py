"""`semdr-edge release POINT`: back to the device's own control."""

from __future__ import annotations

import sys
from argparse import Namespace

from edge_agent.cli.live import show
from edge_agent.cli.span import parse_hold
from edge_agent.web.spans import LONGEST_RELEASE


def main(options: Namespace) -> int:
    """0 when the gateway took it; 2 for a wrong span."""
    try:
        span = parse_hold(options.span, LONGEST_RELEASE)
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
