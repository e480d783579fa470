"""Commits into messages that fit: split between commits, and a commit too large into parts.

Personal data stays at home: withheld points leave no trace but the commit's number.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from edge_agent.cloud.messages import Commit, Gone, Part, PointKey, Series, Telemetry, encode
from edge_agent.cloud.transport import CloudLimitError

MAX_PARTS = 4096


@dataclass(frozen=True, slots=True)
class Packed:
    """A message ready to go; all up to `last` has arrived when it and those before it have.

    Of a commit in parts only the last one moves on.
    """

    first: int
    last: int
    payload: bytes
    oversized: bool = False
    """The commit fits into no message: only its number goes out, and what was in it is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packing:
    """How commits become messages: for whom, how large, deflated or not, and what stays here."""

    gateway: str
    max_payload: int
    deflate: bool = False
    withheld: frozenset[PointKey] = frozenset()


def pack(commits: Sequence[Commit], after: int, packing: Packing) -> list[Packed]:
    """Messages that cover `after + 1` to the last commit without a gap.

    CloudLimitError when not even the number of a commit fits into a message.
    """
    messages: list[Packed] = []
    covered = after
    for _, run in groupby(commits, key=lambda commit: commit.boot):
        portion = tuple(canonical(commit, packing.withheld) for commit in run)
        messages += _pack_run(portion, covered, packing)
        covered = portion[-1].seq
    return messages


def canonical(commit: Commit, withheld: frozenset[PointKey] = frozenset()) -> Commit:
    """The commit as a message carries it: by device, point and unit, nothing withheld."""
    kept = (one for one in commit.series if (one.device, one.point) not in withheld)
    return replace(commit, series=tuple(sorted(kept, key=lambda s: (s.device, s.point, s.unit))))


def _pack_run(commits: tuple[Commit, ...], after: int, packing: Packing) -> list[Packed]:
    last = commits[-1].seq
    payload = encode(_telemetry(commits, after, packing), deflate=packing.deflate)
    if len(payload) <= packing.max_payload:
        return [Packed(after + 1, last, payload)]
    if len(commits) == 1:
        return _pack_large(commits[0], after, packing)
    half = len(commits) // 2
    head, tail = commits[:half], commits[half:]
    return _pack_run(head, after, packing) + _pack_run(tail, head[-1].seq, packing)


def _telemetry(commits: Sequence[Commit], after: int, packing: Packing) -> Telemetry:
    return Telemetry(
        gateway=packing.gateway,
        boot=commits[0].boot,
        first=after + 1,
        last=commits[-1].seq,
        commits=tuple(commit for commit in commits if not commit.damaged),
        gone=tuple(stone for commit in commits for stone in commit.gone),
    )


def _pack_large(commit: Commit, after: int, packing: Packing) -> list[Packed]:
    if not packing.deflate:
        return _pack_run((commit,), after, replace(packing, deflate=True))
    total, parts = commit.count, 2
    while parts <= min(2 * total, MAX_PARTS):
        messages = _in_parts(commit, after, packing, parts)
        if all(len(message.payload) <= packing.max_payload for message in messages):
            return messages
        parts *= 2
    lost = replace(
        commit,
        damaged=True,
        series=(),
        gone=(*commit.gone, Gone(commit.seq, commit.seq, total, 0)),
    )
    payload = encode(_telemetry((lost,), after, packing), deflate=True)
    if len(payload) > packing.max_payload:
        msg = f"commit {commit.seq} alone takes {len(payload)} bytes of {packing.max_payload}"
        raise CloudLimitError(msg)
    return [Packed(after + 1, commit.seq, payload, oversized=True)]


def _in_parts(commit: Commit, after: int, packing: Packing, parts: int) -> list[Packed]:
    """The same parts whenever the same commit is split in so many."""
    total = commit.count
    whole = _telemetry((commit,), after, packing)
    messages = []
    for index in range(parts):
        start, end = index * total // parts, (index + 1) * total // parts
        share = replace(commit, series=tuple(_cut(commit.series, start, end)))
        telemetry = replace(
            whole,
            commits=(share,),
            gone=whole.gone if index == 0 else (),
            part=Part(index + 1, parts, total),
        )
        last = commit.seq if index == parts - 1 else after
        messages.append(Packed(after + 1, last, encode(telemetry, deflate=packing.deflate)))
    return messages


def _cut(series: Iterable[Series], start: int, end: int) -> Iterable[Series]:
    """Readings from place `start` to before `end`, counted through all series."""
    place = 0
    for one in series:
        size = len(one.at_ms)
        if place < end and place + size > start:
            yield one.cut(max(0, start - place), min(size, end - place))
        place += size
