"""Aware UTC datetimes to whole milliseconds or microseconds since 1970 and back, exactly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_MICROSECOND = timedelta(microseconds=1)


def to_ms(at: datetime) -> int:
    """Milliseconds since 1970, rounded down; `at` must be aware."""
    return (at - EPOCH) // _MILLISECOND


def from_ms(at_ms: int) -> datetime:
    """The inverse of to_ms."""
    return EPOCH + timedelta(milliseconds=at_ms)


def to_us(at: datetime) -> int:
    """Microseconds since 1970, which is all a datetime holds; `at` must be aware."""
    return (at - EPOCH) // _MICROSECOND


def from_us(at_us: int) -> datetime:
    """The inverse of to_us."""
    return EPOCH + timedelta(microseconds=at_us)
