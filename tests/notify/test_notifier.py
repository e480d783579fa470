"""From standing alarms to mail, webhook, log and a value for the cloud, over real wires."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from collections.abc import Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from alerts import MORNING, alert
from hook_server import HookServer
from mail_server import MailServer
from waiting import until

from edge_agent.clock import ManualClock
from edge_agent.health import Severity
from edge_agent.notify.near import HandOver
from edge_agent.notify.notifier import Notifier, channels_of
from edge_agent.notify.settings import (
    Encryption,
    NotifySettings,
    SmtpSettings,
    WebhookSettings,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

STORM = tuple(alert(f"meter_{number}") for number in range(100))
HEAVY = ("httpx", "smtplib")


@asynccontextmanager
async def running(notifier: Notifier) -> AsyncIterator[None]:
    task = asyncio.create_task(notifier.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def settings(mail_port: int, hook: str) -> NotifySettings:
    return NotifySettings(
        site="hotel_main",
        smtp=SmtpSettings(
            host="127.0.0.1",
            port=mail_port,
            encryption=Encryption.NONE,
            sender="edge@hotel.example",
            to=("anna@hotel.example",),
        ),
        webhook=WebhookSettings(url=hook),
    )


async def test_a_storm_of_a_hundred_is_one_message_a_channel(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock, cloud = ManualClock(MORNING), list[Mapping[str, object]]()
    caplog.set_level(logging.INFO, "edge_agent.alarm")
    async with MailServer() as mail, HookServer() as hook:
        wanted = settings(mail.port, hook.url)
        channels = (*channels_of(wanted), HandOver("cloud", cloud.append))
        notifier = Notifier(wanted, clock, channels)
        async with running(notifier):
            for _ in range(360):  # an hour of beats
                notifier.post(STORM, ())
                await clock.advance(10)
            await until(lambda: bool(mail.taken and hook.posts and cloud))
    assert (len(mail.taken), len(hook.posts), len(cloud)) == (1, 1, 1)
    assert hook.posts[0].document == cloud[0]
    assert len(caplog.records) < 30
    assert caplog.records[0].message == "hotel_main: alarms 100 raised (warning)"
    assert [(c.name, c.error) for c in notifier.channels] == [
        (name, "") for name in ("log", "smtp", "webhook", "cloud")
    ]


async def test_a_dead_mail_server_delays_nobody_and_gets_its_mail_later() -> None:
    clock = ManualClock(MORNING)
    mail = MailServer(replies={"MAIL": "451 later"})
    async with mail, HookServer() as hook:
        wanted = settings(mail.port, hook.url)
        notifier = Notifier(wanted, clock, channels_of(wanted))
        async with running(notifier):
            notifier.post(STORM, ())
            await clock.advance(30)
            assert notifier.post(STORM, ()) is not None
            await until(lambda: len(hook.posts) == 1)
            await until(lambda: "451" in notifier.channels[1].error)
            assert mail.taken == []
            mail.replies.clear()
            await until(lambda: mail.sessions >= 1)
            while not mail.taken:
                await clock.advance(5)
                await asyncio.sleep(0.01)
    assert len(mail.taken) == 1
    assert notifier.channels[1].error == ""


async def test_what_still_waits_is_told_again_after_a_restart() -> None:
    clock = ManualClock(MORNING)
    wanted = NotifySettings(site="hotel_main")
    meter = alert("meter", severity=Severity.CRITICAL)
    before = Notifier(wanted, clock)
    before.post((meter,), ())
    await clock.advance(30)
    assert before.post((meter,), ()) is not None
    undelivered = before.dump()
    async with running(before):
        await until(lambda: before.dump() != undelivered)
    delivered = before.dump()
    for text, again in ((undelivered, True), (delivered, False), ("{no json", True)):
        after = Notifier(wanted, clock)
        after.load(text)
        after.post((meter,), ())
        await clock.advance(wanted.gather_s)
        assert (after.post((meter,), ()) is not None) is again


def test_nothing_heavy_is_loaded_before_a_channel_asks_for_it() -> None:
    code = (
        "import sys, edge_agent.alarming; from edge_agent.notify.notifier import channels_of;"
        "from edge_agent.notify.settings import NotifySettings;"
        "assert channels_of(NotifySettings(site='x')) == ();"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
