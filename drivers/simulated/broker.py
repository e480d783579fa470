"""A real MQTT 3.1.1 broker on 127.0.0.1 for demo and tests, in a process of its own.

The broker inside `iotcore` cannot be stopped within a process, so `EmbeddedBroker` keeps it in a
child; `python -I -m drivers.simulated.broker --port N` is the same broker until it is terminated.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import socket
from collections.abc import Sequence

from iotcore import Broker
from iotcore.iotcore import IotCoreBroker

from drivers.types import SetupError

_HOST = "127.0.0.1"
_UP_WITHIN_S = 10.0


class EmbeddedBroker:
    """A broker on 127.0.0.1:`port` (0 takes a free one) that anybody on this machine may use."""

    def __init__(self, port: int = 0) -> None:
        self.port = port or _free_port()
        self._broker: Broker | None = None

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"mqtt://{_HOST}:{self.port}"

    async def start(self) -> None:
        """Serve, and return once connections are accepted; SetupError when the port is taken."""
        self._broker = await asyncio.to_thread(self._started)

    async def stop(self) -> None:
        """End the child process; the port is free afterwards. What was retained is gone."""
        if self._broker is not None:
            broker, self._broker = self._broker, None
            await asyncio.to_thread(broker.stop)

    def _started(self) -> Broker:
        try:
            return Broker(port=self.port, listen=_HOST).start(timeout=_UP_WITHIN_S)
        except (OSError, RuntimeError) as error:
            msg = f"MQTT broker on {_HOST}:{self.port}: {error}"
            raise SetupError(msg) from error


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probing:
        probing.bind((_HOST, 0))
        return int(probing.getsockname()[1])


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve in this process until SIGTERM."""
    parser = argparse.ArgumentParser(description="MQTT 3.1.1 broker on 127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args(arguments).port
    # The broker logs every packet as an error.
    logging.getLogger("rumqttd").setLevel(logging.CRITICAL)
    IotCoreBroker(listen=_HOST, port=port).run_forever()


if __name__ == "__main__":
    main()
