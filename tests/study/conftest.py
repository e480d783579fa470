from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models import CaseStudy, Scenario
from models.components import SEMDRGrid, SEMDRMain

ROOT = Path(__file__).resolve().parents[2]
START = "2026-03-02 00:00+01:00"

Make = Callable[..., Scenario]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture
def make() -> Make:
    """A scenario of some parts over so many steps, with a grid and money alone unless given."""

    def scenario(*parts: Any, freq: str = "60min", steps: int = 24, **study: Any) -> Scenario:
        cs = CaseStudy(name="test", freq=freq, **study)
        cs.set_time_horizon(start=START, steps=steps)
        sc = Scenario(cs=cs, name="now")
        for part in parts:
            sc.add_component(part)
        kinds = {type(part) for part in parts}
        if SEMDRGrid not in kinds:
            sc.add_component(SEMDRGrid(c_buy=0.3, c_sell=0.05, demand_charge=0.0, c_buyPeak=0.0))
        if SEMDRMain not in kinds:
            sc.add_component(SEMDRMain(alpha=0.0))
        return sc

    return scenario
