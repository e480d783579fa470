"""The commissioning report as one HTML page that needs nothing else. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from edge_agent.commissioning.report import Finding, Report

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 70em; color: #1b1f24; }
h1 { font-size: 1.5em; } h2 { font-size: 1.15em; margin-top: 2em; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3em .6em; border-bottom: 1px solid #d5dae0; }
td { vertical-align: top; } td.n { text-align: right; font-variant-numeric: tabular-nums; }
.bad { color: #a40e26; font-weight: 600; } .good { color: #116329; }
code { font-size: .9em; word-break: break-all; }
@media print { body { margin: 0; } }
"""

Cell = str | float | None


def page(report: Report) -> str:
    """The whole document."""
    title = f"Commissioning of {escape(report.site)}"
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        f"<title>{title}</title><style>{STYLE}</style></head><body><h1>{title}</h1>",
        _head(report),
        _section("What is still open", _list(report.open_matters)),
        _section("Commanded points", _actuators(report)),
        _section("Steps of each trial", _stages(report)),
        _section("Devices", _devices(report)),
        _section("Points", _points(report)),
        _section("If the gateway dies and never comes back", _ends(report)),
        "</body></html>\n",
    ]
    return "\n".join(parts)


def _head(report: Report) -> str:
    accepted = "not accepted" if report.accepted_at is None else f"{report.accepted_at:%F %T}Z"
    ended = "-" if report.ended is None else f"{report.ended:%F %T}Z"
    rows: list[tuple[str, str]] = [
        ("Signed by", report.by),
        ("Begun, ended", f"{report.started:%F %T}Z, {ended}"),
        ("Accepted", accepted),
        ("Broken off", report.broken_off or "no"),
        ("Site file", report.site_file),
        ("Hash of site and profiles", report.site_hash),
        ("Program", report.program),
        ("Gateway power-off tried", report.power_off.replace("_", " ")),
        ("Questions answered", report.answered_by),
        ("Without a person because", report.without_person or "-"),
        ("Still held", ", ".join(report.still_held) or "nothing"),
    ]
    return _table((), rows)


def _list(texts: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(text)}</li>" for text in texts)
    return f'<ul class="bad">{items}</ul>' if items else '<p class="good">Nothing.</p>'


def _actuators(report: Report) -> str:
    rows = [
        (
            row.point,
            row.kind,
            _mark(row.finding.replace("_", " "), good=row.finding is Finding.PASSED),
            row.says,
            row.released,
            f"{row.local_override.replace('_', ' ')} {row.local_says}".rstrip(),
        )
        for row in report.actuators
    ]
    return _table(("Point", "Kind", "Finding", "Says", "Given back", "Local override"), rows)


def _stages(report: Report) -> str:
    rows = [
        (
            row.point,
            f"{stage.asked:g} {row.unit}",
            stage.result,
            stage.readback,
            stage.expected_kw,
            stage.meter_moved_kw,
            stage.own_moved_kw,
            _mark(stage.finding.replace("_", " "), good=stage.finding is Finding.PASSED),
        )
        for row in report.actuators
        for stage in row.stages
    ]
    heads = ("Point", "Asked", "Write", "Read back", "Expected kW", "Meter kW", "Device kW", "")
    return _table(heads, rows)


def _devices(report: Report) -> str:
    rows = [
        (
            row.device,
            row.profile,
            row.identity,
            _mark(row.problem or "good", good=not row.problem),
        )
        for row in report.devices
    ]
    return _table(("Device", "Profile", "Says it is", ""), rows)


def _points(report: Report) -> str:
    rows = [
        (
            f"{row.device}.{row.point}",
            row.value,
            row.unit,
            _mark(row.quality.replace("_", " "), good=row.good),
            row.reason,
            " ".join(f"{word:04X}" for word in row.raw),
        )
        for row in report.points
    ]
    return _table(("Point", "Value", "Unit", "Quality", "Why", "Raw"), rows)


def _ends(report: Report) -> str:
    rows = [(f"{row.device}.{row.point}", row.end_state) for row in report.points if row.writable]
    return _table(("Point", "End state"), rows)


class _Marked(str):
    """Text that is HTML already."""

    __slots__ = ()


def _mark(text: str, *, good: bool) -> _Marked:
    return _Marked(f'<span class="{"good" if good else "bad"}">{escape(text)}</span>')


def _table(heads: tuple[str, ...], rows: Iterable[tuple[Cell, ...]]) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in heads)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>" if body else "<p>None.</p>"


def _cell(cell: Cell) -> str:
    if isinstance(cell, _Marked):
        return f"<td>{cell}</td>"
    if isinstance(cell, float):
        return f'<td class="n">{cell:.6g}</td>'
    return f"<td>{escape(cell or '')}</td>"


def _section(title: str, body: str) -> str:
    return f"<h2>{escape(title)}</h2>{body}"
