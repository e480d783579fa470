"""What a simulated server needs of a plant: named quantities to show and commands to take."""

from __future__ import annotations

from typing import Protocol


class Plant(Protocol):
    """A plant as its field devices see it, by names both sides agree on (`meter.power_kw`)."""

    def get(self, name: str) -> float:
        """Present value of a quantity, in the unit its name ends with; KeyError when unknown."""
        ...

    def set(self, name: str, value: float | None) -> None:
        """Take a command; None gives the quantity back to the plant's own control."""
        ...
