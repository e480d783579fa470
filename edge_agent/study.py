"""Readings for studies: `SEMDRIoTManager` over the local store, or Timestream where configured.

A gap stays a gap: nothing is interpolated, and without a source a fetch is refused.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drivers.types import Clock, Quality
from edge_agent.clock import SystemClock
from edge_agent.site.load import load_site
from edge_agent.site.mistakes import SiteError
from edge_agent.store.location import DATABASE
from edge_agent.store.schema import open_readonly
from edge_agent.store.series import Stretch, point_names, raw_slices
from edge_agent.store.types import StoreError
from edge_agent.timestream import Control, Timestream, TimestreamError

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("time", "device_id", "measure_name", "value")

Row = tuple[datetime, str, str, float]


class NoReadingsError(Exception):
    """There is no source of readings, or it cannot be read; the message says what to do."""


class SEMDRIoTManager:
    """Fetches what devices measured.

    The source is the store of `store`, else of the site file `SEMDR_CONFIG_PATH` names, else, where
    the environment sets TIMESTREAM_DB, Amazon Timestream.
    """

    def __init__(
        self,
        aws_region: str = "us-east-1",
        timestream_db: str = "semdr_iot_db",
        timestream_table: str = "device_metrics",
        *,
        store: Path | str | None = None,
        clock: Clock | None = None,
    ) -> None:
        """`AWS_REGION` and `TIMESTREAM_DB` in the environment win over the arguments."""
        self.aws_region = os.environ.get("AWS_REGION", aws_region)
        self.timestream_db = os.environ.get("TIMESTREAM_DB", timestream_db)
        self.timestream_table = timestream_table
        self.why_not = ""
        """Why the last call gave nothing, in words."""
        self._store = Path(store) if store is not None else None
        self._clock = clock or SystemClock()
        self._cloud = "TIMESTREAM_DB" in os.environ

    @property
    def connected(self) -> bool:
        """Whether readings can be fetched now; `why_not` says why they cannot."""
        try:
            path = self._path()
            if path is not None:
                with open_readonly(path) as db:
                    point_names(db)
            else:
                self._timestream().probe()
        except (NoReadingsError, StoreError, TimestreamError) as error:
            self.why_not = str(error)
            return False
        self.why_not = ""
        return True

    def fetch_device_data(
        self,
        device_id: str,
        start_time: datetime,
        end_time: datetime,
        measurement_fields: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """`time` (UTC), `device_id`, `measure_name`, `value` from start before end, by time.

        Readings that are not usable are left out. `attrs["units"]` has the unit of each field. An
        unknown device or an empty time gives no rows. Raises NoReadingsError, ValueError for a
        naive time, and ImportError without pandas.
        """
        import pandas as pd

        stretch = Stretch(_aware(start_time), _aware(end_time))
        try:
            path = self._path()
            rows, units = (
                _stored(path, device_id, stretch, measurement_fields)
                if path is not None
                else self._timestream().rows(device_id, stretch, measurement_fields)
            )
        except (StoreError, TimestreamError) as error:
            raise NoReadingsError(str(error)) from error
        table = pd.DataFrame(rows, columns=list(COLUMNS))
        table["time"] = pd.to_datetime(table["time"], utc=True)
        table["value"] = table["value"].astype(float)
        table.attrs["units"] = units
        return table

    def publish_demand_response_signal(
        self, device_id: str, action: str, parameters: dict[str, Any]
    ) -> bool:
        """Send a command through AWS IoT Core; True only when it has taken the message.

        Whether and how the gateway carries it out comes back on the command's result topic.
        """
        try:
            Control(self.aws_region, self._clock).publish(device_id, action, parameters)
        except TimestreamError as error:
            self.why_not = str(error)
            return False
        self.why_not = ""
        return True

    def _path(self) -> Path | None:
        """The store's file; None for Timestream."""
        if self._store is not None:
            return self._store / DATABASE if self._store.is_dir() else self._store
        site = os.environ.get("SEMDR_CONFIG_PATH")
        if site is None and self._cloud:
            return None
        if site is None:
            msg = (
                "no source of readings: give store=, or set SEMDR_CONFIG_PATH to the site file or "
                "TIMESTREAM_DB to a database"
            )
            raise NoReadingsError(msg)
        try:
            loaded = load_site(Path(site))
        except SiteError as error:
            raise NoReadingsError(str(error)) from error
        return Path(loaded.site.agent.state_dir) / DATABASE

    def _timestream(self) -> Timestream:
        """The cloud's database."""
        return Timestream(self.aws_region, self.timestream_db, self.timestream_table)


def _stored(
    path: Path, device_id: str, stretch: Stretch, fields: Collection[str] | None
) -> tuple[list[Row], dict[str, str]]:
    """Usable readings of a device; of a field read in several units those of the newest."""
    with open_readonly(path) as db:
        wanted = {
            name.point: (number, name)
            for number, name in sorted(point_names(db).items())
            if name.device == device_id and (fields is None or name.point in fields)
        }
        names = dict(wanted.values())
        rows = [row for part in raw_slices(db, names, stretch) for row in _usable(part)]
    return rows, {field: name.unit for field, (_, name) in wanted.items()}


def _usable(part: Any) -> Iterator[Row]:  # noqa: ANN401 - rows of the store
    """Rows with a value one may rest on."""
    for reading in part:
        if reading.value is not None and Quality(reading.quality).usable:
            at = datetime.fromtimestamp(reading.at_ms / 1000.0, UTC)
            yield at, reading.device, reading.point, reading.value


def _aware(moment: datetime) -> datetime:
    """UTC; ValueError for a naive time."""
    if moment.utcoffset() is None:
        msg = f"{moment!r} has no time zone: add one, such as tzinfo=UTC"
        raise ValueError(msg)
    return moment.astimezone(UTC)
