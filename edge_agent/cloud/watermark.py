"""What the cloud has confirmed, and from where to send again because of it. Pure, no I/O."""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.cloud.shadow_document import JsonObject, is_count

DAY_S = 86_400.0

MAX_SEQ = 1 << 48
"""What the cloud says beyond this is nonsense; it is more than any gateway counts."""

Range = tuple[int, int]
"""First and last commit, both included."""


@dataclass(frozen=True, slots=True)
class Wish:
    """The `sync` shadow's desired section, read: absent or malformed parts are None."""

    acked_seq: int | None
    resend: Range | None
    top_seq: int | None = None
    """The highest number the cloud has seen, whatever is missing below it."""


def read_wish(state: JsonObject) -> Wish:
    """Read `{acked_seq, top_seq, resend: [from, to]}`."""
    resend = state.get("resend")
    span: Range | None = None
    if isinstance(resend, list) and len(resend) == 2 and all(map(is_count, resend)):  # noqa: PLR2004 - a pair
        first, last = int(resend[0]), int(resend[1])
        span = (first, last) if 1 <= first <= last else None
    return Wish(_seq(state.get("acked_seq")), span, _seq(state.get("top_seq")))


def _seq(value: object) -> int | None:
    return value if isinstance(value, int) and is_count(value) and value <= MAX_SEQ else None


class Watermark:
    """Decides where the cursor stands, given what the cloud has said. Times are wall seconds.

    Without a word from the cloud the broker's acknowledgement alone counts.
    """

    def __init__(self, confirm_within_s: float) -> None:
        self._confirm_within_s = confirm_within_s
        self._patience_s = confirm_within_s
        self._go_back = False
        self._progress_s = 0.0
        self.acked: int | None = None
        """Last word of the cloud, None before the first."""
        self.heard = False
        """Whether the cloud has said anything, if only that it has nothing."""
        self.top = 0
        """The highest number the cloud has ever named."""

    def hear(self, wish: Wish, *, whole: bool) -> None:
        """The cloud has spoken; after a connect (`whole`) whatever is above gets sent again."""
        self.heard = True
        if whole or wish.acked_seq is not None:
            self.acked = wish.acked_seq
        self.top = max(self.top, wish.acked_seq or 0, wish.top_seq or 0)
        self._go_back = self._go_back or whole

    def place(self, cursor: int, last: int, now_s: float) -> int:
        """The cursor to go on from: back to the watermark after a connect or a long silence."""
        acked = self.acked
        if acked is None or acked > last:
            self._go_back = False
            return cursor
        silent = acked < cursor and now_s - self._progress_s >= self._patience_s
        if acked >= cursor or self._go_back or silent:
            # A cloud that stores nothing must not get everything again every few minutes.
            self._patience_s = min(2 * self._patience_s if silent else self._patience_s, DAY_S)
            self._go_back = False
            self._progress_s = now_s
            return acked
        return cursor

    def moved(self, now_s: float) -> None:
        """The watermark has risen: the cloud is alive."""
        self._progress_s = now_s
        self._patience_s = self._confirm_within_s
