"""A small named value of the store as another process follows it: read-only, again when changed."""

from __future__ import annotations

from pathlib import Path

from edge_agent.store.schema import open_readonly

SHAPE = "SELECT substr(json_text, 1, 200), length(json_text) FROM state WHERE key = ?"
TEXT = "SELECT json_text FROM state WHERE key = ?"


def kept_text(path: Path, key: str) -> str | None:
    """The value now, None when it was never put; raises StoreError."""
    with open_readonly(path) as db:
        row = db.execute(TEXT, (key,)).fetchone()
    return None if row is None else str(row[0])


class KeptText:
    """Hands out a value once after each change; what changes must change its first characters."""

    def __init__(self, path: Path, key: str) -> None:
        self._path = path
        self._key = key
        self._shape: tuple[str, int] | None = None

    def changed(self) -> str | None:
        """The text when it is not the one of the call before, else None; raises StoreError."""
        with open_readonly(self._path) as db:
            shape = db.execute(SHAPE, (self._key,)).fetchone()
            if shape is None or shape == self._shape:
                return None
            text = str(db.execute(TEXT, (self._key,)).fetchone()[0])
        self._shape = shape
        return text
