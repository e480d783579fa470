"""`semdr-edge wipe --yes SITE_ID`: everything the gateway knows, gone."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

from edge_agent.site.load import load_site
from edge_agent.site.mistakes import SiteError
from edge_agent.store.location import DATABASE
from edge_agent.store.types import StoreError
from edge_agent.store.wipe import wipe


def main(options: Namespace) -> int:
    """0 when nothing of ours is left, 1 when it cannot be removed, 2 without the site's id."""
    try:
        site = load_site(options.site).site
        folder = Path(options.state_dir or site.agent.state_dir)
        if not folder.is_dir():
            print(f"semdr-edge: there is no {folder}", file=sys.stderr)
            return 1
        if (options.yes or _typed(folder, site.site.id)) != site.site.id:
            text = f"nothing is removed: confirm with --yes {site.site.id}, the id of the site"
            print(f"semdr-edge: {text}", file=sys.stderr)
            return 2
        wiped = wipe(folder, DATABASE, site.agent.log.file)
    except (SiteError, StoreError) as error:
        print(f"semdr-edge: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"semdr-edge: {error.filename or ''}: {error.strerror or error}", file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps({"state_dir": str(folder), **asdict(wiped)}))
        return 0
    print(f"{folder}: removed {', '.join(wiped.removed) or 'nothing'}")
    if wiped.left:
        print(f"  left, not the gateway's: {', '.join(wiped.left)}")
    return 0


def _typed(folder: Path, site_id: str) -> str:
    """What a person at the keyboard types; nothing where there is none."""
    if not sys.stdin.isatty():
        return ""
    return input(f"This removes all data in {folder}. Type the site's id ({site_id}): ").strip()
