"""`semdr-edge export`: readings and roll-ups out of the store, beside a running gateway."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import IO

from edge_agent.cli.export_all import export_all
from edge_agent.cli.local_api import state_dir
from edge_agent.cli.sinks import FORMATS, NoParquetError, need_parquet, whole_file
from edge_agent.cli.span import parse_span
from edge_agent.clock import SystemClock
from edge_agent.privacy import personal_points
from edge_agent.site.load import load_site
from edge_agent.site.mistakes import SiteError
from edge_agent.store.location import DATABASE
from edge_agent.store.schema import open_readonly
from edge_agent.store.series import (
    RAW_COLUMNS,
    ROLLED_COLUMNS,
    RawRow,
    RolledRow,
    Stretch,
    names_of,
    point_names,
    raw_slices,
    rolled_slices,
    with_times,
)
from edge_agent.store.types import StoreError, UnknownPointError

PATTERN = frozenset("*?[")


def main(options: Namespace) -> int:
    """0 with the rows asked for, 1 when they cannot be had, 2 when asked wrongly."""
    try:
        _refuse_nonsense(options)
        stretch = _stretch(options, SystemClock().now())
    except ValueError as error:
        print(f"semdr-edge: {error}", file=sys.stderr)
        return 2
    try:
        summary = _export(options, stretch)
    except (SiteError, StoreError, NoParquetError) as error:
        print(f"semdr-edge: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Who reads our output has seen enough.
        sys.stderr.close()
        return 1
    except OSError as error:
        print(f"semdr-edge: {error.filename or ''}: {error.strerror or error}", file=sys.stderr)
        return 1
    if options.out is not None:
        text = ", ".join(f"{count} {name}" for name, count in summary.items())
        print(json.dumps({"out": str(options.out), "rows": summary}) if options.json else text)
    return 0


def _refuse_nonsense(options: Namespace) -> None:
    if options.all:
        if options.points or options.since or options.until or options.format != "csv":
            msg = "--all is everything, as CSV: it takes no --points, --since, --until or --format"
            raise ValueError(msg)
        if options.out is None:
            msg = "--all needs --out: a folder to make, or a name that ends with .tar or .tar.gz"
            raise ValueError(msg)
    elif not options.points:
        msg = "say which --points, such as meter.power or 'meter.*', or --all"
        raise ValueError(msg)
    if options.json and options.out is None:
        msg = "--json prints a summary, the rows need --out FILE beside it"
        raise ValueError(msg)


def _stretch(options: Namespace, now: datetime) -> Stretch:
    until = _moment(options.until, "--until", now) if options.until else now
    since = _moment(options.since or "1d", "--since", now)
    if since >= until:
        msg = f"--since {since:%Y-%m-%dT%H:%M:%SZ} is not before {until:%Y-%m-%dT%H:%M:%SZ}"
        raise ValueError(msg)
    return Stretch(since, until)


def _moment(text: str, option: str, now: datetime) -> datetime:
    """An ISO time, UTC where it names no zone, or a span before now."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        try:
            return now - parse_span(text)
        except (ValueError, OverflowError) as error:
            msg = f"{option}: {text!r} is no time such as 2026-01-31T12:00Z and no span such as 7d"
            raise ValueError(msg) from error
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _export(options: Namespace, stretch: Stretch) -> dict[str, int]:
    """Rows written, by table."""
    if options.format == "parquet":
        need_parquet()
    database = state_dir(options) / DATABASE
    if options.all:
        return export_all(database, options.out)
    with open_readonly(database) as db:
        every = point_names(db)
        names = names_of(db, _keys(options, {name.key for name in every.values()}))
        if options.step == "raw":
            return {"raw": _pour(options, RAW_COLUMNS, raw_slices(db, names, stretch))}
        rolled = rolled_slices(db, names, stretch, options.step)
        return {options.step: _pour(options, ROLLED_COLUMNS, rolled)}


def _pour(
    options: Namespace, columns: Sequence[str], parts: Iterable[Sequence[RawRow | RolledRow]]
) -> int:
    """Write slice after slice; rows written."""
    count = 0
    with _place(options.out) as out, FORMATS[options.format](out, columns) as sink:
        for part in parts:
            sink.write(with_times(part))
            count += len(part)
    return count


@contextmanager
def _place(path: Path | None) -> Iterator[IO[bytes]]:
    """The file, whole at the end, or standard output."""
    if path is not None:
        with whole_file(path) as out:
            yield out
    else:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()


def _keys(options: Namespace, known: Collection[str]) -> frozenset[str]:
    """The points asked for; UnknownPointError for a personal one, or a pattern without any."""
    personal = _personal(options)
    found: set[str] = set()
    for word in options.points.split(","):
        if not PATTERN & set(word):
            found.add(word.strip())
            continue
        some = {key for key in known if fnmatchcase(key, word.strip())} - personal
        if not some:
            msg = f"the store has no point like {word}"
            raise UnknownPointError(msg)
        found |= some
    if told := sorted(found & personal):
        msg = f"{', '.join(told)}: tells about persons, only --all gives it to the owner"
        raise UnknownPointError(msg)
    return frozenset(found)


def _personal(options: Namespace) -> frozenset[str]:
    """What the site file says tells about persons; nothing where there is no such file."""
    if options.state_dir is not None and not options.site.exists():
        return frozenset()
    return personal_points(load_site(options.site).site)
