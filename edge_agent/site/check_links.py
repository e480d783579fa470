"""Links: addresses that can exist, and one link per bus."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from drivers.modbus_tty import parse_line
from drivers.types import SetupError
from edge_agent.site.mistakes import Finding, KeyPath
from edge_agent.site.parts import Parts
from edge_agent.site.schema import BacnetLink, Link

MAX_PORT = 65_535


def link_findings(parts: Parts) -> Iterator[Finding]:
    """What is wrong with the links taken together, and with their addresses."""
    first: dict[str, str] = {}
    for name, link in parts.links.items():
        key = _address_key(link)
        path: KeyPath = ("links", name, key)
        address = _address(link)
        other = first.setdefault(address, name)
        if other != name:
            yield Finding(
                path, f"{address} is the address of link {other} too: let the devices share {other}"
            )
        if not address.startswith("serial:") and not 0 < _port(address) <= MAX_PORT:
            yield Finding(path, f"port {_port(address)} is not allowed: must be 1 to {MAX_PORT}")
        if isinstance(link, BacnetLink):
            yield from _bacnet(link, path)
        elif address.startswith("serial:"):
            yield from _serial(address, path)


def _bacnet(link: BacnetLink, path: KeyPath) -> Iterator[Finding]:
    if not _is_interface(link.listen):
        yield Finding(path, f"{link.listen.rsplit(':', 1)[0]} is not an IPv4 address with its mask")
    ttl = (*path[:-1], "bbmd_ttl_s")
    if link.bbmd is None and "bbmd_ttl_s" in link.model_fields_set:
        yield Finding(ttl, "has no effect without bbmd: name the device to register at, or remove")
    if link.bbmd is not None and not _is_peer(link.bbmd):
        yield Finding((*path[:-1], "bbmd"), f"{link.bbmd} is not an IPv4 address with its port")


def _serial(url: str, path: KeyPath) -> Iterator[Finding]:
    try:
        parse_line(url)
    except SetupError as error:
        yield Finding(path, str(error).removeprefix(f"{url}: "))


def _address_key(link: Link) -> str:
    return "listen" if isinstance(link, BacnetLink) else "url"


def _address(link: Link) -> str:
    return link.listen if isinstance(link, BacnetLink) else link.url


def _port(address: str) -> int:
    return int(address.rsplit(":", 1)[1])


def _is_interface(address: str) -> bool:
    try:
        ipaddress.IPv4Interface(address.rsplit(":", 1)[0])
    except ValueError:
        return False
    return True


def _is_peer(address: str) -> bool:
    return _is_interface(address) and 0 < _port(address) <= MAX_PORT
