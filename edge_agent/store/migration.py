"""Has an older file brought up to date by a process of its own, before it is opened."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from edge_agent.store.schema import version_of
from edge_agent.store.tables import VERSION
from edge_agent.store.types import StoreUnavailableError


def is_older(path: Path) -> bool:
    """Whether the file has tables of an earlier version; what cannot be read is not older."""
    if not path.is_file():
        return False
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            return 0 < version_of(db) < VERSION
    except sqlite3.Error:
        return False


async def bring_up_to_date(path: Path) -> str:
    """What was done, for the operator; raises StoreUnavailableError, and the file is as before."""
    words = ("-I", "-m", "edge_agent.store.migrate", str(path))
    child = await asyncio.create_subprocess_exec(
        sys.executable, *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    told, wrong = await child.communicate()
    if child.returncode:
        reason = wrong.decode(errors="replace").strip()
        msg = f"the tables could not be brought to version {VERSION}: {reason}"
        raise StoreUnavailableError(msg)
    return told.decode().strip()
