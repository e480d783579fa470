"""Who is told of alarms, as it stands in the site file; secrets are named there, never held."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from edge_agent.site.terms import Strict

REFERENCE = r"^(env:[A-Z_][A-Z0-9_]*|file:/\S+)?\Z"
TEXT = r"^[^\s\x00-\x1f]+\Z"
Timeout = Annotated[float, Field(gt=0, le=120)]


class WebhookAlerts(Strict):
    """An address that takes each message as JSON by POST."""

    url: Annotated[str, Field(pattern=r"^https?://\S+\Z")]
    token: Annotated[str, Field(pattern=REFERENCE)] = ""
    ca_file: str = ""
    timeout_s: Timeout = 10.0


class SmtpAlerts(Strict):
    """A mail server."""

    host: Annotated[str, Field(pattern=TEXT)]
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    encryption: Literal["starttls", "tls", "none"] = "starttls"
    sender: Annotated[str, Field(pattern=TEXT)]
    to: tuple[Annotated[str, Field(pattern=TEXT)], ...]
    username: str = ""
    password: Annotated[str, Field(pattern=REFERENCE)] = ""
    ca_file: str = ""
    timeout_s: Timeout = 20.0


class Alerts(Strict):
    """Which alarms are sent, how often at most, and where to; all of them are shown and logged."""

    least: Literal["critical", "warning", "notice"] = "warning"
    gather_s: Annotated[float, Field(ge=0, le=600)] = 30.0
    gap_s: Annotated[float, Field(ge=10, le=86_400)] = 300.0
    per_hour: Annotated[int, Field(ge=1, le=60)] = 6
    repeat_h: Annotated[float, Field(ge=1, le=720)] = 24.0
    webhook: WebhookAlerts | None = None
    smtp: SmtpAlerts | None = None
