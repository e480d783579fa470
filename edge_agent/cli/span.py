"""Spans of time as people type them."""

from __future__ import annotations

import re
from datetime import timedelta

UNIT_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
LONGEST = timedelta(days=36_525)


def parse_span(text: str) -> timedelta:
    """`90s`, `10m`, `2h`, `1d`, or a plain number of seconds; ValueError otherwise."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhd]?)", text.strip(), re.ASCII)
    if match is None:
        msg = f"{text!r} is no span of time: write 90s, 10m, 2h or 1d"
        raise ValueError(msg)
    span_s = float(match[1]) * UNIT_S[match[2] or "s"]
    if span_s > LONGEST.total_seconds():
        msg = f"{text[:40]!r} is more than a hundred years: write 90s, 10m, 2h or 1d"
        raise ValueError(msg)
    return timedelta(seconds=span_s)


def parse_hold(text: str, longest: timedelta) -> timedelta:
    """A span of more than nothing and at most `longest`; ValueError otherwise."""
    span = parse_span(text)
    if not timedelta(0) < span <= longest:
        msg = f"{text!r}: more than nothing and at most {longest.days}d"
        raise ValueError(msg)
    return span
