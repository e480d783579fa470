"""A serial line as an asyncio transport, on termios alone (Linux)."""

from __future__ import annotations

import asyncio
import os
import termios
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from drivers.types import SetupError

_BAUD = {
    rate: getattr(termios, f"B{rate}")
    for rate in (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400)
}
_BITS = {7: termios.CS7, 8: termios.CS8}
_PARITY = {"N": 0, "E": termios.PARENB, "O": termios.PARENB | termios.PARODD}
_STOP = {1: 0, 2: termios.CSTOPB}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A serial line's device and settings."""

    path: str
    baudrate: int = 19200
    parity: str = "N"
    bytesize: int = 8
    stopbits: int = 1


def parse_line(url: str) -> Line:
    """`serial:/dev/ttyUSB0?baudrate=9600&parity=N&stopbits=1`; SetupError when it is wrong."""
    parts = urlsplit(url)
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    strangers = set(given) - {"baudrate", "parity", "bytesize", "stopbits"}
    try:
        line = Line(
            path=parts.path,
            baudrate=int(given.get("baudrate", "19200")),
            parity=given.get("parity", "N").upper(),
            bytesize=int(given.get("bytesize", "8")),
            stopbits=int(given.get("stopbits", "1")),
        )
    except ValueError as error:
        msg = f"{url}: {error}; baudrate, bytesize and stopbits are numbers"
        raise SetupError(msg) from error
    if strangers:
        takes = "baudrate, parity, bytesize, stopbits"
        msg = f"{url}: {', '.join(sorted(strangers))} unknown; a line takes {takes}"
        raise SetupError(msg)
    for value, known in (
        (line.baudrate, _BAUD),
        (line.parity, _PARITY),
        (line.bytesize, _BITS),
        (line.stopbits, _STOP),
    ):
        if value not in known:
            msg = f"{url}: {value} is none of {', '.join(str(key) for key in known)}"
            raise SetupError(msg)
    return line


def _configure(fd: int, line: Line) -> None:
    """Raw mode at the line's speed; modem lines are ignored."""
    _, _, _, _, _, _, characters = termios.tcgetattr(fd)
    control = (
        _BITS[line.bytesize]
        | _PARITY[line.parity]
        | _STOP[line.stopbits]
        | termios.CREAD
        | termios.CLOCAL
    )
    speed = _BAUD[line.baudrate]
    termios.tcsetattr(fd, termios.TCSANOW, [0, 0, control, 0, speed, speed, characters])
    termios.tcflush(fd, termios.TCIOFLUSH)


class TtyTransport(asyncio.Transport):
    """Reads and writes one tty for a protocol, on the running loop."""

    def __init__(self, fd: int, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self._fd = fd
        self._protocol = protocol
        self._loop = asyncio.get_running_loop()
        self._unsent = bytearray()
        self._closing = False
        self._loop.add_reader(fd, self._readable)

    def _readable(self) -> None:
        """Hand on what has come; a line that is gone is a lost connection."""
        try:
            data = os.read(self._fd, 4096)
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(error)
            return
        if data:
            self._protocol.data_received(data)
        else:
            self._lose(None)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send, as far as the line takes it now, and the rest when it can."""
        if self._closing:
            return
        self._unsent += data
        self._writable()

    def _writable(self) -> None:
        """Send what is left."""
        try:
            sent = os.write(self._fd, self._unsent)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self._lose(error)
            return
        del self._unsent[:sent]
        if self._unsent:
            self._loop.add_writer(self._fd, self._writable)
        else:
            self._loop.remove_writer(self._fd)

    def _lose(self, error: OSError | None) -> None:
        """Close and tell the protocol."""
        if not self._closing:
            self.close()
            self._loop.call_soon(self._protocol.connection_lost, error)

    def is_closing(self) -> bool:
        """Whether the line is closed."""
        return self._closing

    def close(self) -> None:
        """Give the line back."""
        if self._closing:
            return
        self._closing = True
        self._loop.remove_reader(self._fd)
        self._loop.remove_writer(self._fd)
        with suppress(OSError):
            os.close(self._fd)

    def abort(self) -> None:
        """The same as `close`: nothing is held back."""
        self.close()


async def open_tty(line: Line, protocol: asyncio.Protocol) -> tuple[TtyTransport, asyncio.Protocol]:
    """The line opened for `protocol`; OSError when it is not there."""
    fd = os.open(line.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        _configure(fd, line)
    except termios.error as error:
        os.close(fd)
        raise OSError(*error.args) from error
    transport = TtyTransport(fd, protocol)
    protocol.connection_made(transport)
    return transport, protocol
