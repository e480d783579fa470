"""Settings of the whole suite: how hard hypothesis tries.

HYPOTHESIS_PROFILE=fast | full | explore. The first two try the same examples each time, so that a
red run means a change; `explore` tries new ones (`make soak` does).
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

# Examples may take their time on a loaded board: what is judged is the answer, not the speed.
PATIENT = (HealthCheck.too_slow,)
settings.register_profile(
    "fast", max_examples=25, deadline=None, suppress_health_check=PATIENT, derandomize=True
)
settings.register_profile(
    "full", max_examples=60, deadline=None, suppress_health_check=PATIENT, derandomize=True
)
settings.register_profile("explore", max_examples=200, deadline=None, suppress_health_check=PATIENT)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "full"))

SLOW_FILES = frozenset(
    {
        "test_agent",
        "test_any_reading",
        "test_bacnet_foreign",
        "test_bacnet_soak",
        "test_bacnet_traps",
        "test_commission_verb",
        "test_compiled",
        "test_compiled_site",
        "test_dead_time_matrix",
        "test_equipment_learnt",
        "test_export_verbs",
        "test_fastloop_properties",
        "test_fitting_child",
        "test_fuzzed_sites",
        "test_hot_solve",
        "test_hotel_envelopes",
        "test_hotel_process",
        "test_house_check",
        "test_ladder",
        "test_lean_process",
        "test_live_verbs",
        "test_modbus_faults",
        "test_modbus_link",
        "test_mqtt",
        "test_mqtt_traps",
        "test_never_infeasible",
        "test_plant_balance",
        "test_plant_climate",
        "test_pv_learnt",
        "test_rich_site",
        "test_rolling_month",
        "test_rolling_study",
        "test_run_verb",
        "test_seed_errors",
        "test_sizing",
        "test_store_migration",
        "test_store_pressure",
        "test_store_processes",
        "test_store_queries",
        "test_store_random",
        "test_store_retention",
        "test_store_rollup",
        "test_study_examples",
        "test_study_money",
        "test_study_result",
        "test_sync",
        "test_sync_lanes",
        "test_tenure",
        "test_terminal_and_tidy",
        "test_two_hours",
        "test_worker",
        "test_worker_client",
    }
)
"""Files that take seconds: real processes, brokers, solvers and much hypothesis. Not in `check`."""


SLOW_ROOMS = frozenset({"backtest", "commissioning", "feeds", "forecast", "study"})
"""Folders of long calculations, and of devices and servers that take their time."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of a slow file or room."""
    for item in items:
        if item.path.stem in SLOW_FILES or item.path.parent.name in SLOW_ROOMS:
            item.add_marker(pytest.mark.slow)
