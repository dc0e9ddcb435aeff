"""Photos that differ as files and are the same to the network."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from benchmarks.accuracy.paper.embeddings import RoleEmbeddings
from benchmarks.accuracy.paper.recipe import WHOLE
from benchmarks.accuracy.paper.roles import UNLABELLED


def leave_out_copies(roles: Mapping[str, RoleEmbeddings], layer: str) -> dict[str, RoleEmbeddings]:
    """Leave out photos whose embeddings, at all layers and segments, equal an earlier photo's.

    Such are a photo saved again with other metadata, or two blank ones. Files that are equal byte
    by byte were left out when the roles were opened. Near copies that embed a little differently
    are not found. Unlabelled photos, which may have been embedded as a whole only, are judged by
    ``layer`` of the whole photo.

    Parameters
    ----------
    roles : embedded by one bundle, all but the unlabelled with the same layers and segments

    Returns
    -------
    dict, in the order of ``roles``; each counts the ``copies`` it lost, the first of equals stays
    """
    seen: set[bytes] = set()
    kept: dict[str, RoleEmbeddings] = {}
    for name, embeddings in roles.items():
        if name == UNLABELLED:
            seen = {one for other in kept.values() for one in _whole(other, layer)}
        first = np.zeros(len(embeddings), dtype=np.bool_)
        whole = name == UNLABELLED
        digests = _whole(embeddings, layer) if whole else map(bytes, embeddings.digests())
        for index, digest in enumerate(digests):
            first[index] = digest not in seen
            seen.add(digest)
        copies = embeddings.copies + int((~first).sum())
        kept[name] = replace(embeddings.keep(first), copies=copies)
    return kept


def _whole(embeddings: RoleEmbeddings, layer: str) -> list[bytes]:
    """A digest of each whole photo at one layer."""
    rows = embeddings.read(layer, WHOLE)
    return [hashlib.blake2b(row.tobytes(), digest_size=16).digest() for row in rows]
