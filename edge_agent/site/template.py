"""The files that `semdr-edge init` writes: a commented starter site that only looks."""

from __future__ import annotations

from edge_agent.site.examples import example_path

SITE_FILE = "site.yaml"
_TARIFF = "tariffs/flat.yaml"


def starter_site() -> str:
    """Text of the starter site file; it loads as it is, its addresses are placeholders."""
    return example_path("starter.yaml").read_text(encoding="utf-8")


def starter_files() -> dict[str, str]:
    """Text of every file of the starter site by path relative to its folder."""
    tariff = example_path(_TARIFF).read_text(encoding="utf-8")
    return {SITE_FILE: starter_site(), _TARIFF: tariff}
