"""A broker process for the local stand-in: MQTT 5 on loopback, nothing kept over a restart."""

from __future__ import annotations

import argparse
import logging
import tempfile
from pathlib import Path

from iotcore import IotCoreBroker

from edge_agent.demo.iot_tether import exit_with_parent

MAX_PAYLOAD = 262_144
LISTENER = """
[{version}.1]
name = "{version}"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1
    [{version}.1.connections]
    connection_timeout_ms = 60000
    max_payload_size = {max_payload}
    max_inflight_count = 100
    dynamic_filters = false
"""
ROUTER = """
id = 0
[router]
id = 0
max_connections = 100
max_outgoing_packet_count = 200
max_segment_size = 10485760
max_segment_count = 4
"""


def broker_config(port: int, port_v4: int | None) -> str:
    """The broker's configuration: MQTT 5 on `port`, MQTT 3.1.1 on `port_v4` where given."""
    ports = {"v5": port} | ({} if port_v4 is None else {"v4": port_v4})
    listeners = (
        LISTENER.format(version=version, port=number, max_payload=MAX_PAYLOAD)
        for version, number in ports.items()
    )
    return ROUTER + "".join(listeners)


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(prog="iot_broker", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--port-v4", type=int)
    parser.add_argument("--tied", action="store_true", help="end when standard input closes")
    arguments = parser.parse_args()
    if arguments.tied:
        exit_with_parent()
    # The broker's library reports each packet as an error.
    logging.getLogger("rumqttd").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="iot-broker-") as folder:
        config = Path(folder) / "broker.toml"
        config.write_text(broker_config(arguments.port, arguments.port_v4))
        broker = IotCoreBroker(config_path=str(config))
    broker.run_forever()


if __name__ == "__main__":
    main()
