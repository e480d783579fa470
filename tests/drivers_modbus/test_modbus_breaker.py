"""Backoff and breaker by table: who may ask when."""

from __future__ import annotations

from drivers.modbus_breaker import Backoff, Breaker


def test_pauses_double_with_jitter_up_to_the_longest() -> None:
    backoff = Backoff()
    pauses = []
    for _ in range(9):
        backoff.fail(0.0)
        pauses.append(backoff.wait_s(0.0))
    for nominal, pause in zip((1, 2, 4, 8, 16, 32, 60, 60, 60), pauses, strict=True):
        assert 0.75 * nominal <= pause <= nominal
    backoff.succeed()
    assert backoff.wait_s(0.0) == 0.0


def test_a_breaker_opens_at_the_second_failure_and_closes_at_a_reply() -> None:
    breaker = Breaker()
    breaker.fail(0.0)
    assert (breaker.open, breaker.wait_s(0.0)) == (False, 0.0)
    breaker.fail(0.0)
    assert breaker.open
    assert breaker.wait_s(0.0) > 0
    assert breaker.wait_s(1.0) == 0.0
    breaker.fail(1.0)
    assert breaker.wait_s(2.4) > 0
    breaker.succeed()
    assert (breaker.open, breaker.wait_s(2.4)) == (False, 0.0)
