"""Tariffs from YAML, as the site loader shapes them."""

from __future__ import annotations

from typing import Any

from ruamel.yaml import YAML

from edge_agent.site.shape import shape_findings, shaped
from edge_agent.site.tariff_schema import Tariff


def tariff_of(text: str) -> Tariff:
    """The tariff; a mistake in its shape fails the test."""
    data: dict[str, Any] = YAML(typ="safe", pure=True).load(text)
    found = shaped(Tariff, data)
    assert found is not None, shape_findings(Tariff, data)
    return found
