"""The end of a certificate, as OpenSSL made it and as Python's own reader tells it."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge_agent.alarms.certificate import ASK_S, CertificateError, CertificateWatch, ends_at

HERE = Path(__file__).parent
SHORT, LONG = HERE / "ends_2027.pem", HERE / "ends_2120.pem"
END = datetime(2027, 2, 1, 12, 30, 45, tzinfo=UTC)


@pytest.mark.parametrize(("place", "end"), [(SHORT, END), (LONG, datetime(2120, 1, 1, tzinfo=UTC))])
def test_both_kinds_of_time_are_read(place: Path, end: datetime) -> None:
    assert ends_at(place.read_text(encoding="ascii")) == end
    oracle = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    oracle.load_verify_locations(place)
    (told,) = oracle.get_ca_certs()
    assert ssl.cert_time_to_seconds(str(told["notAfter"])) == end.timestamp()


def test_of_a_chain_the_first_one_counts() -> None:
    chain = SHORT.read_text(encoding="ascii") + LONG.read_text(encoding="ascii")
    assert ends_at(f"Bag attributes: none\n{chain}") == END


def test_whatever_is_cut_or_changed_is_refused_or_read_and_nothing_else() -> None:
    pem = SHORT.read_text(encoding="ascii")
    der = ssl.PEM_cert_to_DER_cert(pem)
    refused = 0
    for length in range(len(der)):
        with pytest.raises(CertificateError):
            ends_at(ssl.DER_cert_to_PEM_cert(der[:length]))
    for place in range(len(der)):
        changed = bytearray(der)
        changed[place] ^= 0xFF
        try:
            ends_at(ssl.DER_cert_to_PEM_cert(bytes(changed)))
        except CertificateError:
            refused += 1
    assert refused > 20


@pytest.mark.parametrize("text", ["", "hello", "-----BEGIN CERTIFICATE-----\nhello"])
def test_what_is_no_certificate_is_refused(text: str) -> None:
    with pytest.raises(CertificateError):
        ends_at(text)


def test_days_count_down_and_a_new_file_is_seen_within_the_hour(tmp_path: Path) -> None:
    place = tmp_path / "device.pem"
    place.write_bytes(SHORT.read_bytes())
    watch = CertificateWatch(str(place))
    assert watch.days(END - timedelta(days=30), 0.0) == 30.0
    assert watch.days(END + timedelta(hours=12), 10.0) == -0.5
    place.write_bytes(LONG.read_bytes())
    assert watch.days(END, ASK_S - 1) == 0.0
    days = watch.days(END, ASK_S)
    assert days is not None
    assert days > 30_000


def test_without_a_certificate_nothing_is_said(tmp_path: Path) -> None:
    assert CertificateWatch("").days(END, 0.0) is None
    assert CertificateWatch(str(tmp_path / "nowhere.pem")).days(END, 0.0) is None
