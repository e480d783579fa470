"""The decision's words and mathematics. Knows neither the agent nor the drivers.

`solve(problem)` makes a plan from the dataclasses of `models.types` alone; `CaseStudy` and
`Scenario` build such problems from the parts of `models.components`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.casestudy.case import CaseStudy
    from models.casestudy.errors import StudyError
    from models.casestudy.iot import SEMDRIoTIntegration
    from models.casestudy.scenario import Scenario
    from models.once import solve

__all__ = ["CaseStudy", "SEMDRIoTIntegration", "Scenario", "StudyError", "solve"]

_PLACES = {
    "CaseStudy": "models.casestudy.case",
    "SEMDRIoTIntegration": "models.casestudy.iot",
    "Scenario": "models.casestudy.scenario",
    "StudyError": "models.casestudy.errors",
    "solve": "models.once",
}


def __getattr__(name: str) -> object:
    """Public names, found on first use so that `import models.types` stays light."""
    if name not in _PLACES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(_PLACES[name]), name)
