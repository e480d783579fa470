"""The command line's way to the running gateway: its Unix socket."""

from __future__ import annotations

import socket
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.web.socket_path import SOCKET_NAME

if TYPE_CHECKING:
    import httpx

TIMEOUT_S = 10.0
NO_SITE = "does not exist: name the gateway's folder with --state-dir, or its site file with --site"


class NotRunningError(Exception):
    """No gateway answers; the message says where it was looked for."""


def state_dir(options: Namespace) -> Path:
    """The state directory that was named, else the site file's; raises SiteError."""
    if options.state_dir is not None:
        return Path(options.state_dir)
    from edge_agent.site.load import load_site
    from edge_agent.site.mistakes import Mistake, SiteError

    if not options.site.exists():
        raise SiteError([Mistake(str(options.site), 1, "", NO_SITE)])
    return Path(load_site(options.site).site.agent.state_dir)


def ask(folder: Path, path: str, body: object = None) -> httpx.Response:
    """GET `path`, or POST `body`; raises NotRunningError."""
    import httpx

    address = folder / SOCKET_NAME
    _knock(address)
    transport = httpx.HTTPTransport(uds=str(address))
    with httpx.Client(transport=transport, base_url="http://gateway", timeout=TIMEOUT_S) as client:
        try:
            return client.get(path) if body is None else client.post(path, json=body)
        except httpx.TransportError as error:
            raise _silence(address, error) from error


def _knock(address: Path) -> None:
    """Is anybody there? httpx leaves its socket open where nobody is."""
    with socket.socket(socket.AF_UNIX) as door:
        try:
            door.connect(str(address))
        except PermissionError as error:
            raise _closed(address) from error
        except OSError as error:
            raise _silence(address, error.strerror or error) from error


def _silence(address: Path, why: object) -> NotRunningError:
    return NotRunningError(f"no gateway answers at {address} ({why}): is it running?")


def _closed(address: Path) -> NotRunningError:
    text = "is not open to this user: ask as root, or join the group the gateway runs as"
    return NotRunningError(f"{address} {text}")
