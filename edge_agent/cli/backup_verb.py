"""`semdr-edge backup TO`: the state directory as a folder, beside a running gateway."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from dataclasses import asdict

from edge_agent.cli.local_api import state_dir
from edge_agent.site.mistakes import SiteError
from edge_agent.store.copies import back_up
from edge_agent.store.location import DATABASE
from edge_agent.store.types import StoreError


def main(options: Namespace) -> int:
    """0 when the backup is whole and on the disk; else nothing is there under its name."""
    try:
        copied = back_up(state_dir(options), DATABASE, options.to)
    except (SiteError, StoreError) as error:
        print(f"semdr-edge: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"semdr-edge: {error.filename or ''}: {error.strerror or error}", file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps({"to": str(options.to), **asdict(copied)}))
        return 0
    print(f"{options.to}: the store, {copied.store_bytes / 1e6:.1f} MB")
    for name in copied.files:
        print(f"  and {name}")
    for name in copied.left_out:
        print(f"  without {name}")
    return 0
