"""What goes to the cloud and comes from it, without the cloud: statements, pages, commands."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from typing import Any

import pytest

from edge_agent.store.series import Stretch
from edge_agent.study import SEMDRIoTManager
from edge_agent.timestream import Timestream, TimestreamError, command, rows_of

START = datetime(2026, 1, 15, 12, tzinfo=UTC)
HOUR = Stretch(START, START + timedelta(hours=1))

PAGE: dict[str, Any] = {
    "QueryId": "AEDQCANK7ZI2Q4L7DOSJ2RVLSQ",
    "ColumnInfo": [
        {"Name": "time", "Type": {"ScalarType": "TIMESTAMP"}},
        {"Name": "device_id", "Type": {"ScalarType": "VARCHAR"}},
        {"Name": "measure_name", "Type": {"ScalarType": "VARCHAR"}},
        {"Name": "value", "Type": {"ScalarType": "DOUBLE"}},
    ],
    "Rows": [
        {
            "Data": [
                {"ScalarValue": "2026-01-15 12:00:00.500000000"},
                {"ScalarValue": "m"},
                {"ScalarValue": "power"},
                {"ScalarValue": "41.5"},
            ]
        },
        {
            "Data": [
                {"ScalarValue": "2026-01-15 12:01:00.000000000"},
                {"ScalarValue": "m"},
                {"ScalarValue": "power"},
                {"NullValue": True},
            ]
        },
    ],
}


def test_a_null_is_no_row() -> None:
    at = datetime(2026, 1, 15, 12, 0, 0, 500_000, tzinfo=UTC)
    assert rows_of(PAGE) == [(at, "m", "power", 41.5)]


def test_every_text_of_a_statement_is_quoted() -> None:
    table = Timestream("eu-central-1", "semdr_iot_db", "device_metrics")
    text = table.statement("o'neill", HOUR, ["power", "it's"])
    assert "device_id = 'o''neill'" in text
    assert "measure_name IN ('power', 'it''s')" in text
    assert "2026-01-15T13:00:00+00:00" in text
    assert "measure_name IN" not in table.statement("m", HOUR, None)


@pytest.mark.parametrize("name", ['a"; DROP', "x", ""])
def test_a_name_of_a_database_is_checked(name: str) -> None:
    with pytest.raises(TimestreamError, match="is no name of a Timestream database"):
        Timestream("eu-central-1", name, "device_metrics").statement("m", HOUR, None)


def test_a_command_in_the_seeds_format() -> None:
    topic, body = command("b1", "discharge_battery", {"power_kw": 50, "soc_limit": 20}, START)
    assert topic == "semdr/control/b1/demand_response"
    assert json.loads(body) == {
        "timestamp": "2026-01-15T12:00:00Z",
        "action": "discharge_battery",
        "parameters": {"power_kw": 50, "soc_limit": 20},
        "source": "SEMDR_optimization",
    }


@pytest.mark.parametrize("device", ["", "a/b", "+", "#"])
def test_an_id_cannot_leave_its_place_in_the_topic(device: str) -> None:
    with pytest.raises(TimestreamError, match="is no device id"):
        command(device, "reduce_load", {}, START)


@pytest.mark.skipif(find_spec("boto3") is not None, reason="boto3 is installed")
def test_without_boto3_nothing_is_sent_and_it_says_so() -> None:
    manager = SEMDRIoTManager()
    assert manager.publish_demand_response_signal("m", "reduce_load", {"reduction_kw": 5}) is False
    assert "boto3 is not installed" in manager.why_not
