"""`semdr-edge init SITE`: a commented site file to start from, with its tariff beside it."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from edge_agent.site.template import SITE_FILE, starter_files


def main(options: Namespace) -> int:
    """0 when the files were written; an existing file is never overwritten."""
    site = Path(options.site)
    texts = {
        site if name == SITE_FILE else site.parent / name: text
        for name, text in starter_files().items()
    }
    there = [path for path in texts if path.exists()]
    if there:
        for path in there:
            print(f"semdr-edge: {path} exists already and is left as it is", file=sys.stderr)
        return 1
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path}")
    except OSError as error:
        print(f"semdr-edge: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    print(f"next: edit it, then run: semdr-edge check {site}")
    return 0
