"""Bars and lines as inline SVG; no script, no file from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 720, 260
LEFT, TOP, BOTTOM = 60, 16, 44
COLOURS = ("#3b6ea5", "#d98032", "#7a9a3a", "#8a5a9e", "#999999", "#b94a48")


@dataclass(frozen=True, slots=True)
class Series:
    """One number per label."""

    name: str
    values: Sequence[float]


def stacked_bars(title: str, unit: str, labels: Sequence[str], parts: Sequence[Series]) -> str:
    """One bar per label, its parts one above the other; negative parts hang below zero."""
    highs = [sum(max(0.0, part.values[i]) for part in parts) for i in range(len(labels))]
    lows = [sum(min(0.0, part.values[i]) for part in parts) for i in range(len(labels))]
    scale = _Scale.of([*highs, *lows, 0.0])
    slot = (WIDTH - LEFT) / max(1, len(labels))
    marks = [_axis(scale, unit)]
    for place, label in enumerate(labels):
        up = down = 0.0
        x = LEFT + place * slot + 0.15 * slot
        for index, part in enumerate(parts):
            value = part.values[place]
            base = up if value >= 0 else down
            top, foot = scale.y(max(base, base + value)), scale.y(min(base, base + value))
            tip = f"{label}: {part.name} {value:.1f} {unit}"
            marks.append(_rect((x, top, 0.7 * slot, foot - top), COLOURS[index], tip))
            up, down = (up + value, down) if value >= 0 else (up, down + value)
        marks.append(_text(x + 0.35 * slot, HEIGHT - BOTTOM + 14, label))
    return _figure(title, [part.name for part in parts], marks)


def grouped_bars(title: str, unit: str, labels: Sequence[str], groups: Sequence[Series]) -> str:
    """Beside each other, a group per label."""
    scale = _Scale.of([0.0, *(value for group in groups for value in group.values)])
    slot = (WIDTH - LEFT) / max(1, len(labels))
    width = 0.8 * slot / max(1, len(groups))
    marks = [_axis(scale, unit)]
    for place, label in enumerate(labels):
        left = LEFT + place * slot + 0.1 * slot
        for index, group in enumerate(groups):
            value = group.values[place]
            top, foot = scale.y(max(0.0, value)), scale.y(min(0.0, value))
            tip = f"{label}: {group.name} {value:.1f} {unit}"
            box = (left + index * width, top, width, foot - top)
            marks.append(_rect(box, COLOURS[index], tip))
        marks.append(_text(left + 0.4 * slot, HEIGHT - BOTTOM + 14, label))
    return _figure(title, [group.name for group in groups], marks)


def lines(title: str, unit: str, labels: Sequence[str], curves: Sequence[Series]) -> str:
    """Curves over even time; `labels` stand at even distances below."""
    scale = _Scale.of([0.0, *(value for curve in curves for value in curve.values)])
    marks = [_axis(scale, unit)]
    for index, curve in enumerate(curves):
        step = (WIDTH - LEFT) / max(1, len(curve.values) - 1)
        points = " ".join(
            f"{LEFT + i * step:.1f},{scale.y(value):.1f}" for i, value in enumerate(curve.values)
        )
        marks.append(
            f'<polyline points="{points}" fill="none" stroke="{COLOURS[index]}" '
            f'stroke-width="1.2"><title>{escape(curve.name)}</title></polyline>'
        )
    slot = (WIDTH - LEFT) / max(1, len(labels))
    marks += [
        _text(LEFT + (place + 0.5) * slot, HEIGHT - BOTTOM + 14, label)
        for place, label in enumerate(labels)
    ]
    return _figure(title, [curve.name for curve in curves], marks)


@dataclass(frozen=True, slots=True)
class _Scale:
    low: float
    high: float

    @staticmethod
    def of(values: Sequence[float]) -> _Scale:
        low, high = min(values), max(values)
        return _Scale(low, high if high > low else low + 1.0)

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _axis(scale: _Scale, unit: str) -> str:
    marks = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        value = scale.low + share * (scale.high - scale.low)
        y = scale.y(value)
        marks.append(
            f'<line x1="{LEFT}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.4g}</text>'
        )
    return "".join(marks) + f'<text x="4" y="{TOP - 4}">{escape(unit)}</text>'


def _rect(box: tuple[float, float, float, float], colour: str, tip: str) -> str:
    x, y, width, height = box
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
        f'fill="{colour}"><title>{escape(tip)}</title></rect>'
    )


def _text(x: float, y: float, text: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle">{escape(text)}</text>'


def _figure(title: str, names: Sequence[str], marks: Sequence[str]) -> str:
    legend = "".join(
        f'<rect x="{LEFT + 150 * place}" y="{HEIGHT - 16}" width="10" height="10" '
        f'fill="{COLOURS[place]}"/><text x="{LEFT + 14 + 150 * place}" y="{HEIGHT - 7}">'
        f"{escape(name)}</text>"
        for place, name in enumerate(names)
    )
    return (
        f"<figure><figcaption>{escape(title)}</figcaption>"
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"{''.join(marks)}{legend}</svg></figure>"
    )
