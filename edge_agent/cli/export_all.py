"""Everything the store holds, for its owner: a folder or a tar of CSV files."""

from __future__ import annotations

import gzip
import shutil
import tarfile
from contextlib import ExitStack
from pathlib import Path

from edge_agent.cli.sinks import FORMATS, whole_file
from edge_agent.store.everything import Table, every_table
from edge_agent.store.schema import open_readonly
from edge_agent.store.types import CopyError

TARS = (".tar", ".tar.gz", ".tgz")


def export_all(database: Path, out: Path) -> dict[str, int]:
    """Write a CSV file for each table; rows by table. Raises CopyError, StoreError or OSError.

    What is to be a tar is first a folder beside it. Either appears whole or not at all.
    """
    if out.exists():
        msg = f"{out} exists already and is left as it is"
        raise CopyError(msg)
    folder = out.with_name(f"{out.name}.folder.partial")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    try:
        with open_readonly(database) as db:
            counts = {
                table.name: _write(folder / f"{table.name}.csv", table) for table in every_table(db)
            }
        if out.name.endswith(TARS):
            _pack(folder, out)
        else:
            folder.rename(out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return counts


def _write(path: Path, table: Table) -> int:
    count = 0
    with path.open("wb") as out, FORMATS["csv"](out, table.columns) as sink:
        for part in table.slices:
            sink.write(part)
            count += len(part)
    return count


def _pack(folder: Path, out: Path) -> None:
    name = out.name.split(".", maxsplit=1)[0]
    with whole_file(out) as packed, ExitStack() as stack:
        plain = packed if out.suffix == ".tar" else stack.enter_context(gzip.open(packed, "wb"))
        tar = stack.enter_context(tarfile.open(fileobj=plain, mode="w"))
        for path in sorted(folder.iterdir()):
            tar.add(path, f"{name}/{path.name}")
