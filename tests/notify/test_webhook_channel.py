"""A POST to a real server on the loopback."""

from __future__ import annotations

from pathlib import Path

import pytest
from alerts import alert, message
from hook_server import HookServer
from small_house import free_tcp_port

from edge_agent.notify.channel import DeliveryError, NotNowError, RefusedError
from edge_agent.notify.settings import WebhookSettings
from edge_agent.notify.webhook import WebhookChannel

STORM = message(*(alert(f"meter_{n}") for n in range(100)))


async def fails(settings: WebhookSettings) -> DeliveryError:
    with pytest.raises(DeliveryError) as raised:
        await WebhookChannel(settings).deliver(STORM)
    return raised.value


async def test_one_post_with_everything_in_it(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("t0ken\n", encoding="utf-8")
    async with HookServer() as server:
        channel = WebhookChannel(WebhookSettings(url=server.url, token=f"file:{token}"))
        await channel.deliver(STORM)
        (post,) = server.posts
    assert post.path == "/alarms"
    assert post.document == STORM.document
    assert len(post.document["alarms"]) == 100
    assert post.headers["authorization"] == "Bearer t0ken"
    assert post.headers["idempotency-key"] == STORM.id
    assert post.headers["content-type"] == "application/json"


async def test_without_a_token_there_is_no_authorization() -> None:
    async with HookServer() as server:
        await WebhookChannel(WebhookSettings(url=server.url)).deliver(STORM)
        assert "authorization" not in server.posts[0].headers


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (302, RefusedError),
        (400, RefusedError),
        (404, RefusedError),
        (408, NotNowError),
        (429, NotNowError),
        (500, NotNowError),
        (503, NotNowError),
    ],
)
async def test_a_no_is_for_now_or_for_ever(code: int, kind: type[DeliveryError]) -> None:
    async with HookServer(codes=[code]) as server:
        fault = await fails(WebhookSettings(url=server.url))
        assert len(server.posts) == 1
    assert type(fault) is kind
    assert str(code) in str(fault)


async def test_nobody_there_is_no_reason_to_give_up() -> None:
    fault = await fails(WebhookSettings(url=f"http://127.0.0.1:{free_tcp_port()}/"))
    assert isinstance(fault, NotNowError)


async def test_an_address_that_is_none_is_given_up() -> None:
    assert isinstance(await fails(WebhookSettings(url="http://[::1/")), RefusedError)


async def test_a_token_that_is_not_there_is_said() -> None:
    async with HookServer() as server:
        fault = await fails(WebhookSettings(url=server.url, token="file:/no/such/token"))  # noqa: S106 - a reference
        assert server.posts == []
    assert isinstance(fault, NotNowError)
