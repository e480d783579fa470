"""A text file read whole, but never more of it than is sensible."""

from __future__ import annotations

from pathlib import Path

MAX_BYTES = 1_000_000


class UnreadableError(Exception):
    """The file cannot be used; the message says why, in words for the operator."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.line = line


def read_text(path: Path, max_bytes: int = MAX_BYTES) -> str:
    """The file's text (UTF-8, an optional byte order mark taken off); raises UnreadableError."""
    return _decode(_read_bytes(path, max_bytes))


def _read_bytes(path: Path, max_bytes: int) -> bytes:
    try:
        if not path.is_file():
            problem = "is not a file" if path.exists() else "does not exist"
            msg = f"{problem}: check the path {path}"
            raise UnreadableError(msg)
        with path.open("rb") as stream:
            content = stream.read(max_bytes + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        msg = f"cannot be read: {reason}"
        raise UnreadableError(msg) from error
    if len(content) > max_bytes:
        msg = f"is larger than {max_bytes / 1e6:g} MB: is this the right file?"
        raise UnreadableError(msg)
    return content


def _decode(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UnreadableError("is not UTF-8 text: save it as UTF-8", line) from error
