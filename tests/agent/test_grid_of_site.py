"""From the site file to the grid's side: the operator's signals and the answer to frequency."""

from __future__ import annotations

from pathlib import Path

import pytest
from plant_site import loaded_with, set_in
from wishes import NOW

from edge_agent.envelopes_of import operator_signals
from edge_agent.frequency_reserves import frequency_reserves
from edge_agent.grid_operator import LimitOn, Signal
from edge_agent.grid_parts import grid_limits, grid_parts
from edge_agent.site.load import LoadedSite
from models.types import even_grid


def test_signals_of_the_grid_operator(tmp_path: Path) -> None:
    dimming = {
        "id": "dimming",
        "point": "cellar.dimmer",
        "limit_on": "consumption",
        "full_kw": 180,
        "default_kw": 14,
        "levels": [[0, None], [1, 14]],
    }
    told = {
        "id": "told",
        "point": "cellar.power",
        "limit_on": "feed_in",
        "full_kw": 50,
        "default_kw": None,
        "scale_kw": 0.5,
        "hold_s": 60,
        "restore_kw_per_s": 0.1,
    }
    loaded = loaded_with(tmp_path, set_in("grid", operator_signals=[dimming, told]))
    assert operator_signals(loaded.site) == (
        Signal(
            id="dimming",
            point="cellar.dimmer",
            limit_on=LimitOn.CONSUMPTION,
            full_kw=180.0,
            default_kw=14.0,
            levels=((0.0, None), (1.0, 14.0)),
        ),
        Signal(
            id="told",
            point="cellar.power",
            limit_on=LimitOn.FEED_IN,
            full_kw=50.0,
            default_kw=None,
            scale_kw=0.5,
            hold_s=60.0,
            restore_kw_per_s=0.1,
        ),
    )


@pytest.mark.parametrize("limit_on", LimitOn)
def test_every_kind_of_limit_can_be_named(limit_on: LimitOn, tmp_path: Path) -> None:
    signal = {
        "id": "box",
        "point": "cellar.dimmer",
        "limit_on": limit_on.value,
        "full_kw": 9,
        "default_kw": 0,
        "scale_kw": 1,
    }
    loaded = loaded_with(tmp_path, set_in("grid", operator_signals=[signal]))
    assert [one.limit_on for one in operator_signals(loaded.site)] == [limit_on]


def test_a_site_without_signals_has_none(paper: LoadedSite) -> None:
    assert operator_signals(paper.site) == ()


def test_what_the_site_does_for_the_grids_frequency(tmp_path: Path) -> None:
    asked = {"point": "cellar.pulse", "battery": "bat", "reserve_kw": 20, "reserve_kwh": 5}
    loaded = loaded_with(tmp_path, set_in("grid", frequency_response=asked, nominal_hz=60))
    parts = grid_parts(loaded.site)
    assert parts.response is not None
    assert parts.response.refused
    (reserve,) = frequency_reserves(loaded.site, even_grid(NOW, 15, 1.0))
    assert (reserve.id, reserve.up_kw, reserve.down_kw) == ("bat", (20.0,) * 4, (20.0,) * 4)
    assert reserve.hold_s == 900
    limits = grid_limits(loaded.site.assets.grid)
    assert (limits.low_hz, limits.high_hz) == (59.5, 60.5)


def test_without_an_answer_to_frequency_nothing_is_kept(paper: LoadedSite) -> None:
    assert grid_parts(paper.site).response is None
    assert frequency_reserves(paper.site, even_grid(NOW, 15, 1.0)) == ()
