"""The bench of savings says what it cannot tell, and judges what it can."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "bench" / "savings.py"
DATA = ROOT.parent / "shared" / "data"


def test_without_the_measured_series_its_figures_are_null_with_the_reason(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--json", "--data", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    told = json.loads(done.stdout)
    assert told["captured_mean"] is None
    assert told["forecast_gain_24h"] is None
    assert "--data" in told["reason"]


@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason="the measured series are not beside the checkout")
def test_a_measured_month_saves_money_and_raises_no_peak() -> None:
    sys.path.insert(0, str(ROOT))
    from bench.savings_parts.cambridge import Building
    from bench.savings_parts.money import Play, score
    from edge_agent.backtest.sight import ForecastKind

    building = Building(name="b25", hours=0.5)
    (row,) = score(
        Play(
            data=DATA,
            building=building,
            forecast=ForecastKind.OWN,
            first_month=6,
            months=1,
            year=2018,
        )
    )
    assert 0.45 < row.captured <= 1.0
    assert row.beats_rules
    assert not row.higher
    assert row.best < row.ours < row.none
