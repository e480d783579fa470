"""The report of backtests: one HTML page with pictures that needs nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from edge_agent.backtest.figures import ORDER, saving_line
from edge_agent.backtest.outcome import Outcome
from edge_agent.backtest.picture import Series, grouped_bars, lines, stacked_bars
from edge_agent.backtest.run import OURS, PERFECT, TITLES, Run

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem}
table{border-collapse:collapse;width:100%}
th,td{padding:.25rem .5rem;text-align:right;border-bottom:1px solid #ddd}
th:first-child,td:first-child{text-align:left}figure{margin:1.5rem 0}figcaption{font-weight:600}
svg{width:100%;font:11px system-ui,sans-serif}.ours td{font-weight:600}
"""
SHORT = {
    "no_control": "no control",
    "greedy": "greedy",
    "peak_rule": "peak rule",
    "persistence": "yesterday",
    OURS: "SEMDR Edge",
    PERFECT: "bound",
}


def page(runs: Sequence[Run]) -> str:
    """The whole page."""
    body = "".join(_section(run) for run in runs)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Backtest</title><style>{STYLE}</style></head>"
        f"<body><h1>Backtest</h1>{body}</body></html>\n"
    )


def _section(run: Run) -> str:
    facts = run.facts
    assumed = "".join(f"<li>{escape(text)}</li>" for text in (facts.meter, *facts.assumed))
    return (
        f"<h2>{escape(facts.site)}: {facts.begin:%Y-%m-%d} to {facts.end:%Y-%m-%d}</h2>"
        f"<p>{escape(saving_line(run))}</p>"
        f"{_table(run)}{_costs(run)}{_peaks(run)}{_captured(run)}{_week(run)}"
        f"<h3>Assumed</h3><ul>{assumed}</ul>"
    )


def _table(run: Run) -> str:
    head = "".join(
        f"<th>{name}</th>"
        for name in (
            *("policy", "cost", "energy", "demand", "wear"),
            *("highest billed kW", "own use", "cycles a day", "CO2 kg", "captured"),
        )
    )
    return f"<table><tr>{head}</tr>{''.join(_row(run, name) for name in ORDER)}</table>"


def _row(run: Run, name: str) -> str:
    one = run.outcomes[name]
    share = None if name in ("no_control", PERFECT) else run.captured(name)
    cells = [
        TITLES[name],
        f"{one.cost:.0f}",
        f"{_energy(one):.0f}",
        f"{sum(month.demand for month in one.months):.0f}",
        f"{sum(month.wear for month in one.months):.0f}",
        "-" if one.billed_kw is None else f"{one.billed_kw:.1f}",
        "-" if one.self_consumption is None else f"{one.self_consumption:.1%}",
        f"{one.cycles_per_day:.2f}",
        "-" if one.co2_kg is None else f"{one.co2_kg:.0f}",
        "-" if share is None else f"{share:.1%}",
    ]
    kind = ' class="ours"' if name == OURS else ""
    return f"<tr{kind}>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"


def _energy(outcome: Outcome) -> float:
    return sum(month.energy + month.stored for month in outcome.months)


def _costs(run: Run) -> str:
    outcomes = [run.outcomes[name] for name in ORDER]
    parts = [
        Series("energy", [_energy(one) for one in outcomes]),
        Series("demand charge", [sum(m.demand for m in one.months) for one in outcomes]),
        Series("battery wear", [sum(m.wear for m in one.months) for one in outcomes]),
    ]
    labels = [SHORT[name] for name in ORDER]
    return stacked_bars("What it cost", run.facts.currency, labels, parts)


def _peaks(run: Run) -> str:
    names = ("no_control", OURS, PERFECT)
    groups = [
        Series(SHORT[name], [max(m.peaks_kw, default=0.0) for m in run.outcomes[name].months])
        for name in names
    ]
    labels = [month.name for month in run.ours.months]
    return grouped_bars("Billed peak of every month", "kW", labels, groups)


def _captured(run: Run) -> str:
    groups = [
        Series(SHORT[name], [100 * (share or 0.0) for share in run.captured_monthly(name)])
        for name in ("peak_rule", "persistence", OURS)
    ]
    labels = [month.name for month in run.ours.months]
    return grouped_bars("Share of the perfect saving", "%", labels, groups)


def _week(run: Run) -> str:
    week = run.ours.week
    if week is None:
        return ""
    labels = [f"{day:%a %d %b}" for day in week.days]
    curves = [
        Series("import without control", week.without_kw),
        Series("import with", week.import_kw),
        Series("stored energy, kWh", week.soc_kwh),
    ]
    return lines("The week of the highest load", "kW", labels, curves)
