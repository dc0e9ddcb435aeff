"""The embeddings of a role's photos: computed once by any number of workers, kept in HDF5.

An embedding is as good as its photo: keep the folder private.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ailock_sdk.capture import SEGMENT_NAMES
from ailock_sdk.embedding import Bundle
from benchmarks.accuracy.paper import store
from benchmarks.accuracy.paper.embed_batch import Batch, Job, contract, embed_batch, software
from benchmarks.accuracy.paper.roles import RolePhotos
from lab.errors import EmbeddingsError
from lab.photos.labelled_photos import encoded_photos
from lab.statistics.workers import Workers, open_workers

FORMAT = "ailock-embeddings/1"
BATCH_PHOTOS = 16
BATCH_BYTES = 4 * 2**20
"""A batch is closed at so many photos or encoded bytes: seconds of work, and light to send."""


@dataclass(frozen=True, eq=False)
class RoleEmbeddings:
    """The embedded photos of one role; the rows lie in the file until they are read.

    Attributes
    ----------
    role : one of ``roles.ROLES``
    objects : texts (N,), the object of each photo; objects of different roles are different
    paths : of each photo inside its set
    photo_sha256 : of each photo's file, hexadecimal
    file : the HDF5 file
    rows : int64 (N,), ascending: the photo's row in the file, and its number in the role's photos
    left_out : photos that could not be decoded
    copies : photos left out by ``copies.leave_out_copies``
    """

    role: str
    objects: NDArray[np.str_]
    paths: tuple[str, ...]
    photo_sha256: tuple[str, ...]
    file: Path
    rows: NDArray[np.int64]
    left_out: int
    copies: int = 0

    def __len__(self) -> int:
        return len(self.rows)

    def read(
        self, layer: str, segment: str, start: int = 0, stop: int | None = None
    ) -> NDArray[np.float32]:
        """Embeddings of photos ``start`` to ``stop`` (by default all), float32 (N, D).

        Raises
        ------
        EmbeddingsError
            The file lacks the layer at the segment, is gone or damaged, or is in use.
        """
        rows = self.rows[start:stop]
        if not len(rows):
            raise EmbeddingsError(f"{self.role}: no photo from number {start} on, of {len(self)}")
        first = int(rows[0])
        span = store.read(self.file, (layer, segment), first, int(rows[-1]) + 1)
        return span if len(span) == len(rows) else span[rows - first]

    def digests(self) -> NDArray[np.uint8]:
        """Of each photo's embeddings of all layers and segments, uint8 (N, 16): copies are equal.

        Raises
        ------
        EmbeddingsError
            The file is gone or damaged, or is in use.
        """
        return store.digests(self.file)[self.rows]

    def keep(self, kept: NDArray[np.bool_]) -> RoleEmbeddings:
        """The photos of ``kept``, bool (N,)."""
        numbers = np.flatnonzero(kept)
        return replace(
            self,
            objects=self.objects[numbers],
            paths=tuple(self.paths[i] for i in numbers),
            photo_sha256=tuple(self.photo_sha256[i] for i in numbers),
            rows=self.rows[numbers],
        )


def embed_role(
    bundle: Bundle,
    role: str,
    photos: RolePhotos,
    layers: Sequence[str],
    segments: Sequence[str],
    folder: Path,
    workers: str = "1",
    progress: bool = False,
) -> RoleEmbeddings:
    """The embeddings of a role's photos, read from ``folder`` as far as an earlier run got.

    A photo is looked at once, as in the paper: one look at each segment (SPEC sections 1 and 2).
    At most a few batches of photos are in memory. The embeddings do not depend on ``workers``.

    Parameters
    ----------
    layers, segments : what to embed, each layer of the bundle at each segment
    folder : one HDF5 file for each role and all that its embeddings depend on
    workers : a number of threads, or the address of a Dask scheduler: ``workers.open_workers``;
        one thread leaves the cores to the network, several have a core and a network each
    progress : show a bar on stderr, if that is a terminal

    Raises
    ------
    EmbeddingsError
        The bundle has no such layer, there is no such segment, a photo changed meanwhile, no photo
        can be decoded, or the file is in use.
    WorkersError
        The workers cannot be had, or would not compute the same.
    PhotoSetError
        A photo cannot be read from its set.
    """
    layers, segments = tuple(dict.fromkeys(layers)), tuple(dict.fromkeys(segments))
    _check_names("layer", layers, bundle.layers, f"bundle {bundle.name!r}")
    _check_names("segment", segments, SEGMENT_NAMES, "a photo")
    key = json.dumps(cache_key(bundle, photos, layers, segments), sort_keys=True)
    file = folder / f"{role}-{hashlib.sha256(key.encode()).hexdigest()[:16]}.h5"
    if not store.is_for(file, key):
        dimensions = {name: bundle.layers[name].dimensions for name in layers}
        store.create(
            file,
            key,
            {(name, segment): dimensions[name] for name in layers for segment in segments},
            {"objects": photos.objects, "paths": photos.paths, "photo_sha256": photos.photo_sha256},
        )
    if (store.states(file) == store.PENDING).any():
        with open_workers(workers) as opened:
            job = Job(
                bundle=str(bundle.path.resolve()),
                contract=contract(bundle, layers),
                software=software(bundle),
                layers=layers,
                segments=segments,
                threads=None if opened.count == 1 and not opened.remote else 1,
            )
            _embed_pending(job, photos, file, opened, f"embedding {role}", progress)
    states = store.states(file)
    if not (states == store.EMBEDDED).any():
        raise EmbeddingsError(f"none of the {len(photos)} photos of the {role} role can be decoded")
    everything = RoleEmbeddings(
        role=role,
        objects=np.array(photos.objects),
        paths=photos.paths,
        photo_sha256=photos.photo_sha256,
        file=file,
        rows=np.arange(len(photos), dtype=np.int64),
        left_out=int((states == store.UNREADABLE).sum()),
    )
    return everything.keep(states == store.EMBEDDED)


def cache_key(
    bundle: Bundle, photos: RolePhotos, layers: Sequence[str], segments: Sequence[str]
) -> dict[str, object]:
    """All that a role's rows depend on, as JSON values; the file keeps them as its ``key``."""
    contents = hashlib.sha256("\n".join(photos.photo_sha256).encode("ascii"))
    labels = hashlib.sha256("\n".join((*photos.objects, *photos.paths)).encode())
    return {
        "format": FORMAT,
        "bundle": bundle.name,
        **contract(bundle, layers),
        "layers": list(layers),
        "segments": list(segments),
        "software": software(bundle),
        "photo_sets_sha256": list(photos.sha256),
        "photos_sha256": contents.hexdigest(),
        "labels_sha256": labels.hexdigest(),
    }


