"""What a site is made of: each module declares one kind of equipment on its own Pyomo block.

The parts of the study API (`SEMDRBattery` and so on) are found here too, on first use.
"""

from __future__ import annotations

from importlib import import_module

_KINDS = ("ElectricDemand", "HVAC", "Battery", "PV", "Grid", "Main")
_PLACES = {
    f"{family}{kind}": "models.casestudy.parts" for family in ("SEMDR", "Hotel") for kind in _KINDS
} | {"SEMDRIoTIntegration": "models.casestudy.iot"}


def __getattr__(name: str) -> object:
    """Parts of the study API; importing this package does not load them."""
    if name not in _PLACES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(_PLACES[name]), name)
