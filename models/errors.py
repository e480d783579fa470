"""What the models raise: one tree."""

from __future__ import annotations


class ModelError(Exception):
    """Root of everything the models raise."""


class BadInputError(ModelError):
    """A number that cannot be planned with; the message names input and step."""


class CompileError(ModelError):
    """The algebra cannot be compiled (not affine in its parameters)."""
