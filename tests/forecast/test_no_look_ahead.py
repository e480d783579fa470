"""A forecast sees nothing after its origin, whatever the history holds."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from load_story import START, STEP_S, history, own_calendar, story_kw

from edge_agent.forecasting.sights import unmeasured
from models.forecast.bucket_fit import training_rows
from models.forecast.history import Floats, History
from models.forecast.load import load_seen
from models.forecast.load_rows import HOUR_S, Past, Rows
from models.forecast.pv_rows import PvPast, pv_seen
from models.forecast.seen import Seen
from models.forecast.temperature_rows import temperature_seen
from models.types import even_grid

DAYS = 40
OWN = own_calendar(DAYS)


def see(kind: str, values: Floats, rows: Rows) -> Seen:
    past = Past(history(values), OWN)
    match kind:
        case "load":
            return load_seen(past, rows)
        case "temperature":
            return temperature_seen(past, rows)
        case _:
            clear = History(START, STEP_S, np.full(len(values), 120.0))
            return pv_seen(PvPast(past, clear, 120.0), rows)


@pytest.mark.parametrize("kind", ["load", "temperature", "pv"])
@pytest.mark.parametrize("lead_h", [1, 6, 24, 25, 47, 48])
def test_what_comes_after_the_origin_changes_nothing(kind: str, lead_h: int) -> None:
    origin = (START + timedelta(days=35, hours=10)).timestamp()
    end = origin + lead_h * HOUR_S
    rows = Rows(np.array([origin]), np.array([end - HOUR_S]), np.array([end]))
    values = story_kw(DAYS)
    later = values.copy()
    later[35 * 24 + 10 :] = np.random.default_rng(2).uniform(0.0, 500.0, len(later) - 850)
    before, after = see(kind, values, rows), see(kind, later, rows)
    assert after.base == pytest.approx(before.base)
    assert after.columns == pytest.approx(before.columns)
    for name, option in before.options.items():
        assert after.options[name] == pytest.approx(option, nan_ok=True)


@pytest.mark.parametrize("kind", ["load", "temperature", "pv"])
def test_what_comes_before_the_origin_does_matter(kind: str) -> None:
    origin = (START + timedelta(days=35, hours=10)).timestamp()
    rows = Rows(np.array([origin]), np.array([origin]), np.array([origin + HOUR_S]))
    values = story_kw(DAYS)
    other = values.copy()
    other[35 * 24 + 9] += 100.0
    before, after = see(kind, values, rows), see(kind, other, rows)
    assert np.abs(after.columns - before.columns).max() > 10.0


def test_training_covers_every_slot_once_with_leads_of_its_bucket() -> None:
    past = History(START, 900, np.zeros(96 * 3))
    rows = training_rows(past, 4.0, 6.0)
    assert rows is not None
    assert len(rows) == 96 * 3
    assert rows.lead_h.min() == 4.25
    assert rows.lead_h.max() == 6.0
    hours = np.round(rows.starts_s / HOUR_S * 4) % 96
    assert len(set(rows.lead_h[hours == 40].tolist())) > 1
    assert training_rows(History(START, 3600, np.zeros(9)), 0.0, 0.5) is None


def test_a_site_without_a_sensor_has_an_empty_history() -> None:
    assert unmeasured(even_grid(START, 15, 24)).empty
