"""Readings of the field as a study needs them: queries, transformation, validation. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from models.casestudy.axis import step_seconds, utc
from models.casestudy.errors import StudyError

DATABASE = "semdr_iot_db"
TABLE = "device_metrics"
COLUMNS = ("time", "device_id", "measure_name", "value")
NULL_PERCENT_MOST = 10.0
_TIME = "timestamp"

Parameters = dict[str, str]


class SEMDRIoTIntegration:
    """Data helpers without state; they never make up a value."""

    @staticmethod
    def create_timestream_query(
        device_id: str, measurement_type: str, start_time: datetime, end_time: datetime
    ) -> str:
        """SQL for one device and one kind of measurement from start before end.

        `measurement_type` is a field such as `power`; "" asks for all. Text is quoted, so that an
        id cannot change the statement. Times are aware.
        """
        named = f" AND measure_name = {quoted(measurement_type)}" if measurement_type else ""
        return (
            "SELECT time, device_id, measure_name, value "  # noqa: S608 - every value is quoted
            f'FROM "{DATABASE}"."{TABLE}" '
            f"WHERE device_id = {quoted(device_id)}{named} "
            f"AND time >= {iso(start_time, 'start_time')} AND time < {iso(end_time, 'end_time')} "
            "ORDER BY time"
        )

    @staticmethod
    def transform_iot_to_draf(data: pd.DataFrame, target_frequency: str = "15min") -> pd.DataFrame:
        """One column per measurement over aware times, means of each step; gaps stay NaN.

        `data` has `time` (column or index), `measure_name` and `value`.
        """
        step = pd.Timedelta(seconds=step_seconds(target_frequency))
        table = data.reset_index() if data.index.name == "time" else data
        missing = [name for name in ("time", "measure_name", "value") if name not in table]
        if missing:
            fault = f"no column {', '.join(missing)}"
            raise StudyError("data", fault, f"give {', '.join(COLUMNS)}")
        times = pd.to_datetime(table["time"])
        if times.dt.tz is None:
            raise StudyError("data.time", "times without a zone", "dt.tz_localize('UTC')")
        wide = table.assign(time=times).pivot_table(
            index="time", columns="measure_name", values="value", aggfunc="mean", dropna=False
        )
        wide.columns.name = None
        return wide.resample(step).mean()

    @staticmethod
    def validate_iot_data(data: pd.DataFrame, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Whether every expected field is there with at most 10 % of its values missing.

        The time may be the index or a column `timestamp` or `time`.
        """
        expected = [name for name in schema.get("expected_fields", []) if name != _TIME]
        timed = isinstance(data.index, pd.DatetimeIndex) or bool({_TIME, "time"} & set(data))
        missing = [name for name in expected if name not in data]
        if not timed:
            missing.append(_TIME)
        quality = {name: _quality(data[name]) for name in expected if name in data}
        nulls = [found["null_percentage"] for found in quality.values()]
        return {
            "valid": not missing and all(each <= NULL_PERCENT_MOST for each in nulls),
            "missing_fields": missing,
            "extra_fields": [
                name for name in data if name not in expected and name not in (_TIME, "time")
            ],
            "data_quality": quality,
        }


def _quality(values: pd.Series) -> dict[str, Any]:
    """Figures of one field; None where there is no value."""
    known = values.dropna().astype(float)
    nulls = 100.0 * (1.0 - len(known) / len(values)) if len(values) else 100.0
    there = len(known) > 0
    return {
        "null_percentage": nulls,
        "min_value": float(known.min()) if there else None,
        "max_value": float(known.max()) if there else None,
        "mean_value": float(known.mean()) if there else None,
        "data_points": len(known),
    }


def quoted(text: str) -> str:
    """An SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def iso(moment: datetime, place: str) -> str:
    """An SQL timestamp from an aware time."""
    return f"from_iso8601_timestamp('{utc(moment, place).isoformat()}')"


def unmeasured_demand(
    meter_kw: pd.Series,
    pv_kw: pd.Series | float = 0.0,
    battery_kw: pd.Series | float = 0.0,
    hvac_kw: pd.Series | float = 0.0,
) -> pd.Series:
    """Consumption that no other part stands for, behind a main meter [kW].

    Import positive, `battery_kw` positive when charging. A step in which one of them is missing is
    missing.
    """
    return meter_kw + pv_kw - battery_kw - hvac_kw
