"""What a whole site publishes: every device topic once, and the topics commands come in on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from models.casestudy.schemas import Schema, topics_in

AGGREGATION_LEVELS = ("1min", "5min", "15min", "30min", "60min")
RETENTION = {
    "raw_data": "7 days",
    "5min_aggregated": "30 days",
    "15min_aggregated": "1 year",
    "hourly_aggregated": "5 years",
}


class Described(Protocol):
    """A part that can say what it measures."""

    def get_iot_data_schema(self) -> Schema:
        """Fields, units and topics."""
        ...


def system_schema(components: Iterable[Described]) -> Schema:
    """Collection, retention, topics and the schema of every component.

    Several components of one class stand as `SEMDRBattery`, `SEMDRBattery_2` and so on.
    """
    schemas: dict[str, Schema] = {}
    for component in components:
        name = type(component).__name__
        count = sum(1 for known in schemas if known.split("_")[0] == name)
        schemas[f"{name}_{count + 1}" if count else name] = component.get_iot_data_schema()
    return {
        "system_name": "SEMDR",
        "version": "1.0",
        "data_collection": {
            "base_frequency": "1min",
            "aggregation_levels": list(AGGREGATION_LEVELS),
            "retention_policy": dict(RETENTION),
        },
        "aws_integration": {
            "iot_core_topics": topics_in(list(schemas.values())),
            "timestream_database": "semdr_iot_db",
            "s3_bucket": "semdr-iot-data-bucket",
            "lambda_processor": "iot-rds-handler",
        },
        "device_schemas": schemas,
    }
