"""For how long a person may hold a point, on the command line as at the socket."""

from __future__ import annotations

from datetime import timedelta

LONGEST_OVERRIDE = timedelta(days=31)
LONGEST_RELEASE = timedelta(days=7)
