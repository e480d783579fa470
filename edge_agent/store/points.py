"""The numbers that stand for points inside blocks."""

from __future__ import annotations

import sqlite3

from edge_agent.store.block import PointName

INSERT = "INSERT INTO point VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"


class PointNumbers:
    """Point numbers from the file, and new ones that become durable with the next block."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.names: dict[int, PointName] = {}
        self._numbers: dict[PointName, int] = {}
        self._unsaved: list[tuple[int, str, str, str]] = []
        for number, device, point, unit in db.execute("SELECT id, device, name, unit FROM point"):
            self._know(number, PointName(device, point, unit))

    def number(self, name: PointName) -> int:
        """The number of a name, a new one for a new name."""
        number = self._numbers.get(name)
        if number is None:
            number = max(self.names, default=0) + 1
            self._know(number, name)
            self._unsaved.append((number, *name))
        return number

    def of_key(self, key: str) -> frozenset[int]:
        """Every number `device.point` ever had: one per unit it was read in."""
        return frozenset(number for name, number in self._numbers.items() if name.key == key)

    def write(self, db: sqlite3.Connection) -> None:
        """Write the new ones within the caller's transaction."""
        db.executemany(INSERT, self._unsaved)

    def saved(self) -> None:
        """The caller's transaction is durable."""
        self._unsaved.clear()

    def _know(self, number: int, name: PointName) -> None:
        self.names[number] = name
        self._numbers[name] = number
