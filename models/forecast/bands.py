"""Which lead bucket serves a window, and the quantile bands around a forecast."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.forecast.history import Floats
from models.forecast.learnt import LeadBucket
from models.forecast.load_rows import Rows
from models.forecast.local_time import Ints
from models.timegrid import Series


def bucket_of(buckets: Sequence[LeadBucket], rows: Rows) -> Ints:
    """Place of the bucket of every row; leads beyond the last are served by the last."""
    ends = np.array([bucket.until_h for bucket in buckets])
    # Grid steps are whole seconds: a lead that ends on a bucket's end belongs to it.
    places = np.searchsorted(ends, rows.lead_h - 1e-9, "left")
    result: Ints = np.minimum(places, len(buckets) - 1).astype(np.int64)
    return result


def band_series(
    series: Floats, rows: Rows, buckets: Sequence[LeadBucket]
) -> tuple[tuple[float, Series], ...]:
    """Forecast plus residual quantile per share; () when no bucket has quantiles.

    A bucket without takes those of the nearest later one, else of the nearest earlier one.
    """
    known = [place for place, bucket in enumerate(buckets) if bucket.quantiles]
    if not known:
        return ()
    stand_in = [_nearest(place, known) for place in range(len(buckets))]
    tables = np.array(
        [[value for _, value in buckets[place].quantiles] for place in stand_in], dtype=np.float64
    )
    shares = [share for share, _ in buckets[known[0]].quantiles]
    added = tables[bucket_of(buckets, rows)]
    return tuple(
        (share, tuple((series + added[:, place]).tolist())) for place, share in enumerate(shares)
    )


def _nearest(place: int, known: Sequence[int]) -> int:
    later = [one for one in known if one >= place]
    return later[0] if later else known[-1]
