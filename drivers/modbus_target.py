"""Where a Modbus link leads, as its URL says."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from drivers.modbus_tty import Line, parse_line
from drivers.types import SetupError


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a link leads: a TCP peer or a serial line, and whether its frames carry ids."""

    host: str = ""
    port: int = 0
    line: Line | None = None
    rtu: bool = False


def parse_url(url: str) -> Target:
    """`tcp://host:port`, `rtu+tcp://host:port` or `serial:/dev/...`; SetupError otherwise."""
    if url.startswith("serial:"):
        return Target(line=parse_line(url), rtu=True)
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = None
    if parts.scheme not in ("tcp", "rtu+tcp") or not parts.hostname or port is None:
        msg = f"{url}: write tcp://HOST:PORT, rtu+tcp://HOST:PORT or serial:/dev/NAME?baudrate=9600"
        raise SetupError(msg)
    return Target(host=parts.hostname, port=port, rtu=parts.scheme == "rtu+tcp")
