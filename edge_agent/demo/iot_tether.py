"""Processes of the demo that do not outlive whoever started them."""

from __future__ import annotations

import os
import sys
import threading


def exit_with_parent() -> None:
    """End this process as soon as its standard input closes; the parent holds the other end."""

    def wait() -> None:
        sys.stdin.buffer.read()
        os._exit(0)

    threading.Thread(target=wait, name="tether", daemon=True).start()
