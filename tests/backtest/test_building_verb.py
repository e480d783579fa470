"""`semdr-edge backtest --building`: figures beside their baseline, and words for wrong use."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from building_days import START, inn, winter

from edge_agent.cli.main import run


def words(folder: Path, *more: str) -> list[str]:
    loaded, data = inn(folder), winter(3)
    names = ("temperature_degc", "ghi_w_m2", "price_import_per_kwh")
    rows = np.column_stack([data.columns[name] for name in names]).tolist()
    lines = [",".join(("time", "load_kw", *names))]
    for step, row in enumerate(rows):
        at = START + timedelta(minutes=15 * step)
        lines.append(",".join((at.isoformat(), "", *(f"{value:.3f}" for value in row))))
    file = folder / "days.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    named = ["backtest", str(loaded.path), "--data", str(file), "--building", "--workers", "1"]
    return [*named, *more]


@pytest.mark.slow
@pytest.mark.parametrize("shown", ["json", "lines"])
def test_it_tells_the_saving_beside_its_baseline(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], shown: str
) -> None:
    assert run(words(tmp_path, *(["--json"] if shown == "json" else []))) == 0
    out = capsys.readouterr()
    assert "100%" in out.err
    if shown == "json":
        told = json.loads(out.out)
        assert told["cost"] < told["cost_tight_thermostat"] < told["cost_thermostat"]
        assert told["saving_share"] > told["saving_share_over_tight"] > 0
        assert told["guest_kelvin_h"] <= told["guest_kelvin_h_thermostat"] + 0.01
        assert set(told["parts"]) == {"zones", "hot_water", "loads"}
        assert "rooms heated to 21.5 degC by day" in told["baseline"]
    else:
        assert "thermostats as usual" in out.out
        assert "saves" in out.out
        assert "rooms heated to 21.5 degC by day" in out.out


@pytest.mark.parametrize(
    ("more", "code", "word"),
    [
        (("--full",), 2, "--building goes without"),
        (("--report", "page.html"), 2, "--building goes without"),
        (("--end", "2026-01-14T12:00Z"), 1, "three days of data"),
    ],
)
def test_wrong_use_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, ...], code: int, word: str
) -> None:
    assert run(words(tmp_path, *more)) == code
    assert word in capsys.readouterr().err
