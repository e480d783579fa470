"""What forecasts and plans are worth on measured buildings, as one JSON object of named figures."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from statistics import mean
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.savings_parts.cambridge import BUILDINGS, Building, data_folder
from bench.savings_parts.money import Play, Scored, score_all
from bench.savings_parts.no_battery import no_battery
from edge_agent.backtest.sight import ForecastKind

DEFAULT_MONTHS = (2, 6, 10)
NAMES = (
    *("captured_mean", "captured_min", "captured_2h_mean", "captured_perfect_forecast"),
    *("dearer_months", "higher_peaks", "beats_rules_share", "no_battery_saving_share"),
    *("forecast_gain_24h", "forecast_gain_24h_no_weather", "year_backtest_s"),
)
AT_LEAST = {
    "captured_mean": 0.75,
    "captured_min": 0.45,
    "captured_perfect_forecast": 0.95,
    "beats_rules_share": 0.90,
    "no_battery_saving_share": 0.08,
    "forecast_gain_24h": 0.25,
    "forecast_gain_24h_no_weather": 0.18,
}
AT_MOST = {"dearer_months": 0, "higher_peaks": 0, "year_backtest_s": 300.0}
Figures = dict[str, Any]


def main() -> int:
    """The figures as JSON, the table on stderr; 0 when all that are known reach their goals."""
    words = _words()
    figures: Figures = dict.fromkeys(NAMES)
    data = data_folder(words.data)
    if data is None:
        figures["reason"] = "the measured series are not beside the checkout: name them by --data"
    else:
        figures |= _money(data, words)
        figures |= _forecasts(data, full=words.full)
        figures |= no_battery(data, full=words.full, workers=words.workers)
    print(json.dumps(figures))
    return 0 if good(figures) else 1


def _words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="as always")
    parser.add_argument("--full", action="store_true", help="all of 2019 instead of three months")
    parser.add_argument("--data", type=Path, help="folder of the measured series")
    parser.add_argument("--buildings", nargs="*", default=list(BUILDINGS), choices=BUILDINGS)
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    return parser.parse_args()


def _money(data: Path, words: argparse.Namespace) -> Figures:
    spans = [(1, 12)] if words.full else [(month, 1) for month in DEFAULT_MONTHS]
    kinds = (
        (0.5, ForecastKind.OWN),
        (2.0, ForecastKind.OWN),
        (0.5, ForecastKind.PERFECT),
        (0.5, ForecastKind.PERFECT_DAY),
    )
    plays = [
        Play(
            data=data,
            building=Building(name=name, hours=hours),
            forecast=kind,
            first_month=first,
            months=count,
        )
        for hours, kind in kinds
        for name in words.buildings
        for first, count in spans
    ]
    rows = score_all(plays, words.workers)
    _table(rows)
    own, long, known, day = ([row for row in rows if _of(row, *kind)] for kind in kinds)
    return {
        "captured_mean": mean(row.captured for row in own),
        "captured_min": min(row.captured for row in own),
        "captured_2h_mean": mean(row.captured for row in long),
        "captured_2h_min": min(row.captured for row in long),
        "captured_perfect_forecast": mean(row.captured for row in known),
        "captured_perfect_day": mean(row.captured for row in day),
        "dearer_months": sum(row.ours > row.none for row in own + long),
        "higher_peaks": sum(row.higher for row in own + long),
        "beats_rules_share": mean(row.beats_rules for row in own),
        "year_backtest_s": 12 * mean(row.wall_s for row in own),
        "year_backtest_cpu_s": 12 * mean(row.cpu_s for row in own),
        "year_backtest_is": "measured" if words.full else "twelve times the mean month's wall time",
        "cases": len(own),
        "buildings": list(words.buildings),
        "year": 2019,
    }


def _of(row: Scored, hours: float, kind: ForecastKind) -> bool:
    return row.play.building.hours == hours and row.play.forecast is kind


def _table(rows: list[Scored]) -> None:
    head = f"{'case':28s} {'none':>9s} {'ours':>9s} {'bound':>9s} {'captured':>8s}"
    print(head, f"{'peak none > bound | ours':>28s}", file=sys.stderr)
    for row in rows:
        building = row.play.building
        name = f"{building.name} {building.hours:g} h {row.month} {row.play.forecast}"
        peaks = f"{row.peak_none_kw:.1f} > {row.peak_best_kw:.1f} | {row.peak_kw:.1f}"
        print(
            f"{name:28s} {row.none:9.1f} {row.ours:9.1f} {row.best:9.1f} {row.captured:8.3f}"
            f" {peaks:>28s}{'' if row.beats_rules else '  a rule is cheaper'}",
            file=sys.stderr,
        )


def _forecasts(data: Path, *, full: bool) -> Figures:
    """The gains of the forecasts; null with a reason where they cannot be scored."""
    try:
        from bench.savings_parts.forecast_skill import forecast_skill
    except ImportError as error:
        return {"forecast_reason": str(error)}
    return dict(forecast_skill(data, full=full))


def good(figures: Figures) -> bool:
    """Whether every figure that is known reaches its goal."""
    low = [name for name, least in AT_LEAST.items() if _known(figures, name, least) < least]
    high = [name for name, most in AT_MOST.items() if _known(figures, name, most) > most]
    return not low and not high


def _known(figures: Figures, name: str, else_: float) -> float:
    value = figures[name]
    return else_ if value is None else float(value)


if __name__ == "__main__":
    sys.exit(main())
