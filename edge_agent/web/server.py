"""Serves the API with uvicorn: to browsers on TCP, to the command line on a Unix socket (0660)."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from edge_agent.web.socket_path import SOCKET_NAME

SOCKET_MODE = 0o660


class WebError(Exception):
    """The interface cannot be served; the message names the address and the remedy."""


class QuietServer(uvicorn.Server):
    """A uvicorn server that leaves the process's signals to the agent."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture nothing."""
        yield


def tcp_socket(host: str, port: int) -> socket.socket:
    """A bound TCP socket; raises WebError when the port is taken."""
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        msg = f"agent.web_port: {host}:{port} cannot be used ({error.strerror}); choose another"
        raise WebError(msg) from error
    return bound


def unix_socket(state_dir: Path) -> socket.socket:
    """A bound control socket; the caller holds the lock of `state_dir`, so an old one is dead."""
    path = state_dir / SOCKET_NAME
    path.unlink(missing_ok=True)
    bound = socket.socket(socket.AF_UNIX)
    bound.bind(str(path))
    path.chmod(SOCKET_MODE)
    return bound


async def serve(app: Starlette, bound: socket.socket) -> None:
    """Serve until cancelled."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        loop="asyncio",
        http="h11",
        ws="none",
        timeout_graceful_shutdown=1,
    )
    server = QuietServer(config)
    try:
        await server.serve(sockets=[bound])
    finally:
        bound.close()
