"""What `status` says of feeds and forecasts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from edge_agent.cli.ahead_lines import ahead_lines
from edge_agent.forecasting.view import VIEW, ForecastScore, ForesightView

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
SCORE = ForecastScore(
    series="load",
    at=AT,
    until_h=(1.0, 4.0, 24.0),
    nmae=(0.021, 0.04, 0.075),
    pinball=(0.01, None, 0.02),
    count=(12, 30, 90),
)


@pytest.mark.parametrize(
    ("view", "line"),
    [
        (ForesightView(), "forecasts nothing learnt yet, earlier days stand in"),
        (
            ForesightView(made_at=AT, error="the child ended with 1: no such table"),
            "forecasts learnt 2026-06-01T12:00Z, the load still by earlier days; "
            "learning failed: the child ended with 1: no such table",
        ),
        (
            ForesightView(made_at=AT, load=True, scores=(SCORE,)),
            "forecasts learnt 2026-06-01T12:00Z; "
            "mean error load 2.1% 1 h ahead and 7.5% 1 day ahead",
        ),
        (
            ForesightView(
                made_at=AT, load=True, scores=(replace(SCORE, unit="K", nmae=(0.4, 1.0, 2.2)),)
            ),
            "forecasts learnt 2026-06-01T12:00Z; "
            "mean error load 0.4 K 1 h ahead and 2.2 K 1 day ahead",
        ),
    ],
)
def test_the_forecasts_line(view: ForesightView, line: str) -> None:
    status = {"feeds": [], "foresight": VIEW.dump_python(view, mode="json")}
    assert ahead_lines(status) == [line]


def test_a_line_for_each_feed() -> None:
    def feed(ahead_h: float | None, error: str) -> dict[str, Any]:
        return {"name": "price", "source": "mqtt a/b", "ahead_h": ahead_h, "error": error}

    foresight = VIEW.dump_python(ForesightView(), mode="json")
    feeds = [feed(None, "no answer"), feed(30.25, "")]
    assert ahead_lines({"feeds": feeds, "foresight": foresight})[:2] == [
        "feed price (mqtt a/b): knows nothing yet; no answer",
        "feed price (mqtt a/b): known for 30.2 h ahead",
    ]
