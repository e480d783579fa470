"""Tells systemd how we are (sd_notify): READY, STATUS, WATCHDOG, STOPPING."""

from __future__ import annotations

import os
import socket


class Watchdog:
    """Speaks to the socket that systemd names; says nothing where there is none."""

    def __init__(self, address: str | None = None) -> None:
        named = os.environ.get("NOTIFY_SOCKET", "") if address is None else address
        self._address = "\0" + named[1:] if named.startswith("@") else named

    def tell(self, message: str) -> None:
        """One message such as `WATCHDOG=1`; a missing or full socket is no fault of ours."""
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as link:
            try:
                link.sendto(message.encode(), self._address)
            except OSError:
                return
