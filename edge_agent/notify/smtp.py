"""Mail. Loaded only where a mail server is configured; the talk is on a thread of its own."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import format_datetime

from edge_agent.notify.aside import aside
from edge_agent.notify.channel import DeliveryError, NotNowError, RefusedError
from edge_agent.notify.message import Message
from edge_agent.notify.secret import SecretError, secret
from edge_agent.notify.settings import Encryption, SmtpSettings

PERMANENT = 500
"""Replies from here on will not change by asking again."""


class SmtpChannel:
    """One mail a message, to all addresses."""

    name = "smtp"

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings

    async def deliver(self, message: Message) -> None:
        """Send the mail; raises NotNowError or RefusedError."""
        mail = mail_of(message, self._settings)
        fault = await aside(lambda: _try(mail, self._settings), "alarm mail")
        if fault is not None:
            raise fault


def mail_of(message: Message, settings: SmtpSettings) -> EmailMessage:
    """The mail; its Message-ID is that of the message, so a second try is the same mail."""
    mail = EmailMessage()
    mail["From"] = settings.sender
    mail["To"] = ", ".join(settings.to)
    mail["Subject"] = message.title
    mail["Date"] = format_datetime(message.at)
    domain = settings.sender.rpartition("@")[2] or "localhost"
    mail["Message-ID"] = f"<{message.id}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text)
    return mail


def _try(mail: EmailMessage, settings: SmtpSettings) -> DeliveryError | None:
    """Send; what went wrong, None when the server has taken the mail."""
    try:
        _send(mail, settings)
    except SecretError as error:
        return NotNowError(str(error))
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        text = f"no address is accepted: {', '.join(map(str, codes))}"
        return _fault(min(codes, default=0), text)
    except smtplib.SMTPAuthenticationError as error:
        # A password can be put right while the message waits.
        return NotNowError(f"the mail server refuses the login: {error.smtp_code}")
    except smtplib.SMTPResponseException as error:
        return _fault(error.smtp_code, f"the mail server says {error.smtp_code}")
    except (OSError, smtplib.SMTPException) as error:
        return NotNowError(f"the mail server cannot be used: {type(error).__name__}: {error}")
    return None


def _fault(code: int, text: str) -> DeliveryError:
    return RefusedError(text) if code >= PERMANENT else NotNowError(text)


def _send(mail: EmailMessage, settings: SmtpSettings) -> None:
    with _connected(settings) as server:
        if settings.encryption is Encryption.STARTTLS:
            server.starttls(context=_trust(settings))
        if settings.username:
            server.login(settings.username, secret(settings.password))
        server.send_message(mail, settings.sender, list(settings.to))


def _connected(settings: SmtpSettings) -> smtplib.SMTP:
    place = (settings.host, settings.port)
    if settings.encryption is Encryption.TLS:
        return smtplib.SMTP_SSL(*place, timeout=settings.timeout_s, context=_trust(settings))
    return smtplib.SMTP(*place, timeout=settings.timeout_s)


def _trust(settings: SmtpSettings) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=settings.ca_file or None)
