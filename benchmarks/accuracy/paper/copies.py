"""Photos that differ as files and are the same to the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from benchmarks.accuracy.paper.embeddings import RoleEmbeddings


def leave_out_copies(roles: Mapping[str, RoleEmbeddings]) -> dict[str, RoleEmbeddings]:
    """Leave out photos whose embeddings, at all layers and segments, equal an earlier photo's.

    Such are a photo saved again with other metadata, or two blank ones. Files that are equal byte
    by byte were left out when the roles were opened. Near copies that embed a little differently
    are not found.

    Parameters
    ----------
    roles : embedded by one bundle, with the same layers and segments

    Returns
    -------
    dict, in the order of ``roles``; each counts the ``copies`` it lost, the first of equals stays
    """
    seen: set[bytes] = set()
    kept: dict[str, RoleEmbeddings] = {}
    for name, embeddings in roles.items():
        first = np.zeros(len(embeddings), dtype=np.bool_)
        for index, digest in enumerate(map(bytes, embeddings.digests())):
            first[index] = digest not in seen
            seen.add(digest)
        copies = embeddings.copies + int((~first).sum())
        kept[name] = replace(embeddings.keep(first), copies=copies)
    return kept
