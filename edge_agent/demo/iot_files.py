"""Files that survive a kill at any moment."""

from __future__ import annotations

import os
from pathlib import Path


def write_atomically(file: Path, text: str) -> None:
    """Replace the file's content: a reader sees the old text or the new, whole."""
    fresh = file.with_suffix(f"{file.suffix}.new")
    with fresh.open("w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(file)


def cut_torn_line(file: Path) -> None:
    """Drop a last line that was being written when the power went."""
    content = file.read_bytes() if file.exists() else b""
    if content and not content.endswith(b"\n"):
        with file.open("r+b") as stream:
            stream.truncate(content.rfind(b"\n") + 1)
