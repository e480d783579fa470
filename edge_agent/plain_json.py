"""Frozen dataclasses as JSON text and back, for a process in which a larger library would weigh.

The fields' types decide what is taken; what else a text holds is passed over, what is missing has
its default. Datetimes are UTC or aware; a number that is none is written as null and never read.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Generic, NoReturn, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
Read = Callable[[Any], Any]
"""From what JSON knows to a value; a JsonError when it is none."""


class JsonError(ValueError):
    """The text does not say what was agreed."""


class Json(Generic[T]):
    """One type as JSON."""

    def __init__(self, kind: type[T]) -> None:
        self._read = _reader(kind)

    def dump_json(self, value: T) -> bytes:
        """One line of UTF-8; half a pair of surrogates as an escape."""
        try:
            text = _dumped(value)
        except ValueError:
            text = _dumped(_without_odd_numbers(value))
        return text.encode(errors="backslashreplace")

    def validate_json(self, text: bytes | str) -> T:
        """The value; a JsonError for anything else."""
        try:
            given = json.loads(text, parse_constant=_no_number)
            value: T = self._read(given)
        except JsonError:
            raise
        except (ValueError, OverflowError, RecursionError) as error:
            msg = f"no JSON: {error}"
            raise JsonError(msg) from error
        return value


def _dumped(value: object) -> str:
    return json.dumps(
        value, default=_plain, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    )


def _plain(value: object) -> object:
    """What JSON does not know by itself."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return {name: getattr(value, name) for name in _names(value)}


def _names(value: object) -> tuple[str, ...]:
    if not is_dataclass(value):
        msg = f"{type(value).__name__} cannot be written as JSON"
        raise TypeError(msg)
    return tuple(field.name for field in fields(value))


def _without_odd_numbers(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, tuple | list):
        return [_without_odd_numbers(each) for each in value]
    if isinstance(value, Mapping):
        return {name: _without_odd_numbers(each) for name, each in value.items()}
    if is_dataclass(value):
        return {name: _without_odd_numbers(getattr(value, name)) for name in _names(value)}
    return value


def _no_number(text: str) -> NoReturn:
    msg = f"{text} is no number"
    raise JsonError(msg)


def _reader(kind: Any) -> Read:  # noqa: ANN401 - any annotation
    """How a value of an annotated type is read; a TypeError for a type that is not foreseen."""
    read = _single(kind) if get_origin(kind) is None else _composed(kind)
    if read is None:
        msg = f"{kind} cannot be read from JSON"
        raise TypeError(msg)
    return read


def _single(kind: Any) -> Read | None:  # noqa: ANN401 - any annotation
    if is_dataclass(kind):
        return _record(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind
    return _SCALARS.get(kind)


def _composed(kind: Any) -> Read | None:  # noqa: ANN401 - any annotation
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        kinds = [each for each in inner if each is not NoneType]
        return _optional(_reader(kinds[0])) if len(kinds) == 1 else None
    if origin is dict and inner[0] is str:
        return _table(_reader(inner[1]))
    if origin is not tuple:
        return None
    if inner[-1] is ...:
        return _series(_reader(inner[0]))
    return _row(tuple(_reader(each) for each in inner))


def _optional(read: Read) -> Read:
    return lambda given: None if given is None else read(given)


def _series(read: Read) -> Read:
    return lambda given: tuple(map(read, _listed(given)))


def _row(reads: tuple[Read, ...]) -> Read:
    def read_row(given: object) -> tuple[Any, ...]:
        cells = _listed(given)
        if len(cells) != len(reads):
            msg = f"{len(cells)} values instead of {len(reads)}"
            raise JsonError(msg)
        return tuple(read(cell) for read, cell in zip(reads, cells, strict=True))

    return read_row


def _table(read: Read) -> Read:
    return lambda given: {name: read(each) for name, each in _named(given).items()}


def _record(kind: Any) -> Read:  # noqa: ANN401 - a dataclass
    hints = get_type_hints(kind)
    reads = {field.name: _reader(hints[field.name]) for field in fields(kind)}
    needed = {
        field.name
        for field in fields(kind)
        if field.default is MISSING and field.default_factory is MISSING
    }

    def read_record(given: object) -> object:
        found = _named(given)
        if missing := needed - found.keys():
            msg = f"{kind.__name__}: {', '.join(sorted(missing))} is missing"
            raise JsonError(msg)
        values = {}
        for name, read in reads.items():
            if name in found:
                try:
                    values[name] = read(found[name])
                except ValueError as error:
                    msg = f"{name}: {error}"
                    raise JsonError(msg) from error
        return kind(**values)

    return read_record


def _listed(given: object) -> list[Any]:
    if isinstance(given, list):
        return given
    raise JsonError("no list")


def _named(given: object) -> dict[str, Any]:
    if isinstance(given, dict):
        return given
    raise JsonError("no names")


def _text(given: object) -> str:
    if isinstance(given, str):
        return given
    raise JsonError("no text")


def _truth(given: object) -> bool:
    if isinstance(given, bool):
        return given
    raise JsonError("neither true nor false")


def _whole(given: object) -> int:
    if type(given) is int:
        return given
    raise JsonError("no whole number")


def _number(given: object) -> float:
    # A true is a whole number to the language.
    if type(given) in (float, int) and math.isfinite(value := float(given)):  # type: ignore[arg-type]
        return value
    raise JsonError("no number")


def _moment(given: object) -> datetime:
    moment = datetime.fromisoformat(_text(given))
    if moment.tzinfo is None:
        raise JsonError("a time without its zone")
    return moment.astimezone(UTC)


_SCALARS: dict[type, Read] = {
    str: _text,
    bool: _truth,
    int: _whole,
    float: _number,
    datetime: _moment,
}
