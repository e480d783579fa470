"""One bounded GET: size, time, redirects and compression have limits. Only in a child."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import httpx

from edge_agent.feeds.document import Refused
from edge_agent.feeds.request import Request

MAX_WIRE_BYTES = 2_000_000
MAX_BODY_BYTES = 5_000_000
"""A year of quarter-hours is 3 MB; what is asked for is three days."""
MAX_REDIRECTS = 3
LOOPBACK = ("127.0.0.1", "localhost", "::1")
_REDIRECTS = (301, 302, 303, 307, 308)
_GOOD = 200


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds for each wait, and for the whole."""

    wait_s: float = 10.0
    total_s: float = 30.0


def get(request: Request, limits: Limits) -> bytes | Refused:
    """The body, decompressed; or in plain words why there is none. Never says the key."""
    until_s = time.monotonic() + limits.total_s
    url, headers = request.url, dict(request.headers)
    for _ in range(MAX_REDIRECTS + 1):
        found = _one(url, headers, limits, until_s)
        if not isinstance(found, str):
            return found
        onward = urljoin(url, found)
        refused = _not_there(url, onward)
        if refused:
            return Refused(refused)
        if urlsplit(onward).netloc != urlsplit(url).netloc:
            headers = {}
        url = onward
    return Refused(f"was sent on more than {MAX_REDIRECTS} times")


def _one(
    url: str, headers: dict[str, str], limits: Limits, until_s: float
) -> bytes | Refused | str:
    """The body, a refusal, or where it sends us."""
    host = urlsplit(url).hostname or ""
    sent = {"Accept-Encoding": "gzip", "User-Agent": "semdr-edge", **headers}
    try:
        with (
            httpx.Client(timeout=limits.wait_s, trust_env=host not in LOOPBACK) as client,
            client.stream("GET", url, headers=sent) as response,
        ):
            if response.status_code in _REDIRECTS:
                return response.headers.get("location") or Refused("is sent on to nowhere")
            body = _body(response, until_s)
    except httpx.TimeoutException:
        return Refused(f"no answer within {limits.wait_s:g} s")
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
        return Refused(f"cannot be reached: {type(error).__name__}")
    if response.status_code != _GOOD and not isinstance(body, Refused):
        return _status(response.status_code, body)
    return body


def _status(status: int, body: bytes) -> Refused | bytes:
    """Providers explain a refusal in their own format; that is for the parser to say."""
    if status == 400 and body[:1] in (b"{", b"<"):  # noqa: PLR2004 - Bad Request
        return body
    words = {401: "the key is refused", 403: "the key is refused", 429: "asked too often"}
    return Refused(words.get(status, f"the provider answers with status {status}"))


def _body(response: httpx.Response, until_s: float) -> bytes | Refused:
    wire = _wire(response.iter_raw(), until_s)
    if isinstance(wire, Refused):
        return wire
    length = response.headers.get("content-length", "")
    if length.isdigit() and int(length) != len(wire):
        return Refused("the answer is cut off")
    encoding = response.headers.get("content-encoding", "identity").lower()
    if encoding == "identity":
        return wire
    if encoding not in ("gzip", "deflate"):
        return Refused(f"the answer is packed as {encoding[:20]}, which was not asked for")
    return unpacked(wire)


def _wire(chunks: Iterable[bytes], until_s: float) -> bytes | Refused:
    found = bytearray()
    for chunk in chunks:
        found += chunk
        if len(found) > MAX_WIRE_BYTES:
            return Refused(f"the answer is longer than {MAX_WIRE_BYTES // 1_000_000} MB")
        if time.monotonic() > until_s:
            return Refused("the answer comes too slowly")
    return bytes(found)


def unpacked(wire: bytes) -> bytes | Refused:
    """The decompressed body, but never more than is believable."""
    packed = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        body = packed.decompress(wire, MAX_BODY_BYTES + 1)
    except zlib.error:
        return Refused("the answer cannot be unpacked")
    if len(body) > MAX_BODY_BYTES:
        return Refused(f"the answer unpacks to more than {MAX_BODY_BYTES // 1_000_000} MB")
    return body if packed.eof else Refused("the answer is cut off")


def _not_there(before: str, onward: str) -> str:
    """Why a redirect is not followed, or nothing."""
    old, new = urlsplit(before), urlsplit(onward)
    if new.scheme not in ("http", "https"):
        return f"is sent on to {new.scheme[:10]}, which is not followed"
    if old.scheme == "https" and new.scheme == "http":
        return "is sent on from https to http, which is not followed"
    return ""
