"""Patterns of the site file take the whole text, a line break at its end too."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from edge_agent.site.terms import Id, Strict
from edge_agent.site.wording import PATTERNS


class Named(Strict):
    """One name, read as the site file reads it."""

    id: Id


@pytest.mark.parametrize("pattern", sorted(PATTERNS))
def test_every_choice_of_a_pattern_ends_at_the_end_of_the_text(pattern: str) -> None:
    assert "$" not in pattern
    assert pattern.endswith(r"\Z")
    assert pattern.count("^") - pattern.count("[^") == pattern.count(r"\Z")


def test_a_name_with_a_line_break_behind_it_is_refused() -> None:
    assert TypeAdapter(Named).validate_json('{"id": "meter"}').id == "meter"
    with pytest.raises(ValidationError, match="string_pattern_mismatch"):
        Named(id="meter\n")
