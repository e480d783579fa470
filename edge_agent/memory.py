"""How much memory a process of ours holds, and giving back what it does not need."""

from __future__ import annotations

import ctypes
import resource
from pathlib import Path


def rss_mb() -> float:
    """Resident memory of this process in MB; the peak so far where /proc is hidden."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return pages * resource.getpagesize() / 1e6


M_ARENA_MAX = -8
"""glibc's name for the number of heaps that threads may open, see mallopt(3)."""


def one_heap() -> bool:
    """Let all threads share one heap, where the C library can (glibc); whether it could."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and bool(mallopt(M_ARENA_MAX, 1))


def give_back() -> bool:
    """Return free heap pages to the system, where the C library can (glibc); whether it could."""
    library = ctypes.CDLL(None)
    trim = getattr(library, "malloc_trim", None)
    return trim is not None and bool(trim(0))
