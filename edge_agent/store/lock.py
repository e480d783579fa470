"""One process per state directory."""

from __future__ import annotations

import errno
import fcntl
import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from edge_agent.store.types import LockHeldError

_NAME = "lock"


class StateLock:
    """Holds the state directory until released; the kernel releases it when the process dies.

    The file stays: its contents are the holder's process id, for people and for the error text.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    @classmethod
    def acquire(cls, state_dir: Path) -> StateLock:
        """Take the lock or raise LockHeldError; makes the directory where it is missing."""
        state_dir.mkdir(parents=True, exist_ok=True)
        path = state_dir / _NAME
        descriptor = _open(state_dir, path)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            raise LockHeldError(_held(state_dir, path)) from error
        with suppress(OSError):
            # Where nothing can be written the lock holds all the same.
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"{os.getpid()}\n".encode())
        return cls(descriptor)

    def release(self) -> None:
        """Let go; twice is once."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def _open(state_dir: Path, path: Path) -> int:
    """The lock's file; the directory itself where there is no room or right to make one."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    except OSError as error:
        if error.errno not in (errno.EROFS, errno.ENOSPC):
            raise
        return os.open(state_dir, os.O_RDONLY | os.O_CLOEXEC)


def _held(state_dir: Path, path: Path) -> str:
    holder = (path.read_text(encoding="utf-8").strip() if path.exists() else "") or "unknown"
    return (
        f"{state_dir} is in use by process {holder}: stop that process first "
        "(a service: systemctl stop semdr-edge), or choose another state_dir"
    )
