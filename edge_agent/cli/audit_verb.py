"""`semdr-edge audit`: the newest lines of the audit trail."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from edge_agent.cli.live import show


def main(options: Namespace) -> int:
    """0 when the gateway answered."""
    return show(options, f"/api/audit?count={options.count}", as_text)


def as_text(rows: list[dict[str, Any]]) -> str:
    """One line each."""
    return "\n".join(f"{row['at'][:19]}Z  {row['kind']:<8} {row['text']}" for row in rows)
