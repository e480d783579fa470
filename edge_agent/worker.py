"""The planning worker, a process of its own: asked on stdin, answers on stdout, one JSON line each.

Another process reads the site file for it, so that it never holds what that takes.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from edge_agent.memory import one_heap, rss_mb
from edge_agent.plain_json import Json
from edge_agent.plan_words import PlanAnswer, PlanRequest
from edge_agent.site.read_apart import ApartError, Reading
from edge_agent.start_pages import give_back_code

if TYPE_CHECKING:
    from edge_agent.worker_answers import Worker

ARGUMENTS = 4
STUCK_EXIT = 3
"""A solver that runs on so long after it was given up takes its process with it."""
REQUEST, ANSWER = Json(PlanRequest), Json(PlanAnswer)
CHANGED = "the site file has changed since the gateway started: restart it to use the new one"


def serve(worker: Worker, questions: BinaryIO, answers: BinaryIO) -> None:
    """Answer line by line until the agent hangs up; what only the last answer needed is let go."""
    give_back_code()
    for line in questions:
        request = REQUEST.validate_json(line)
        answers.write(ANSWER.dump_json(worker.answer(request)) + b"\n")
        answers.flush()
        give_back_code()
        if worker.stuck():
            os._exit(STUCK_EXIT)  # an orderly end would wait for the thread that never ends


def refuse_all(why: str, questions: BinaryIO, answers: BinaryIO) -> None:
    """Answer every question with the same refusal."""
    for line in questions:
        refusal = PlanAnswer(
            id=REQUEST.validate_json(line).id, plan=None, refusal=why, rss_mb=rss_mb()
        )
        answers.write(ANSWER.dump_json(refusal) + b"\n")
        answers.flush()


def main(words: list[str]) -> int:
    """`python -I -m edge_agent.worker SITE FINGERPRINT STATE_DIR DATABASE`."""
    one_heap()
    if len(words) != ARGUMENTS:
        usage = "python -I -m edge_agent.worker SITE FINGERPRINT STATE_DIR DATABASE"
        sys.stderr.write(f"usage: {usage}\n")
        return 2
    site, state_dir, database = (Path(words[place]) for place in (0, 2, 3))
    reading = Reading(site, words[1])
    # While the child reads: this takes as long.
    from edge_agent.worker_answers import Worker

    try:
        loaded = reading.done()
    except ApartError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if loaded is None:
        refuse_all(CHANGED, sys.stdin.buffer, sys.stdout.buffer)
        return 1
    serve(Worker(loaded, database, state_dir / "compiled"), sys.stdin.buffer, sys.stdout.buffer)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
