"""Readings on their way into a study: pure helpers, and the manager over a real store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from drivers.types import Quality, Reading
from edge_agent.clock import ManualClock
from edge_agent.store.location import DATABASE
from edge_agent.store.store import Store
from edge_agent.study import NoReadingsError, SEMDRIoTManager
from models import SEMDRIoTIntegration, StudyError
from models.casestudy.iot import unmeasured_demand
from models.components import SEMDRElectricDemand

START = datetime(2026, 1, 15, 12, tzinfo=UTC)


async def filled(folder: Path) -> Path:
    """Half an hour by the minute; silent from minute 10 to 14, uncertain at 20."""
    clock = ManualClock(START + timedelta(hours=1))
    store = await Store.open(folder / DATABASE, clock)
    for minute in range(30):
        at = START + timedelta(minutes=minute)
        silent = 10 <= minute < 15
        quality = Quality.MISSING if silent else Quality.GOOD
        quality = Quality.UNCERTAIN if minute == 20 else quality
        power = Reading(
            device="smart_meter_001",
            point="power",
            value=None if silent else 100.0 + minute,
            unit="kW",
            at=at,
            quality=quality,
            reason="" if quality is Quality.GOOD else "no answer",
        )
        other = Reading(
            device="other", point="power", value=1.0, unit="kW", at=at, quality=Quality.GOOD
        )
        store.append([power, other])
        await store.commit()
    await store.close()
    return folder


async def test_a_gap_of_the_store_stays_a_gap(tmp_path: Path) -> None:
    manager = SEMDRIoTManager(store=await filled(tmp_path))
    assert manager.connected
    end = START + timedelta(minutes=30)
    data = manager.fetch_device_data("smart_meter_001", START, end, ["power"])
    assert list(data.columns) == ["time", "device_id", "measure_name", "value"]
    assert len(data) == 25
    assert data.attrs["units"] == {"power": "kW"}
    assert set(data["device_id"]) == {"smart_meter_001"}
    wide = SEMDRIoTIntegration.transform_iot_to_draf(data, target_frequency="5min")
    assert wide["power"].isna().tolist() == [False, False, True, False, False, False]
    assert wide["power"].iloc[0] == pytest.approx(102.0)
    assert str(wide.index.tz) == "UTC"


async def test_the_end_is_outside_and_every_field_comes_by_default(tmp_path: Path) -> None:
    manager = SEMDRIoTManager(store=await filled(tmp_path) / DATABASE)
    data = manager.fetch_device_data("smart_meter_001", START, START + timedelta(minutes=2))
    assert data["value"].tolist() == [100.0, 101.0]


async def test_an_unknown_device_has_no_rows(tmp_path: Path) -> None:
    manager = SEMDRIoTManager(store=await filled(tmp_path))
    data = manager.fetch_device_data("battery_001", START, START + timedelta(hours=1))
    assert len(data) == 0
    with pytest.raises(ValueError, match="no time zone"):
        manager.fetch_device_data("other", datetime(2026, 1, 15), START)  # noqa: DTZ001 - naive


def test_no_store_is_refused_and_nothing_made_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SEMDR_CONFIG_PATH", "TIMESTREAM_DB"):
        monkeypatch.delenv(name, raising=False)
    manager = SEMDRIoTManager(store=tmp_path)
    assert not manager.connected
    with pytest.raises(NoReadingsError, match="cannot read"):
        manager.fetch_device_data("meter", START, START + timedelta(hours=1))
    with pytest.raises(NoReadingsError, match="set SEMDR_CONFIG_PATH"):
        SEMDRIoTManager().fetch_device_data("meter", START, START + timedelta(hours=1))


def test_the_environment_names_the_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEMDR_CONFIG_PATH", raising=False)
    monkeypatch.setenv("TIMESTREAM_DB", "site_db")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    manager = SEMDRIoTManager(aws_region="us-east-1", timestream_db="semdr_iot_db")
    assert (manager.aws_region, manager.timestream_db) == ("eu-central-1", "site_db")


def test_a_query_cannot_be_changed_by_an_id() -> None:
    end = START + timedelta(hours=6)
    text = SEMDRIoTIntegration.create_timestream_query("x' OR '1'='1", "power", START, end)
    assert "device_id = 'x'' OR ''1''=''1'" in text
    assert '"semdr_iot_db"."device_metrics"' in text
    assert "measure_name = 'power'" in text
    assert "2026-01-15T12:00:00+00:00" in text
    naive = datetime(2026, 1, 15)  # noqa: DTZ001 - naive
    with pytest.raises(StudyError, match=r"start_time: .* has no time zone"):
        SEMDRIoTIntegration.create_timestream_query("x", "power", naive, end)


def rows(values: list[float]) -> pd.DataFrame:
    times = pd.date_range(START, periods=len(values), freq="1min")
    return pd.DataFrame({"time": times, "measure_name": "power", "value": values})


def test_only_the_five_steps_and_only_aware_times() -> None:
    assert len(SEMDRIoTIntegration.transform_iot_to_draf(rows([1.0] * 120), "1h")) == 2
    with pytest.raises(StudyError, match="10min"):
        SEMDRIoTIntegration.transform_iot_to_draf(rows([1.0]), "10min")
    naive = rows([1.0]).assign(time=[pd.Timestamp("2026-01-15")])
    with pytest.raises(StudyError, match="times without a zone"):
        SEMDRIoTIntegration.transform_iot_to_draf(naive)
    with pytest.raises(StudyError, match="no column measure_name"):
        SEMDRIoTIntegration.transform_iot_to_draf(rows([1.0]).drop(columns="measure_name"))


@pytest.mark.parametrize(("missing", "valid"), [(9, True), (10, True), (11, False)])
def test_valid_up_to_a_tenth_missing(missing: int, *, valid: bool) -> None:
    schema = SEMDRElectricDemand(iot_device_id="m").get_iot_data_schema()
    index = pd.date_range(START, periods=100, freq="1min", name="timestamp")
    table = pd.DataFrame({"power": 5.0, "voltage": 230.0, "current": 9.0}, index=index)
    table.iloc[:missing, 0] = np.nan
    found = SEMDRIoTIntegration.validate_iot_data(table, schema)
    assert found["valid"] is valid
    assert found["data_quality"]["power"]["null_percentage"] == pytest.approx(missing)
    assert found["data_quality"]["power"]["data_points"] == 100 - missing
    as_column = SEMDRIoTIntegration.validate_iot_data(table.reset_index(), schema)
    assert (as_column["valid"], as_column["extra_fields"]) == (valid, [])


def test_a_missing_field_is_named() -> None:
    schema: dict[str, Any] = {"expected_fields": ["power", "voltage", "timestamp"]}
    found = SEMDRIoTIntegration.validate_iot_data(pd.DataFrame({"power": [1.0]}), schema)
    assert found["missing_fields"] == ["voltage", "timestamp"]
    assert not found["valid"]


def test_behind_a_main_meter_nothing_counts_twice() -> None:
    meter = pd.Series([50.0, 20.0, np.nan])
    found = unmeasured_demand(meter, pd.Series([0.0, 30.0, 0.0]), pd.Series([10.0, -5.0, 0.0]), 4.0)
    assert found.tolist()[:2] == [36.0, 51.0]
    assert np.isnan(found[2])
