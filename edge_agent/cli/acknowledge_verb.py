"""`semdr-edge acknowledge CODE [SUBJECT] --by NAME`: somebody has seen the alarm."""

from __future__ import annotations

import sys
from argparse import Namespace

from edge_agent.cli.live import show


def main(options: Namespace) -> int:
    """0 when the alarm stands and is now acknowledged; 2 without a name."""
    if not options.person:
        print("semdr-edge: --by: say who you are", file=sys.stderr)
        return 2
    body = {
        "code": options.code,
        "subject": options.subject,
        "person": options.person,
        "note": options.note,
    }
    what = f"{options.code} {options.subject}".rstrip()
    return show(options, "/api/acknowledge", lambda _: f"{what}: seen by {options.person}", body)
