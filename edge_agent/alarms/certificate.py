"""When a certificate ends, read from its PEM file: the few bytes of DER that say it."""

from __future__ import annotations

import binascii
import logging
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

log = logging.getLogger(__name__)

ASK_S = 3_600.0
"""The file is read so often, in monotonic seconds."""
SEQUENCE, UTC_TIME, GENERALIZED_TIME, VERSION = 0x30, 0x17, 0x18, 0xA0
LONG_LENGTH = 0x80
CENTURY_PIVOT = 50
"""Years of two digits below it are of this century."""
PEM_END = "-----END CERTIFICATE-----"


class CertificateError(ValueError):
    """The text holds no certificate whose end can be read."""


class CertificateWatch:
    """Days until the certificate in a file ends, asked of the file now and then."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._asked_s: float | None = None
        self._ends: datetime | None = None

    def days(self, now: datetime, now_s: float) -> float | None:
        """Until its end, negative after it; None without a file or when it cannot be read."""
        if not self._file:
            return None
        if self._asked_s is None or now_s - self._asked_s >= ASK_S:
            self._asked_s = now_s
            self._ends = self._read()
        return None if self._ends is None else (self._ends - now).total_seconds() / 86_400

    def _read(self) -> datetime | None:
        try:
            return ends_at(Path(self._file).read_text(encoding="ascii"))
        except (OSError, ValueError) as error:
            log.warning("the end of certificate %s cannot be read: %s", self._file, error)
            return None


def ends_at(pem: str) -> datetime:
    """The last moment (UTC) of the first certificate in the text; raises CertificateError."""
    try:
        first = pem[pem.index("-----BEGIN CERTIFICATE-----") : pem.index(PEM_END) + len(PEM_END)]
        outer = next(_parts(ssl.PEM_cert_to_DER_cert(first)))
        fields = list(_parts(next(_parts(outer[1]))[1]))
        # version (optional), serial number, signature algorithm, issuer, validity, ...
        validity = fields[4 if fields[0][0] == VERSION else 3]
        _, (tag, text) = _parts(validity[1])
        return _moment(tag, text.decode("ascii"))
    except (ValueError, IndexError, StopIteration, binascii.Error) as error:
        msg = f"no certificate: {error}"
        raise CertificateError(msg) from error


def _parts(der: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of one element after the other."""
    at = 0
    while at < len(der):
        tag, length, at = der[at], der[at + 1], at + 2
        if length >= LONG_LENGTH:
            count = length - LONG_LENGTH
            length, at = int.from_bytes(der[at : at + count], "big"), at + count
        if at + length > len(der):
            msg = "it is cut short"
            raise ValueError(msg)
        yield tag, der[at : at + length]
        at += length


def _moment(tag: int, text: str) -> datetime:
    if tag == UTC_TIME:
        century = "20" if int(text[:2]) < CENTURY_PIVOT else "19"
        text = century + text
    elif tag != GENERALIZED_TIME:
        msg = f"{tag:#x} is no time"
        raise ValueError(msg)
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
