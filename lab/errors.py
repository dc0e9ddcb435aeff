"""What the tools and benchmarks cannot do with what they were given; each text says what to do."""

from __future__ import annotations


class LabError(Exception):
    """Base of the errors below."""


class OutputError(LabError, OSError):
    """A file cannot be written; the text names it and says why."""


class PhotoSetError(LabError):
    """A photo set is missing, damaged or empty; the text names it and says why."""


class TooFewTrialsError(LabError):
    """Too few photos or objects for what was asked."""


class LayerFileError(LabError):
    """A file of weights is missing or damaged, or lacks what is asked of it."""


class TrialListError(LabError):
    """A file of trials cannot be read, or names photos that are not there."""


class RoleError(LabError):
    """The photos of a role cannot be used."""


class EmbeddingsError(LabError):
    """Photos cannot be embedded, or their embeddings cannot be read or kept."""


class ExperimentError(LabError):
    """An experiment cannot be run as it was asked for."""


class SyntheticImagesError(LabError):
    """Synthetic images cannot be made or used as asked; the text says what to change."""


class CredentialError(LabError):
    """There is nothing to attack with synthetic credentials, or not what was asked for."""


class ScaleError(LabError):
    """Imageprints cannot be counted, or a check of the count failed."""


class WorkersError(LabError):
    """The workers asked for cannot be had, or would not compute the same."""


class SplitError(LabError):
    """There are too few objects to split."""


class SplitLeakError(LabError):
    """An object or a photo is on both sides of a split: results would flatter."""