def _embed_pending(
    job: Job, photos: RolePhotos, file: Path, workers: Workers, label: str, progress: bool
) -> None:
    disable = None if progress else True
    with store.writing(file) as writer:
        batches = _batches(job, photos, writer.next)
        bar = tqdm(
            total=len(photos), initial=writer.next, desc=label, unit="photo", disable=disable
        )
        with bar:
            for embedded in workers.results(embed_batch, batches):
                writer.append(embedded.rows, embedded.readable)
                bar.update(len(embedded.readable))


def _batches(job: Job, photos: RolePhotos, start: int) -> Iterator[Batch]:
    batch: list[bytes] = []
    for number, encoded in enumerate(encoded_photos(photos, start), start):
        if hashlib.sha256(encoded).hexdigest() != photos.photo_sha256[number]:
            raise EmbeddingsError(f"{photos.paths[number]} changed while this ran: run again")
        batch.append(encoded)
        if len(batch) == BATCH_PHOTOS or sum(map(len, batch)) >= BATCH_BYTES:
            yield Batch(job, tuple(batch))
            batch = []
    if batch:
        yield Batch(job, tuple(batch))


def _check_names(
    kind: str, given: Sequence[str], known: Mapping[str, object] | Sequence[str], owner: str
) -> None:
    if not given:
        raise EmbeddingsError(f"at least one {kind} is needed")
    if missing := [name for name in given if name not in known]:
        raise EmbeddingsError(
            f"{owner} has no {kind} {', '.join(missing)}; it has {', '.join(known)}"
        )
