"""One cycle of the guard that remembers nothing of before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edge_agent.arbiter import Decision
from edge_agent.envelope import Envelope
from edge_agent.guard import Guarded, guard_cycle
from edge_agent.guarding.recall import Recall
from edge_agent.snapshot import Snapshot


def guard_all(
    decisions: Sequence[Decision], envelopes: Mapping[str, Envelope], snapshot: Snapshot
) -> tuple[Guarded, ...]:
    """Every decision cut down to its envelope."""
    return guard_cycle(decisions, envelopes, snapshot, Recall()).guarded
