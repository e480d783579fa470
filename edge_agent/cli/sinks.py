"""Where exported rows go: CSV, JSON or Parquet, a slice at a time, so that memory stays small."""

from __future__ import annotations

import csv
import importlib
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXTS = frozenset({"time", "start", "device", "point", "unit", "quality", "reason"})
WHOLE = frozenset({"count"})

Row = Sequence[object]


class NoParquetError(Exception):
    """The library that writes Parquet is not installed; the message says what to do."""


class Sink(Protocol):
    """Takes rows of the columns it was opened with."""

    def write(self, rows: Iterable[Row]) -> None:
        """Append a slice."""


Opener = Callable[[IO[bytes], Sequence[str]], AbstractContextManager[Sink]]


class CsvSink:
    """A header and a line for each row; a missing value is an empty cell."""

    def __init__(self, out: IO[bytes], columns: Sequence[str]) -> None:
        self._out = out
        self.write([columns])

    def write(self, rows: Iterable[Row]) -> None:
        """Append a slice."""
        lines = _Lines()
        csv.writer(lines, lineterminator="\n").writerows(rows)
        self._out.write("".join(lines).encode())


class _Lines(list[str]):
    """What csv.writer writes to."""

    write = list.append


class JsonSink:
    """One array of an object for each row; what is no finite number is null."""

    def __init__(self, out: IO[bytes], columns: Sequence[str]) -> None:
        self._out = out
        self._columns = columns
        self._before = b"[\n"

    def write(self, rows: Iterable[Row]) -> None:
        """Append a slice."""
        for row in rows:
            cells = {name: _finite(cell) for name, cell in zip(self._columns, row, strict=True)}
            self._out.write(self._before + json.dumps(cells, ensure_ascii=False).encode())
            self._before = b",\n"

    def end(self) -> None:
        """Close the array."""
        self._out.write(b"[]\n" if self._before == b"[\n" else b"\n]\n")


class ParquetSink:
    """A row group for some slices; times are text as in the other formats."""

    GROUP_ROWS = 100_000

    def __init__(self, out: IO[bytes], columns: Sequence[str]) -> None:
        self._arrow: Any = importlib.import_module("pyarrow")
        parquet: Any = importlib.import_module("pyarrow.parquet")
        self._schema = self._arrow.schema([(name, self._type(name)) for name in columns])
        self._writer = parquet.ParquetWriter(out, self._schema)
        self._waiting: list[Row] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self._flush()
        self._writer.close()

    def write(self, rows: Iterable[Row]) -> None:
        """Append a slice."""
        self._waiting += rows
        if len(self._waiting) >= self.GROUP_ROWS:
            self._flush()

    def _flush(self) -> None:
        if self._waiting:
            columns = [list(column) for column in zip(*self._waiting, strict=True)]
            self._writer.write_table(
                self._arrow.Table.from_arrays(
                    [
                        self._arrow.array(cells, type=kind)
                        for cells, kind in zip(columns, self._schema.types, strict=True)
                    ],
                    schema=self._schema,
                )
            )
            self._waiting = []

    def _type(self, name: str) -> object:
        if name in TEXTS:
            return self._arrow.string()
        return self._arrow.int64() if name in WHOLE else self._arrow.float64()


def need_parquet() -> None:
    """Raise NoParquetError where Parquet cannot be written."""
    try:
        importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        msg = (
            "Parquet is written by pyarrow, which is not installed beside this program: "
            "install it (pip install pyarrow), or choose --format csv"
        )
        raise NoParquetError(msg) from error


@contextmanager
def _csv(out: IO[bytes], columns: Sequence[str]) -> Iterator[Sink]:
    yield CsvSink(out, columns)


@contextmanager
def _json(out: IO[bytes], columns: Sequence[str]) -> Iterator[Sink]:
    sink = JsonSink(out, columns)
    yield sink
    sink.end()


FORMATS: Mapping[str, Opener] = {"csv": _csv, "json": _json, "parquet": ParquetSink}


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """A file that appears under its name once it is whole."""
    partial = path.with_name(f"{path.name}.partial")
    try:
        with partial.open("wb") as out:
            yield out
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)


def _finite(cell: object) -> object:
    return None if isinstance(cell, float) and not math.isfinite(cell) else cell
