"""What one worker does: the embeddings of a few photos, exactly as a lock embeds them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from ailock_sdk.embedding import Bundle, Embedder, choose_runtime, load_bundle
from ailock_sdk.errors import BundleError, CaptureError
from benchmarks.accuracy.paper.store import Column, Rows
from lab.errors import WorkersError
from lab.photos.embeddings import InputView, Sight, embed_in_chunks


def software(bundle: Bundle) -> dict[str, str]:
    """What, beside bundle and photo, decides an embedding: packages and their versions."""
    runtime = choose_runtime(bundle.runtime)
    names = ("ailock-sdk", "pillow")
    return {"runtime": f"{runtime.name} {runtime.version}", **{n: version(n) for n in names}}


def contract(bundle: Bundle, layers: Sequence[str]) -> dict[str, object]:
    """What of a bundle decides the embeddings of layers, as JSON values."""
    return {
        "model_sha256": bundle.model_sha256,
        "input": bundle.input.as_dict(),
        "outputs": {name: bundle.layers[name].as_list() for name in layers},
    }


@dataclass(frozen=True)
class Job:
    """What every batch of a role has in common.

    Attributes
    ----------
    bundle : the bundle's folder, which every worker reads
    contract : of the bundle and the layers, from :func:`contract`
    software : the versions that all workers must have, from :func:`software`
    layers, segments : what to embed, each layer at each segment
    threads : CPU threads of one worker; ``None``: the machine's fast cores
    """

    bundle: str
    contract: Mapping[str, object]
    software: Mapping[str, str]
    layers: tuple[str, ...]
    segments: tuple[str, ...]
    threads: int | None


@dataclass(frozen=True, eq=False)
class Batch:
    """Encoded photos to embed for a job."""

    job: Job
    photos: tuple[bytes, ...]


@dataclass(frozen=True, eq=False)
class Embedded:
    """What became of a batch of n photos.

    Attributes
    ----------
    rows : float32 (n, D) for each (layer, segment); zeros for an unreadable photo
    readable : bool (n,)
    """

    rows: Rows
    readable: NDArray[np.bool_]


def embed_batch(batch: Batch) -> Embedded:
    """Embed each photo of a batch; a photo that cannot be decoded becomes an unreadable row.

    Raises
    ------
    WorkersError
        This worker has another bundle or other versions than the job asks for.
    """
    job = batch.job
    embedder = _embedder(job)
    dimensions = {layer: embedder.bundle.layers[layer].dimensions for layer in job.layers}
    rows = {
        (layer, segment): np.zeros((len(batch.photos), dimensions[layer]), dtype=np.float32)
        for layer in job.layers
        for segment in job.segments
    }
    readable = np.ones(len(batch.photos), dtype=np.bool_)
    sights = list(sights_of(embedder.bundle, job.segments))
    for index, encoded in enumerate(batch.photos):
        try:
            for sight in sights:
                for column, row in _embed(embedder, encoded, sight, job.layers):
                    rows[column][index] = row
        except CaptureError:
            readable[index] = False
    return Embedded(rows, readable)


def sights_of(bundle: Bundle, segments: Sequence[str]) -> Iterator[Sight]:
    """What is looked at, in groups that a lock would decode at one size.

    A JPEG is decoded no larger than the smallest segment needs. The whole photo (SLSS, MLSS) and
    the overlapping segments (SLMS, MLMS) are locks of their own: embedded together, the whole
    photo would come from other pixels than in a lock that looks at nothing else.
    """
    view = InputView.of(bundle.input)
    needed = {segment: Sight(view, (segment,)).short_side for segment in segments}
    for _, group in groupby(sorted(segments, key=needed.__getitem__), needed.__getitem__):
        yield Sight(view, tuple(group))


def _embed(
    embedder: Embedder, encoded: bytes, sight: Sight, layers: Sequence[str]
) -> Iterator[tuple[Column, NDArray[np.float32]]]:
    (chunk,) = embed_in_chunks(embedder, [encoded], sight, layers)
    for layer in layers:
        for segment, row in zip(sight.segments, chunk[layer], strict=True):
            yield (layer, segment), row


_kept = threading.local()
"""The embedder of each thread, warm between batches; it goes when its thread does."""


def _embedder(job: Job) -> Embedder:
    if getattr(_kept, "job", None) != job:
        _kept.embedder = _load(job)
        _kept.job = job
    embedder: Embedder = _kept.embedder
    return embedder


def _load(job: Job) -> Embedder:
    try:
        bundle = load_bundle(job.bundle)
    except BundleError as error:
        raise WorkersError(
            f"a worker cannot read the bundle ({error}): put it in the same folder on every worker"
        ) from None
    if (here := software(bundle)) != dict(job.software):
        raise WorkersError(
            f"a worker has {here} where this process has {dict(job.software)}: "
            "install the same versions on all workers"
        )
    known = bundle.layers.keys() >= set(job.layers)
    if not known or contract(bundle, job.layers) != job.contract:
        raise WorkersError(f"a worker has another bundle at {job.bundle}: copy the same to all")
    return Embedder(bundle, threads=job.threads)
