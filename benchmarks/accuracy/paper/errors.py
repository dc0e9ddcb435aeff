"""Why the paper's experiments cannot be run on what was given."""

from __future__ import annotations


class PaperError(Exception):
    """Base of the errors below; the text says what to do."""


class RoleError(PaperError):
    """The photos of a role cannot be used."""


class EmbeddingsError(PaperError):
    """Photos cannot be embedded, or their embeddings cannot be read or kept."""


class WorkersError(PaperError):
    """The workers asked for cannot be had, or would not compute the same."""


class SplitError(PaperError):
    """There are too few objects to split."""


class SplitLeakError(PaperError):
    """An object or a photo is on both sides of a split: results would flatter."""
