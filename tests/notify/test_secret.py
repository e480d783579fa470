"""Secrets are found where the reference says, and never in a message."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.notify.secret import SecretError, secret
from edge_agent.notify.settings import Encryption, SmtpSettings


def test_from_the_environment() -> None:
    assert (
        secret("env:MAIL_PASSWORD", {"MAIL_PASSWORD": "s3cret:with=signs"}) == "s3cret:with=signs"
    )


def test_from_a_file_without_its_line_end(tmp_path: Path) -> None:
    place = tmp_path / "password"
    place.write_text(" s3cret \n", encoding="utf-8")
    assert secret(f"file:{place}") == " s3cret "


@pytest.mark.parametrize(
    "reference", ["", "s3cret", "s3cret:word", "env:NOT_THERE", "file:/no/such/file", "file:/"]
)
def test_what_leads_nowhere_is_said(reference: str) -> None:
    with pytest.raises(SecretError):
        secret(reference, {})


def test_a_secret_given_in_place_of_a_reference_is_not_repeated() -> None:
    with pytest.raises(SecretError) as refused:
        secret("hunter2", {})
    assert "hunter2" not in str(refused.value)


def test_a_file_that_is_no_text_is_refused_without_its_bytes(tmp_path: Path) -> None:
    place = tmp_path / "password"
    place.write_bytes(b"\xff\xfehunter2")
    with pytest.raises(SecretError) as refused:
        secret(f"file:{place}")
    assert "hunter2" not in str(refused.value)


def test_settings_refuse_what_can_never_work() -> None:
    with pytest.raises(ValueError, match="at least one address"):
        SmtpSettings(host="mail", sender="edge@hotel.example", to=())
    with pytest.raises(ValueError, match="encrypted"):
        SmtpSettings(
            host="mail",
            sender="edge@hotel.example",
            to=("a@hotel.example",),
            username="edge",
            encryption=Encryption.NONE,
        )
    with pytest.raises(ValueError, match="printable"):
        SmtpSettings(host="mail", sender="edge@hotel.example\nBcc: x@y", to=("a@hotel.example",))
