"""All alarms there are. A new one is one more row here, and one in docs/operations.md."""

from __future__ import annotations

from edge_agent.alarms.rule import Rule
from edge_agent.alarms.table_assets import ASSETS
from edge_agent.alarms.table_gateway import GATEWAY

RULES: tuple[Rule, ...] = (*ASSETS, *GATEWAY)
"""In the order in which they are told."""
