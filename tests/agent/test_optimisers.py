"""The worker's optimiser when the model changes under it."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from edge_agent.optimisers import MOST_KILLED, Optimisers
from models.cache import compile_key
from models.types import Battery, Grid, SiteModel

STEPS = (3600,) * 6
PLATE = SiteModel(
    grid=Grid(import_limit_kw=100, export_limit_kw=100),
    batteries=(Battery(id="bat", capacity_kwh=250, charge_kw=125, discharge_kw=125),),
)
REAL = replace(PLATE, batteries=(replace(PLATE.batteries[0], capacity_kwh=170.0),))
BROKEN = replace(PLATE, batteries=(replace(PLATE.batteries[0], id="bat[1] }"),) * 2)


def test_the_first_model_is_the_wanted_one(tmp_path: Path) -> None:
    optimisers = Optimisers(tmp_path)
    assert optimisers.model_for(REAL, STEPS) is REAL
    first = optimisers.optimiser(REAL, STEPS)
    assert optimisers.optimiser(REAL, STEPS) is first
    assert optimisers.model_for(REAL, STEPS) == REAL


def test_plans_go_on_with_the_old_model_until_the_new_one_is_compiled(tmp_path: Path) -> None:
    optimisers = Optimisers(tmp_path)
    before = optimisers.optimiser(PLATE, STEPS)
    assert optimisers.model_for(REAL, STEPS) == PLATE
    assert optimisers.busy, "it did not wait for the compile"
    assert optimisers.optimiser(PLATE, STEPS) is before
    until_s = time.monotonic() + 90
    while optimisers.model_for(REAL, STEPS) != REAL:
        assert time.monotonic() < until_s
        time.sleep(0.05)
    assert optimisers.optimiser(REAL, STEPS) is not before
    while optimisers.busy:
        assert time.monotonic() < until_s
        time.sleep(0.05)
    assert optimisers.model_for(PLATE, STEPS) == PLATE  # compiled before: at once
    assert not optimisers.busy


def test_a_model_that_cannot_be_compiled_is_tried_once(tmp_path: Path) -> None:
    optimisers = Optimisers(tmp_path)
    optimisers.optimiser(PLATE, STEPS)
    assert optimisers.model_for(BROKEN, STEPS) == PLATE
    until_s = time.monotonic() + 90
    while optimisers.busy:
        assert time.monotonic() < until_s
        time.sleep(0.05)
    assert optimisers.model_for(BROKEN, STEPS) == PLATE
    assert not optimisers.busy
    assert len(list(tmp_path.glob("*.compiled"))) == 1


def test_a_compile_that_was_killed_is_begun_anew(tmp_path: Path) -> None:
    optimisers = Optimisers(tmp_path)
    optimisers.optimiser(PLATE, STEPS)
    for _ in range(2):
        assert optimisers.model_for(REAL, STEPS) == PLATE
        child = optimisers._child
        assert child is not None
        child.kill()
        child.wait(90)
        assert not optimisers.busy
    assert not list(tmp_path.glob(f"{compile_key(REAL, STEPS)}*"))


def test_a_board_that_kills_every_compile_is_left_in_peace(tmp_path: Path) -> None:
    optimisers = Optimisers(tmp_path)
    optimisers.optimiser(PLATE, STEPS)
    begun = 0
    for _ in range(2 * MOST_KILLED):
        assert optimisers.model_for(REAL, STEPS) == PLATE
        if (child := optimisers._child) is not None:
            begun += 1
            child.kill()
            child.wait(90)
            assert not optimisers.busy
    assert begun == 1 + MOST_KILLED


def test_other_steps_are_compiled_at_once(tmp_path: Path) -> None:
    optimisers = Optimisers(tmp_path)
    optimisers.optimiser(PLATE, STEPS)
    assert optimisers.model_for(REAL, STEPS[:3]) is REAL
