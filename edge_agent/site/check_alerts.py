"""Alerts: what can never be delivered, and a password in the clear."""

from __future__ import annotations

from collections.abc import Iterator

from edge_agent.site.alert_schema import Alerts
from edge_agent.site.mistakes import Finding


def alert_findings(alerts: Alerts) -> Iterator[Finding]:
    """What is wrong with the mail settings."""
    smtp = alerts.smtp
    if smtp is None:
        return
    place = ("alerts", "smtp")
    if not smtp.to:
        yield Finding((*place, "to"), "is empty: give at least one address")
    if smtp.username and smtp.encryption == "none":
        text = "none is refused with a login: use starttls or tls, or remove username"
        yield Finding((*place, "encryption"), text)
    if smtp.username and not smtp.password:
        text = "has no password: name it as env:NAME or file:/path under `password`"
        yield Finding((*place, "username"), text)
