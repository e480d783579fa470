"""Mail to a real server on the loopback: encrypted, with a login, and with every kind of no."""

from __future__ import annotations

import ssl
import threading
from dataclasses import replace
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from alerts import MORNING, alert, message
from mail_server import MailServer
from small_house import free_tcp_port

from edge_agent.notify.channel import DeliveryError, NotNowError, RefusedError
from edge_agent.notify.settings import Encryption, SmtpSettings
from edge_agent.notify.smtp import SmtpChannel

CERTIFICATE = Path(__file__).parent / "localhost.pem"
PLAIN = SmtpSettings(
    host="127.0.0.1",
    sender="edge@hotel.example",
    to=("anna@hotel.example", "ben@hotel.example"),
    encryption=Encryption.NONE,
    timeout_s=10.0,
)
STORM = message(*(alert(f"meter_{n}") for n in range(100)))


def trusted() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


def secured(port: int, password: Path) -> SmtpSettings:
    return replace(
        PLAIN,
        port=port,
        encryption=Encryption.STARTTLS,
        username="edge",
        password=f"file:{password}",
        ca_file=str(CERTIFICATE),
    )


def write(place: Path, word: str) -> None:
    place.write_text(f"{word}\n", encoding="utf-8")


@pytest.fixture
def password(tmp_path: Path) -> Path:
    place = tmp_path / "password"
    write(place, "s3cret")
    return place


async def fails(settings: SmtpSettings) -> DeliveryError:
    with pytest.raises(DeliveryError) as raised:
        await SmtpChannel(settings).deliver(STORM)
    return raised.value


async def test_a_hundred_alarms_are_one_mail_to_all_addresses() -> None:
    async with MailServer() as server:
        await SmtpChannel(replace(PLAIN, port=server.port)).deliver(STORM)
        (taken,) = server.taken
    assert (taken.sender, tuple(taken.recipients)) == (PLAIN.sender, PLAIN.to)
    mail = taken.mail
    assert mail["Subject"] == STORM.title
    assert mail["To"] == "anna@hotel.example, ben@hotel.example"
    assert mail["Message-ID"] == "<hotel-1@hotel.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert parsedate_to_datetime(mail["Date"]) == MORNING
    assert mail.get_content().splitlines() == STORM.text.splitlines()


async def test_encrypted_and_with_a_login(password: Path) -> None:
    async with MailServer(tls=trusted(), users={"edge": "s3cret"}) as server:
        await SmtpChannel(secured(server.port, password)).deliver(STORM)
        (taken,) = server.taken
    assert (taken.encrypted, taken.login) == (True, "edge")


async def test_encrypted_from_the_first_byte(password: Path) -> None:
    async with MailServer(tls=trusted(), encrypted=True, users={"edge": "s3cret"}) as server:
        wanted = replace(secured(server.port, password), encryption=Encryption.TLS)
        await SmtpChannel(wanted).deliver(STORM)
        (taken,) = server.taken
    assert (taken.encrypted, taken.login) == (True, "edge")


async def test_a_certificate_nobody_vouches_for_gets_no_password(password: Path) -> None:
    async with MailServer(tls=trusted(), users={"edge": "s3cret"}) as server:
        fault = await fails(replace(secured(server.port, password), ca_file=""))
        assert server.taken == []
    assert isinstance(fault, NotNowError)
    assert "CERTIFICATE_VERIFY_FAILED" in str(fault)


async def test_a_server_without_encryption_gets_no_password(password: Path) -> None:
    async with MailServer(users={"edge": "s3cret"}) as server:
        fault = await fails(secured(server.port, password))
        assert server.taken == []
    assert isinstance(fault, NotNowError)


async def test_a_wrong_password_can_be_put_right_while_the_message_waits(password: Path) -> None:
    async with MailServer(tls=trusted(), users={"edge": "s3cret"}) as server:
        channel = SmtpChannel(secured(server.port, password))
        write(password, "wr0ng")
        with pytest.raises(NotNowError, match="535") as refused:
            await channel.deliver(STORM)
        assert "wr0ng" not in str(refused.value)
        write(password, "s3cret")
        await channel.deliver(STORM)
        assert len(server.taken) == 1


async def test_a_secret_that_is_not_there_is_said(tmp_path: Path) -> None:
    password = tmp_path / "nowhere"
    async with MailServer(tls=trusted(), users={"edge": "s3cret"}) as server:
        fault = await fails(secured(server.port, password))
    assert isinstance(fault, NotNowError)
    assert str(password) in str(fault)


@pytest.mark.parametrize(
    ("verb", "reply", "kind"),
    [
        ("MAIL", "451 greylisted", NotNowError),
        ("MAIL", "553 not from you", RefusedError),
        ("RCPT", "450 mailbox busy", NotNowError),
        ("RCPT", "550 no such user", RefusedError),
        ("DATA", "421 going down", NotNowError),
        ("DATA", "554 no", RefusedError),
    ],
)
async def test_a_no_is_for_now_or_for_ever(
    verb: str, reply: str, kind: type[DeliveryError]
) -> None:
    async with MailServer(replies={verb: reply}) as server:
        fault = await fails(replace(PLAIN, port=server.port))
        assert server.taken == []
    assert type(fault) is kind
    assert reply[:3] in str(fault)


async def test_nobody_there_is_no_reason_to_give_up() -> None:
    fault = await fails(replace(PLAIN, port=free_tcp_port()))
    assert isinstance(fault, NotNowError)


async def test_a_server_that_never_speaks_is_left_after_the_time_limit() -> None:
    async with MailServer(mute=True) as server:
        fault = await fails(replace(PLAIN, port=server.port, timeout_s=0.2))
    assert isinstance(fault, NotNowError)
    assert "alarm mail" not in {t.name for t in threading.enumerate() if not t.daemon}
