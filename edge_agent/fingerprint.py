"""Tells whether a site file is still the one the gateway started with."""

from __future__ import annotations

import hashlib
from pathlib import Path


def fingerprint(site: Path) -> str:
    """Hash of the file's bytes."""
    return hashlib.sha256(site.read_bytes()).hexdigest()
