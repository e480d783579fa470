"""How much memory a process of ours holds, and giving back what it does not need."""

from __future__ import annotations

import ctypes
import gc
import resource
import sys
from pathlib import Path
from types import ModuleType
from typing import cast


def rss_mb() -> float:
    """Resident memory of this process in MB; the peak so far where /proc is hidden."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return pages * resource.getpagesize() / 1e6


M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
"""glibc's names for what its heap does, see mallopt(3)."""
LARGE_BYTES = 64 * 1024
"""What is larger lives outside the heap; so much free at the heap's end goes back at once."""


def one_heap() -> bool:
    """Let all threads share one heap without holes, where the C library can (glibc).

    Whether it could. The thresholds are named because they else grow with what is freed.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    wishes = ((M_ARENA_MAX, 1), (M_MMAP_THRESHOLD, LARGE_BYTES), (M_TRIM_THRESHOLD, LARGE_BYTES))
    return mallopt is not None and all(mallopt(*wish) for wish in wishes)


def no_line_editor() -> None:
    """Keep out the line editor that a BACnet library takes, where it can, for its own shell."""
    sys.modules.setdefault("readline", cast("ModuleType", None))


def settle() -> None:
    """Take what is there now for permanent, so that looking for garbage costs little from here."""
    gc.collect()
    gc.freeze()


def give_back() -> bool:
    """Drop garbage and spare objects, return free heap pages to the system; whether it could.

    A full collection is what empties the interpreter's lists of spare objects.
    """
    gc.collect()
    library = ctypes.CDLL(None)
    trim = getattr(library, "malloc_trim", None)
    return trim is not None and bool(trim(0))
