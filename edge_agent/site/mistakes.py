"""What is wrong in a file, where, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

KeyPath = tuple[str | int, ...]


def dotted(path: KeyPath) -> str:
    """`devices[3].unit`: the path as a person writes it, list items counted from 0."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong at a key; `line` only where it is not simply that key's line."""

    path: KeyPath
    message: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something wrong at a line; `key` is empty where the file as a whole is meant."""

    file: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        """`hotel.yaml:12: devices[3].unit: 300 is not allowed: must be at most 255`."""
        key = f"{self.key}: " if self.key else ""
        return f"{self.file}:{self.line}: {key}{self.message}"


def by_line(mistakes: Iterable[Mistake]) -> tuple[Mistake, ...]:
    """Each once, by line within its file; files in the order in which they first appear."""
    unique = tuple(dict.fromkeys(mistakes))
    order = {name: index for index, name in enumerate(dict.fromkeys(m.file for m in unique))}
    return tuple(sorted(unique, key=lambda m: (order[m.file], m.line)))


class SiteError(Exception):
    """A site that cannot be run; carries every mistake of all its files, sorted by line."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = by_line(mistakes)
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))
