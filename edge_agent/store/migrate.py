"""Bring a file of an older program up to date: `python -I -m edge_agent.store.migrate FILE`.

Runs in a short-lived process of its own before the agent opens the file. Each step is one
transaction that ends with the number it leads to, so that a crash leaves the file at one version
or the next. The file as it was is kept beside it, once a step is going to change it.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import sqlite_utils

from edge_agent.store.schema import open_writable, version_of
from edge_agent.store.tables import STEPS
from edge_agent.store.types import StoreError

Step = Callable[[sqlite_utils.Database], None]
"""Changes the tables within the transaction it is called in."""


def _statements(version: int) -> Step:
    def step(db: sqlite_utils.Database) -> None:
        for statement in STEPS[version]:
            db.execute(statement)

    return step


STEPS_TO: Mapping[int, Step] = {version: _statements(version) for version in STEPS if version > 1}


def copy_of(path: Path, version: int) -> Path:
    """Where the file as it was at `version` is kept."""
    return path.with_name(f"{path.name}.version-{version}")


def migrate(path: Path, steps: Mapping[int, Step] = STEPS_TO) -> tuple[int, int]:
    """Versions before and after. Raises StoreError or sqlite3.Error; then the file is as before."""
    with closing(open_writable(path)) as connection:
        before = after = version_of(connection)
        due = {version: step for version, step in sorted(steps.items()) if version > before}
        if not before or not due:
            return before, before
        _keep_copy(connection, copy_of(path, before))
        db = sqlite_utils.Database(connection)
        for after, step in due.items():
            connection.execute("BEGIN IMMEDIATE")
            try:
                step(db)
                connection.execute(f"PRAGMA user_version={after}")
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
    return before, after


def _keep_copy(connection: sqlite3.Connection, copy: Path) -> None:
    """A whole copy under its name or none: one begun by a process that died is made anew."""
    if copy.exists():
        return
    partial = copy.with_name(f"{copy.name}.partial")
    partial.unlink(missing_ok=True)
    with closing(sqlite3.connect(partial)) as target:
        connection.backup(target)
    partial.rename(copy)


def main(words: list[str]) -> int:
    """0 when the file is up to date, 1 with the reason on the error output, 2 for wrong use."""
    if len(words) != 1:
        sys.stderr.write("usage: python -I -m edge_agent.store.migrate FILE\n")
        return 2
    try:
        before, after = migrate(Path(words[0]))
    except (StoreError, sqlite3.Error, OSError) as error:
        sys.stderr.write(f"{words[0]}: {error}\n")
        return 1
    if before != after:
        sys.stdout.write(f"{words[0]}: version {before} is now {after}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
