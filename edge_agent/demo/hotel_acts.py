"""What others do to the simulated hotel, and what the plant itself testifies: JSON lines.

{"do": "set", "point": "battery.bms_discharge_cap_kw", "value": 0} acts on the plant (null takes it
back); {"do": "look"} is answered with the truth of this moment, whatever the field devices show.
"""

from __future__ import annotations

import json
from typing import Any

from edge_agent.demo.hotel_faults import CommandError
from edge_agent.demo.hotel_plant import LivePlant
from edge_agent.demo.hotel_witness import testimony

_SET, _LOOK = "set", "look"


def set_line(point: str, value: float | None) -> str:
    """The JSON line that acts on a point of the plant."""
    return json.dumps({"do": _SET, "point": point, "value": value})


LOOK_LINE = json.dumps({"do": _LOOK})


def answer(line: str, plant: LivePlant) -> dict[str, Any] | None:
    """Do what the line says to the plant; None when the line is no act. Raises CommandError."""
    try:
        words = json.loads(line)
    except ValueError:
        return None
    match words:
        case {"do": "look"}:
            plant.catch_up()
            return {"look": testimony(plant.hotel)}
        case {"do": "set", "point": str(point), "value": int() | float() | None as value}:
            return _acted(plant, point, None if value is None else float(value))
        case _:
            return None


def _acted(plant: LivePlant, point: str, value: float | None) -> dict[str, Any]:
    try:
        plant.set(point, value)
    except (KeyError, ValueError) as error:
        msg = f"nothing can be set at {point}: {error}"
        raise CommandError(msg) from error
    return {"set": point, "at": plant.hotel.now.isoformat()}
