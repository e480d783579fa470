"""What a forecast sees of its windows, and the forecast that a set of lead buckets makes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from models.forecast.bands import bucket_of
from models.forecast.history import Floats
from models.forecast.learnt import LeadBucket
from models.forecast.load_rows import Rows

RIDGE = "ridge"


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Per row: the simple rules, the base the ridge starts from, and what the ridge sees."""

    options: dict[str, Floats]
    base: Floats
    columns: Floats
    """(rows, n)."""


View = Callable[[Rows], Seen]


def by_buckets(seen: Seen, rows: Rows, buckets: Sequence[LeadBucket]) -> Floats:
    """The chosen method's value per row; nan where its inputs are missing."""
    places = bucket_of(buckets, rows)
    series: Floats = np.full(len(rows), np.nan)
    for index, bucket in enumerate(buckets):
        here = places == index
        if bucket.method != RIDGE:
            values = seen.options.get(bucket.method)
            series[here] = np.nan if values is None else values[here]
        elif len(bucket.weights) == seen.columns.shape[1]:
            series[here] = (seen.base + seen.columns @ np.array(bucket.weights))[here]
    return series
