"""Starts a program under system-call filters as systemd's: names in a file, then the command.

    confine.py ALLOWED_SYSCALLS ALLOWED_FAMILIES PROGRAM ARGUMENT...

Both lists are separated by commas. What is not allowed fails: EPERM, or EAFNOSUPPORT for sockets.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import sys

ALLOW = 0x7FFF0000
FAIL_WITH = 0x00050000
EQUAL = 4
FAMILIES = 46
PR_CAPBSET_DROP = 24
CAPABILITIES = 41


class Comparison(ctypes.Structure):
    """libseccomp's scmp_arg_cmp."""

    _fields_ = (
        ("arg", ctypes.c_uint),
        ("op", ctypes.c_int),
        ("datum_a", ctypes.c_uint64),
        ("datum_b", ctypes.c_uint64),
    )


class Filter:
    """One filter: a default action and exceptions."""

    def __init__(self, library: ctypes.CDLL, default: int) -> None:
        self._library = library
        library.seccomp_init.restype = ctypes.c_void_p
        self._context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(default)))

    def add(self, action: int, name: str, *comparisons: Comparison) -> None:
        """Treat this call so; calls this machine's kernel does not have are passed over."""
        number = self._library.seccomp_syscall_resolve_name(name.encode())
        if number < 0:
            return
        array = (Comparison * max(1, len(comparisons)))(*comparisons)
        words = (self._context, ctypes.c_uint32(action), number, len(comparisons), array)
        self._check(self._library.seccomp_rule_add_array(*words))

    def load(self) -> None:
        """From now on."""
        self._check(self._library.seccomp_load(self._context))

    def _check(self, code: int) -> None:
        if code:
            raise OSError(-code, os.strerror(-code))


def main(syscalls: str, families: str, *command: str) -> None:
    """Become the command, confined and without capabilities."""
    if os.geteuid() == 0:
        process = ctypes.CDLL(None, use_errno=True)
        for capability in range(CAPABILITIES):
            process.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    library = ctypes.CDLL("libseccomp.so.2")
    sockets = Filter(library, ALLOW)
    allowed = {int(getattr(socket, name)) for name in families.split(",")}
    for family in sorted(set(range(FAMILIES)) - allowed):
        sockets.add(FAIL_WITH | errno.EAFNOSUPPORT, "socket", Comparison(0, EQUAL, family, 0))
    calls = Filter(library, FAIL_WITH | errno.EPERM)
    for name in syscalls.split(","):
        calls.add(ALLOW, name)
    # The second load and the start of the program are themselves among the calls allowed.
    sockets.load()
    calls.load()
    os.execv(command[0], command)  # noqa: S606 - becoming the command is what this is for


if __name__ == "__main__":
    main(*sys.argv[1:])
