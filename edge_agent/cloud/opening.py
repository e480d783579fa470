"""Choosing the way to the cloud; the SDK (10 MB resident) is loaded only where it is used."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from edge_agent.cloud.endpoint import Endpoint
from edge_agent.cloud.transport import NullTransport, Transport


def open_transport(endpoint: Endpoint | None) -> Transport:
    """An MQTT5 transport to the endpoint, not yet connected; without one, the way to nowhere."""
    if endpoint is None:
        return NullTransport()
    module = import_module("edge_agent.cloud.mqtt5")
    return cast("Transport", module.Mqtt5Transport(endpoint))
