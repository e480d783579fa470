"""Refusals by name: a condition that does not hold, a number that cannot be planned with."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import cast

from models.types import BadInputError

LARGEST = 1e7
"""No power, energy, price or temperature of a building is larger."""


def require(holds: bool, text: str) -> None:  # noqa: FBT001 - the condition is the argument
    """BadInputError unless it holds."""
    if not holds:
        raise BadInputError(text)


def check_numbers(value: object, path: str) -> None:
    """Walk dataclasses and tuples; every number must be finite and of a building's size."""
    if isinstance(value, tuple) and _sound(value):
        return
    if is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            inner = getattr(value, field.name)
            dot = "." if is_dataclass(inner) else ""
            check_numbers(inner, f"{path}{field.name}{dot}")
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            place = f"{path}[{getattr(item, 'id', index)}]"
            require(item is not None, f"{place} is missing")
            check_numbers(item, f"{place}." if is_dataclass(item) else place)
    elif isinstance(value, (int, float)):
        require(math.isfinite(value), f"{path} is {value}")
        require(abs(value) <= LARGEST, f"{path} is {value:g}, beyond {LARGEST:g}")
    elif isinstance(value, datetime):
        require(value.utcoffset() is not None, f"{path}: an aware time is due, got {value!r}")


def _sound(values: tuple[object, ...]) -> bool:
    """Whether these are plain floats without fault; False leaves it to the walk to find out."""
    if not values or {*map(type, values)} != {float}:
        return False
    numbers = cast("tuple[float, ...]", values)
    # A nan makes the sum nan, whatever it does to least and greatest.
    return math.isfinite(sum(numbers)) and min(numbers) >= -LARGEST and max(numbers) <= LARGEST
