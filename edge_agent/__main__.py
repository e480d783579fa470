"""`python -m edge_agent` and `semdr-edge`: the same program."""

from __future__ import annotations

import os
import sys

from edge_agent.cli.main import run

INTERRUPTED = 130
NOBODY_READS = 1


def main() -> None:
    """Run the command line and leave with its exit code."""
    try:
        code = run(sys.argv[1:])
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:
        if not _nobody_reads():
            raise
        code = NOBODY_READS
    sys.exit(code)


def _nobody_reads() -> bool:
    """Was it standard output that broke, as in `| head`? Then what is left goes nowhere."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        return True
    return False


if __name__ == "__main__":
    main()
