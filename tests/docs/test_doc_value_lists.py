"""The law of words says what the code says."""

from __future__ import annotations

import re
from enum import Enum
from types import ModuleType
from typing import Protocol

import pytest

import drivers.types
import edge_agent.arbiter
import models.plan
from edge_agent.arbiter import Priority
from edge_agent.site.asset_schema import BatteryAsset
from edge_agent.site.tariff_schema import DemandCharge
from edge_agent.validate import PLAUSIBLE

WORDS = (drivers.types, models.plan, edge_agent.arbiter)
ROW = re.compile(r"^\| `([^`]+)` \|(.*)\|$", re.MULTILINE)


class Page(Protocol):
    text: str


def enums(module: ModuleType) -> list[type[Enum]]:
    """The value sets a module itself defines."""
    found = [item for item in vars(module).values() if isinstance(item, type)]
    return [e for e in found if issubclass(e, Enum) and e.__module__ == module.__name__]


ENUMS = [enum for module in WORDS for enum in enums(module)]


def words(enum: type[Enum]) -> list[str]:
    """Its values as people read them; priorities are known by name."""
    if enum is Priority:
        return [member.name.lower() for member in sorted(Priority)]
    return [str(member.value) for member in enum]


def section(text: str, title: str) -> str:
    found = re.search(rf"^### {title}$\n(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, f"no section ### {title}"
    return found[1]


@pytest.mark.parametrize("enum", ENUMS, ids=lambda enum: enum.__name__)
def test_value_list(law: Page, enum: type[Enum]) -> None:
    """The same values in the same order: it is the order of priority where there is one."""
    listed = ROW.findall(section(law.text, enum.__name__))
    assert [value for value, _ in listed] == words(enum)


def test_every_value_list_is_of_the_code(law: Page) -> None:
    lists = law.text.split("## Value lists")[1].split("\n## ")[0]
    titles = re.findall(r"^### (\w+)$", lists, re.MULTILINE)
    assert sorted(titles) == sorted(enum.__name__ for enum in ENUMS)
    assert len(ENUMS) >= 6


def test_what_holds_and_what_is_usable(law: Page) -> None:
    usable = [q.value for q in drivers.types.Quality if q.usable]
    assert f"Only `{'` and `'.join(usable)}` carry a value" in law.text
    holding = [r.value for r in drivers.types.WriteResult if r.holds]
    assert f"Only `{'` and `'.join(holding)}` count as done" in law.text
    solver = [s.value for s in models.plan.PlanSource if s.by_solver]
    assert f"`{'` and `'.join(solver)}` count as solver plans" in law.text


def test_believable_ranges(law: Page) -> None:
    rows = [(unit, cells.split("|")) for unit, cells in ROW.findall(law.text) if unit in PLAUSIBLE]
    assert {unit: (float(low), float(high)) for unit, (low, high) in rows} == PLAUSIBLE


def test_the_names_it_takes_as_examples_are_names_of_the_code() -> None:
    assert {"soc_min_percent", "charge_kw"} <= BatteryAsset.model_fields.keys()
    assert "rate_per_kw" in DemandCharge.model_fields
    assert {"soc_kwh", "power_kw"} <= set(models.plan.BatteryPlan.__dataclass_fields__)
