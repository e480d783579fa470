"""Dispatch over real devices and a real store, and what it left in the journal."""

from __future__ import annotations

from drivers.types import Driver
from edge_agent.clock import ManualClock
from edge_agent.dispatch import Dispatch
from edge_agent.guard import Guarded
from edge_agent.notes import Notebook
from edge_agent.site.schema import Control
from edge_agent.store.store import Store
from edge_agent.store.types import LeaseState


def build(
    devices: dict[str, Driver],
    store: Store,
    clock: ManualClock,
    control: Control = Control.ENABLED,
) -> Dispatch:
    points = {point.key: point for driver in devices.values() for point in driver.points}
    return Dispatch(devices, points, Notebook(store), clock, control)


async def carry_out(dispatch: Dispatch, *wishes: Guarded) -> None:
    await dispatch.tick(wishes)
    await dispatch.settle()


async def audit(store: Store, kind: str) -> list[str]:
    return [row.text for row in await store.audit_tail(100) if row.kind == kind]


async def states(store: Store) -> dict[str, LeaseState]:
    return {f"{row.device}.{row.point}": row.state for row in await store.leases()}
