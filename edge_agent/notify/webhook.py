"""A POST of JSON to an address. Loaded only where one is configured."""

from __future__ import annotations

import ssl

import httpx

from edge_agent.notify.channel import NotNowError, RefusedError
from edge_agent.notify.message import Message
from edge_agent.notify.secret import SecretError, secret
from edge_agent.notify.settings import WebhookSettings

TRY_AGAIN = frozenset({408, 425, 429})
SERVER_ERROR = 500
"""From here on it is the server's trouble, and passes."""


class WebhookChannel:
    """One POST a message; any 2xx is a yes, redirects are not followed."""

    name = "webhook"

    def __init__(self, settings: WebhookSettings) -> None:
        self._settings = settings

    async def deliver(self, message: Message) -> None:
        """Post it; raises NotNowError or RefusedError. The body's `id` is the same in every try."""
        settings = self._settings
        try:
            headers = {"Idempotency-Key": message.id}
            if settings.token:
                headers["Authorization"] = f"Bearer {secret(settings.token)}"
            trust = ssl.create_default_context(cafile=settings.ca_file or None)
            async with httpx.AsyncClient(
                timeout=settings.timeout_s, verify=trust, trust_env=False
            ) as client:
                answer = await client.post(settings.url, json=message.document, headers=headers)
        except (SecretError, OSError) as error:
            raise NotNowError(str(error)) from error
        except httpx.InvalidURL as error:
            msg = f"the webhook has no usable address: {error}"
            raise RefusedError(msg) from error
        except httpx.HTTPError as error:
            msg = f"the webhook cannot be reached: {type(error).__name__}: {error}"
            raise NotNowError(msg) from error
        _judge(answer)


def _judge(answer: httpx.Response) -> None:
    code = answer.status_code
    if answer.is_success:
        return
    text = f"the webhook answers {code}"
    if code in TRY_AGAIN or code >= SERVER_ERROR:
        raise NotNowError(text)
    raise RefusedError(text)
