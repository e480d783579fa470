"""Amazon Timestream and IoT Core as a study reaches them. boto3 is imported on first use only."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from typing import Any, Protocol

from edge_agent.store.series import Stretch

Row = tuple[datetime, str, str, float]

_NAME = re.compile(r"[A-Za-z0-9_.\-]{3,256}")


class TimestreamError(Exception):
    """The cloud cannot be asked, or has refused; the message says what to do."""


class Timed(Protocol):
    """Something that knows the time."""

    def now(self) -> datetime:
        """UTC."""
        ...


@dataclass(frozen=True, slots=True)
class Timestream:
    """One table of readings: time, device_id, measure_name, value."""

    region: str
    database: str
    table: str

    def probe(self) -> None:
        """Raise TimestreamError unless the table answers."""
        for _ in self._pages(f"SELECT 1 FROM {self._place()} LIMIT 1"):  # noqa: S608 - checked name
            return

    def rows(
        self, device_id: str, stretch: Stretch, fields: Collection[str] | None
    ) -> tuple[list[Row], dict[str, str]]:
        """Readings by time, and no units: the table has none."""
        found: list[Row] = []
        for page in self._pages(self.statement(device_id, stretch, fields)):
            found += rows_of(page)
        return found, {}

    def statement(self, device_id: str, stretch: Stretch, fields: Collection[str] | None) -> str:
        """SQL whose every text is quoted."""
        named = ""
        if fields is not None:
            named = f" AND measure_name IN ({', '.join(_quoted(each) for each in fields)})"
        since, until = (
            f"from_iso8601_timestamp({_quoted(each.isoformat())})"
            for each in (stretch.since, stretch.until)
        )
        return (
            f"SELECT time, device_id, measure_name, value FROM {self._place()} "  # noqa: S608
            f"WHERE device_id = {_quoted(device_id)}{named} "
            f"AND time >= {since} AND time < {until} ORDER BY time"
        )

    def _place(self) -> str:
        """The table's quoted name."""
        for name in (self.database, self.table):
            if not _NAME.fullmatch(name):
                msg = f"{name!r} is no name of a Timestream database or table"
                raise TimestreamError(msg)
        return f'"{self.database}"."{self.table}"'

    def _pages(self, statement: str) -> Iterator[Mapping[str, Any]]:
        """Every page of an answer."""
        client, faults = _client("timestream-query", self.region)
        try:
            yield from client.get_paginator("query").paginate(QueryString=statement)
        except faults as error:
            msg = f"Timestream {self.database}: {error}"
            raise TimestreamError(msg) from error


@dataclass(frozen=True, slots=True)
class Control:
    """Commands to gateways through AWS IoT Core."""

    region: str
    clock: Timed

    def publish(self, device_id: str, action: str, parameters: Mapping[str, Any]) -> None:
        """At least once; TimestreamError when the service did not take it."""
        topic, body = command(device_id, action, parameters, self.clock.now())
        client, faults = _client("iot-data", self.region)
        try:
            client.publish(topic=topic, qos=1, payload=body)
        except faults as error:
            msg = f"AWS IoT Core: {error}"
            raise TimestreamError(msg) from error


def command(
    device_id: str, action: str, parameters: Mapping[str, Any], at: datetime
) -> tuple[str, bytes]:
    """Topic and body of a command in the seed's format."""
    if not device_id or set(device_id) & set("/+#"):
        msg = f"{device_id!r} is no device id: it stands between slashes of a topic"
        raise TimestreamError(msg)
    body = {
        "timestamp": at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "action": action,
        "parameters": dict(parameters),
        "source": "SEMDR_optimization",
    }
    return f"semdr/control/{device_id}/demand_response", json.dumps(body).encode()


def rows_of(page: Mapping[str, Any]) -> list[Row]:
    """Rows of one page of a query's answer; those without a number are left out."""
    names = [column["Name"] for column in page["ColumnInfo"]]
    found: list[Row] = []
    for row in page["Rows"]:
        cells = dict(zip(names, (cell.get("ScalarValue") for cell in row["Data"]), strict=True))
        if cells["value"] is None:
            continue
        # Nine decimals of a second, and no zone: Timestream keeps UTC.
        at = datetime.fromisoformat(cells["time"][:26]).replace(tzinfo=UTC)
        found.append((at, cells["device_id"], cells["measure_name"], float(cells["value"])))
    return found


def _client(service: str, region: str) -> tuple[Any, tuple[type[Exception], ...]]:
    """A client of boto3 and what it raises."""
    try:
        boto3 = import_module("boto3")
        faults = import_module("botocore.exceptions")
    except ImportError as error:
        msg = "boto3 is not installed: pip install boto3, or use the local store"
        raise TimestreamError(msg) from error
    return boto3.client(service, region_name=region), (faults.BotoCoreError, faults.ClientError)


def _quoted(text: str) -> str:
    """An SQL string literal."""
    return "'" + text.replace("'", "''") + "'"
