"""Spans of time as people type them."""

from __future__ import annotations

import re
from datetime import timedelta

UNIT_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def parse_span(text: str) -> timedelta:
    """`90s`, `10m`, `2h`, `1d`, or a plain number of seconds; ValueError otherwise."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhd]?)", text.strip())
    if match is None:
        msg = f"{text!r} is no span of time: write 90s, 10m, 2h or 1d"
        raise ValueError(msg)
    return timedelta(seconds=float(match[1]) * UNIT_S[match[2] or "s"])
