"""Everything that is known of late meters in one tick: for guard, export limit and operator."""

from __future__ import annotations

from collections.abc import Mapping

from edge_agent.envelope import Envelope
from edge_agent.fastloop.lag import Lag
from edge_agent.fastloop.meter import Seen
from edge_agent.fastloop.nodes import Nodes, watch_nodes
from edge_agent.fastloop.rest import watch_rest
from edge_agent.fastloop.sun import watch_sun
from edge_agent.guarding.recall import Recall
from edge_agent.guarding.seen_load import SeenLoad
from edge_agent.snapshot import Snapshot


class Sights:
    """Carries what each meter has shown from tick to tick."""

    def __init__(self) -> None:
        self._nodes = Nodes()
        self._sun = Seen()
        self._rest = Seen()
        self.loads: tuple[SeenLoad, ...] = ()
        """Behind the batteries' meters and on their phases."""
        self.without_sun: SeenLoad | None = None
        self.rest: SeenLoad | None = None
        """Without batteries and capped loads."""

    def know(self, meter: str, lag: Lag) -> None:
        """Take up what was known of a meter before a restart."""
        self._nodes = self._nodes.knowing(meter, lag)

    def look(self, envelopes: Mapping[str, Envelope], snapshot: Snapshot, recall: Recall) -> None:
        """Take one tick's readings; `recall` knows what left last."""
        every = envelopes.values()
        self._nodes, self.loads = watch_nodes(self._nodes, every, snapshot, recall)
        self._sun, self.without_sun = watch_sun(self._sun, every, snapshot)
        self._rest, self.rest = watch_rest(self._rest, every, snapshot)
