"""How alarms are sent. Secrets are named, never held: `env:NAME` or `file:PATH`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from edge_agent.health import Severity


class Encryption(StrEnum):
    """How mail travels; `none` is for a relay on the same machine or network, without a login."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSettings:
    """A mail server; `password` is a reference."""

    host: str
    sender: str
    to: tuple[str, ...]
    port: int = 587
    encryption: Encryption = Encryption.STARTTLS
    username: str = ""
    password: str = ""
    ca_file: str = ""
    """Of a private authority; empty = the machine's own list."""
    timeout_s: float = 20.0

    def __post_init__(self) -> None:
        """Refuse what can never work, and a password in the clear."""
        if not self.to:
            msg = "mail needs at least one address in `to`"
            raise ValueError(msg)
        if any(not word.isprintable() for word in (self.host, self.sender, *self.to)):
            msg = "host and addresses are of printable characters"
            raise ValueError(msg)
        if self.username and self.encryption is Encryption.NONE:
            msg = "a login goes over an encrypted connection only"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """An address that takes a JSON document by POST; `token` is a reference, sent as Bearer."""

    url: str
    token: str = ""
    ca_file: str = ""
    timeout_s: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifySettings:
    """What is sent, where to, and how often at most; times are seconds of the clock."""

    site: str
    least: Severity = Severity.WARNING
    """Milder ones are shown but not sent."""
    gather_s: float = 30.0
    """After the first change, so that what belongs together goes together."""
    gap_s: float = 300.0
    """Two messages are at least so far apart."""
    per_hour: int = 6
    repeat_s: float = 86_400.0
    """An alarm nobody has acknowledged is told again."""
    queue: int = 20
    """Messages that wait for one channel; beyond it the oldest are given up."""
    give_up_s: float = 86_400.0
    """A message that could not be delivered for so long is given up."""
    smtp: SmtpSettings | None = None
    webhook: WebhookSettings | None = None
