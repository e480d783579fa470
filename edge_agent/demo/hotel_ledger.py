"""The hotel's true energies as a file that is whole at any moment."""

from __future__ import annotations

import json
from pathlib import Path

from models.building.hotel import Hotel


def write_ledger(path: Path, hotel: Hotel) -> None:
    """Replace the file at `path` by the ledger as it stands; kWh, kelvin-hours, UTC."""
    content = {
        "start": hotel.start.isoformat(),
        "now": hotel.now.isoformat(),
        "seed": hotel.seed,
        "balance_error_kwh": hotel.balance_error(),
        "battery_stored_kwh": hotel.battery.stored_kwh,
        "battery_initial_kwh": hotel.battery.initial_kwh,
        **hotel.ledger.as_dict(),
    }
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(content, indent=1) + "\n")
    fresh.replace(path)
