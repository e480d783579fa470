"""`semdr-edge restore FROM --state-dir DIR`: a backup back into place."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from dataclasses import asdict

from edge_agent.cli.local_api import state_dir
from edge_agent.clock import SystemClock
from edge_agent.site.mistakes import SiteError
from edge_agent.store.copies import restore
from edge_agent.store.location import DATABASE
from edge_agent.store.types import StoreError


def main(options: Namespace) -> int:
    """0 when the backup is in place; else what was there is as before."""
    now = SystemClock().now()
    try:
        folder = state_dir(options)
        copied = restore(options.backup, folder, DATABASE, now, force=options.force)
    except (SiteError, StoreError) as error:
        print(f"semdr-edge: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"semdr-edge: {error.filename or ''}: {error.strerror or error}", file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps({"state_dir": str(folder), **asdict(copied)}))
        return 0
    print(f"{folder}: restored, {copied.store_bytes / 1e6:.1f} MB")
    for name in copied.set_aside:
        print(f"  what was there is now {name}")
    return 0
