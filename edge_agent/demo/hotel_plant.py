"""The plant as its field devices see it: alive with the clock, or frozen, or gone."""

from __future__ import annotations

from drivers.simulated.plant import Plant
from drivers.types import Clock
from models.building.hotel import Hotel


class LivePlant:
    """The hotel at the clock's time: whoever asks lets it live on until now."""

    def __init__(self, hotel: Hotel, clock: Clock) -> None:
        self.hotel = hotel
        self._clock = clock

    def catch_up(self) -> None:
        """Let the hotel live until the clock's now."""
        self.hotel.advance(self._clock.now())

    def get(self, name: str) -> float:
        """Present value; KeyError when unknown."""
        self.catch_up()
        return self.hotel.get(name)

    def set(self, name: str, value: float | None) -> None:
        """Take a command from now on; None releases."""
        self.catch_up()
        self.hotel.set(name, value)


class FieldView:
    """What one device sees of the plant; frozen sensors stand still.

    Commands always reach the plant: a device that shows old values may still obey.
    """

    def __init__(self, plant: Plant, names: tuple[str, ...]) -> None:
        self._plant = plant
        self._names = names
        self._held: dict[str, float] = {}

    def freeze(self, prefix: str) -> None:
        """From now on show what the sensors named `prefix`... show at this moment."""
        for name in self._names:
            if name.startswith(prefix):
                self._held.setdefault(name, self._plant.get(name))

    def thaw(self, prefix: str) -> None:
        """Show live values again."""
        for name in [name for name in self._held if name.startswith(prefix)]:
            del self._held[name]

    def get(self, name: str) -> float:
        """The held value of a frozen sensor, else the plant's."""
        held = self._held.get(name)
        return self._plant.get(name) if held is None else held

    def set(self, name: str, value: float | None) -> None:
        """Hand the command to the plant."""
        self._plant.set(name, value)
