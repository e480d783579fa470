"""The site file's alerts in the notifier's words."""

from __future__ import annotations

from edge_agent.health import Severity
from edge_agent.notify.settings import Encryption, NotifySettings, SmtpSettings, WebhookSettings
from edge_agent.site.alert_schema import SmtpAlerts, WebhookAlerts
from edge_agent.site.schema import Site

HOUR_S = 3_600.0


def notify_settings(site: Site) -> NotifySettings:
    """How the alarms of this site are sent; secrets stay references."""
    alerts = site.alerts
    return NotifySettings(
        site=site.site.id,
        least=Severity(alerts.least),
        gather_s=alerts.gather_s,
        gap_s=alerts.gap_s,
        per_hour=alerts.per_hour,
        repeat_s=alerts.repeat_h * HOUR_S,
        smtp=None if alerts.smtp is None else _smtp(alerts.smtp),
        webhook=None if alerts.webhook is None else _webhook(alerts.webhook),
    )


def _smtp(mail: SmtpAlerts) -> SmtpSettings:
    return SmtpSettings(
        host=mail.host,
        sender=mail.sender,
        to=mail.to,
        port=mail.port,
        encryption=Encryption(mail.encryption),
        username=mail.username,
        password=mail.password,
        ca_file=mail.ca_file,
        timeout_s=mail.timeout_s,
    )


def _webhook(hook: WebhookAlerts) -> WebhookSettings:
    return WebhookSettings(
        url=hook.url, token=hook.token, ca_file=hook.ca_file, timeout_s=hook.timeout_s
    )
