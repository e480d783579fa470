"""The operator's page says what the code does, alarm by alarm."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from edge_agent.alarms.rule import Rule
from edge_agent.alarms.table import RULES
from edge_agent.conditions import STORE_TROUBLE
from edge_agent.ladder import Rung
from edge_agent.notify.digest import CHATTER, CHATTER_S
from edge_agent.notify.lane import PAUSES_S
from edge_agent.notify.settings import NotifySettings

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([a-z0-9_]+)` \| (.*) \| (.*) \| (.*) \| (.*) \|$", re.MULTILINE)
ROWS = {code: cells for code, *cells in ROW.findall(PAGE)}
SECTIONS = [
    "Cloud gone", "Feed gone", "Meter gone", "One device gone", "Worker gone", "Store gone",
    "Clock wrong",
]  # fmt: skip


def section(title: str) -> str:
    return PAGE.split(f"### {title}\n")[1].split("\n#")[0]


def test_every_alarm_stands_in_the_table_and_no_other() -> None:
    assert list(ROWS) == [rule.code for rule in RULES]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_row_says_what_the_rule_says(rule: Rule) -> None:
    severity, when, cause, remedy = ROWS[rule.code]
    assert (severity, cause, remedy) == (rule.severity, rule.cause, rule.remedy)
    if rule.limit.at == rule.limit.clear == 0.5:
        return
    spoken = {f"{rule.limit.at:g} ", f"{100 * rule.limit.at:g} %"}
    assert any(words in f"{when} " for words in spoken)


@pytest.mark.parametrize("title", SECTIONS)
def test_every_loss_has_its_behaviour_its_alarm_and_what_to_do(title: str) -> None:
    text = section(title)
    assert len(text.split("- Alarm")[0]) > 100
    assert set(re.findall(r"`([a-z0-9_]+)`", text)) & set(ROWS)
    assert "- What to do: " in text


def test_every_code_the_page_names_is_an_alarm() -> None:
    loose = {code for title in SECTIONS for code in re.findall(r"`(\w+_\w+)`", section(title))}
    assert loose <= set(ROWS)


def reported(source: str) -> set[str]:
    """Codes that a module gives to conditions."""
    calls = [call for call in ast.walk(ast.parse(source)) if isinstance(call, ast.Call)]
    words = [w for c in calls if getattr(c.func, "id", "") == "Condition" for w in c.keywords]
    values = [word.value for word in words if word.arg == "code"]
    return {str(value.value) for value in values if isinstance(value, ast.Constant)}


def test_every_condition_in_the_code_has_a_rule_and_every_rule_its_figure() -> None:
    sources = [place.read_text("utf-8") for place in (ROOT / "edge_agent").rglob("*.py")]
    found = {code for text in sources if "Condition(code=" in text for code in reported(text)}
    found |= {f"storage_{state}" for state in STORE_TROUBLE}
    assert found == {rule.code for rule in RULES if rule.figures is None}


def test_the_figures_of_sending_are_those_of_the_code() -> None:
    settings = NotifySettings(site="x")
    for words in (
        f"`gather_s` ({settings.gather_s:g} s)",
        f"`gap_s` ({settings.gap_s:g} s)",
        f"`per_hour` ({settings.per_hour})",
        f"A full queue ({settings.queue}\n  messages)",
    ):
        assert words in PAGE
    assert (PAUSES_S, CHATTER, CHATTER_S) == ((5.0, 15.0, 60.0, 300.0, 900.0), 6, 6 * 3600.0)
    assert (settings.repeat_s, settings.give_up_s) == (86_400.0, 86_400.0)


def test_the_ladder_is_told_from_top_to_bottom() -> None:
    top_down = [rung.name.lower() for rung in sorted(Rung, reverse=True)]
    told = re.findall(r"`(\w+)`", PAGE.split("## The ladder of plans\n\n")[1].split(":")[0])
    assert [word for word in told if word != "rounded"] == top_down
