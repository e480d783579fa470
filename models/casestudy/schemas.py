"""Which measurements a component lives on: topics, fields and units of the wire format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Schema = dict[str, Any]

UNITS: Mapping[str, Mapping[str, str]] = {
    "electrical": {"power": "kW", "voltage": "V", "current": "A"},
    "environmental": {"temperature": "°C", "humidity": "%", "pressure": "hPa"},
    "occupancy": {"is_occupied": "boolean", "occupancy_count": "persons"},
    "battery": {
        "voltage": "V",
        "current": "A",
        "power": "kW",
        "soc": "%",
        "temperature": "°C",
    },
    "weather": {
        "solar_irradiance": "W/m2",
        "temperature": "°C",
        "humidity": "%",
        "wind_speed": "m/s",
    },
    "inverter": {"ac_power": "kW", "dc_power": "kW", "efficiency": "%", "temperature": "°C"},
    "meter": {
        "active_power": "kW",
        "reactive_power": "kVAr",
        "voltage": "V",
        "current": "A",
        "frequency": "Hz",
    },
    "grid": {"voltage_thd": "%", "current_thd": "%", "power_factor": "-"},
}
"""Fields with their units, by the segment of the topic."""

LOW_SOC_PERCENT = 20.0
HIGH_TEMPERATURE_C = 45.0
OVER_CURRENT_FACTOR = 1.1
"""Of the rated current."""


def topic(segment: str, device_id: str) -> str:
    """Where a device's measurements of one segment are published."""
    return f"devices/{device_id}/{segment}/measurement"


def control_topic(device_id: str) -> str:
    """Where commands for a device are published."""
    return f"semdr/control/{device_id}/demand_response"


def schema(segment: str, device_id: str | None, measurement_type: str) -> Schema:
    """The schema of one device; {} without an id."""
    if device_id is None:
        return {}
    return {
        "device_id": device_id,
        "measurement_type": measurement_type,
        "topic_pattern": topic(segment, device_id),
        "expected_fields": [*UNITS[segment], "timestamp"],
        "data_frequency": "1min",
        "units": dict(UNITS[segment]),
    }


def zone_schemas(segment: str, ids: Sequence[str], measurement_type: str) -> list[Schema]:
    """One schema for each zone's sensor, with its location."""
    return [
        schema(segment, each, measurement_type) | {"location": f"zone_{number}"}
        for number, each in enumerate(ids, 1)
    ]


def battery_schema(device_id: str | None) -> Schema:
    """With the limits that raise an alert, as numbers."""
    found = schema("battery", device_id, "battery_monitoring")
    if found:
        found["alerts"] = {
            "low_soc": LOW_SOC_PERCENT,
            "high_temp": HIGH_TEMPERATURE_C,
            "over_current_factor": OVER_CURRENT_FACTOR,
        }
    return commanded(found, device_id)


def commanded(found: Schema, device_id: str | None) -> Schema:
    """The same schema with the topic its device takes commands on."""
    return found if device_id is None else found | {"control_topic": control_topic(device_id)}


def topics_in(found: object) -> list[str]:
    """Every topic in nested schemas, each once, in their order."""
    if isinstance(found, Mapping):
        own = [str(found[key]) for key in ("topic_pattern", "control_topic") if key in found]
        nested = [name for value in found.values() for name in topics_in(value)]
        return list(dict.fromkeys(own + nested))
    if isinstance(found, list | tuple):
        return list(dict.fromkeys(name for value in found for name in topics_in(value)))
    return []
