"""How the store of a site is opened: retention, budget, and what is never rolled up."""

from __future__ import annotations

from edge_agent.privacy import personal_points
from edge_agent.site.schema import Site
from edge_agent.store.retention import Retention
from edge_agent.store.store import StoreOptions

BYTES_PER_MB = 1_000_000


def store_options(site: Site) -> StoreOptions:
    """The site file's wishes in the store's words."""
    wanted = site.agent.retention
    return StoreOptions(
        retention=Retention(
            raw_days=wanted.raw_days,
            five_min_days=wanted.five_min_days,
            quarter_days=wanted.quarter_days,
            hour_days=wanted.hour_days,
            plans_days=wanted.plans_days,
            audit_days=wanted.audit_days,
            budget_bytes=round(wanted.budget_mb * BYTES_PER_MB),
            await_cloud=site.cloud.transport != "none",
        ),
        left_out=personal_points(site),
    )
