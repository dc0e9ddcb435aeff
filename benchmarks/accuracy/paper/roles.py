"""The photos of an evaluation by the part they play, each photo in one part only.

A photo that occurs twice, in one role or in two, would be compared with itself: as a mated pair
that says nothing, or as a false match that is none. The first occurrence stays.
"""

from __future__ import annotations

import argparse
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from lab.errors import RoleError
from lab.photos.labelled_photos import LabelledPhotos, encoded_photos, open_labelled_photos

REFERENCE, ILLUMINATION, CATEGORY, IMPOSTOR, UNLABELLED, SYNTHETIC = ROLES = (
    "reference",
    "illumination",
    "category",
    "impostor",
    "unlabelled",
    "synthetic",
)
"""In the order in which a repeated photo is kept."""

_OPTIONS = {
    REFERENCE: ("--photos", "photos of the objects that enrol (the paper's Nexus)"),
    ILLUMINATION: ("--illumination", "objects, each under many lights (the paper's ALOI)"),
    CATEGORY: ("--category", "look-alikes: other objects of the same kinds (the paper's Google)"),
    IMPOSTOR: ("--impostor", "many other photos (the paper's YFCC100M toy)"),
    UNLABELLED: (
        "--unlabelled",
        "any photos of other things, for the principal components alone; labels are not needed",
    ),
    SYNTHETIC: (
        "--synthetic",
        "generated photos (the paper's DCGAN); without it, --images are made here",
    ),
}


@dataclass(frozen=True, eq=False)
class RolePhotos(LabelledPhotos):
    """The photos of one role, less those that occur before.

    Objects are told apart by role and name: objects of different roles are different.

    Attributes
    ----------
    role : one of ``ROLES``
    photo_sha256 : of each photo's file, hexadecimal
    repeated : how many photos were left out because they occur before, by the role of the first
    """

    role: str
    photo_sha256: tuple[str, ...]
    repeated: Mapping[str, int]


def add_role_options(parser: argparse.ArgumentParser) -> None:
    """Give a command an option of one or more photo sets for each role."""
    for role, (option, meaning) in _OPTIONS.items():
        parser.add_argument(
            option,
            dest=role,
            metavar="SET",
            type=Path,
            nargs="+",
            action="extend",
            default=[],
            required=role == REFERENCE,
            help=f"photo sets, files or folders: {meaning}",
        )


def role_sources(options: argparse.Namespace) -> dict[str, list[Path]]:
    """The photo sets of each role that the command line gives."""
    return {role: sources for role in ROLES if (sources := getattr(options, role))}


def open_roles(
    sources: Mapping[str, Sequence[Path]], progress: bool = False
) -> dict[str, RolePhotos]:
    """Open the photo sets of each role and read every photo once, for its content.

    Parameters
    ----------
    sources : one or more photo sets for each role
    progress : show a bar on stderr, if that is a terminal

    Returns
    -------
    dict, in the order of ``ROLES``

    Raises
    ------
    RoleError
        An unknown role, no reference role, or a role all of whose photos occur before.
    PhotoSetError
        A set cannot be read, or is given twice in one role.
    """
    if unknown := sorted(set(sources) - set(ROLES)):
        raise RoleError(f"no such role: {', '.join(unknown)}; the roles are {', '.join(ROLES)}")
    if not sources.get(REFERENCE):
        raise RoleError("the reference role needs photos: give photo sets of objects that enrol")
    found: dict[str, RolePhotos] = {}
    for role in ROLES:
        if sources.get(role):
            found[role] = open_role(role, sources[role], found, progress)
    return found


def open_role(
    role: str,
    sources: Sequence[Path],
    earlier: Mapping[str, RolePhotos],
    progress: bool = False,
) -> RolePhotos:
    """One role more, less the photos of the ``earlier`` ones; errors as of :func:`open_roles`."""
    photos = open_labelled_photos(sources, labelled=role != UNLABELLED)
    first_in = {content: name for name, those in earlier.items() for content in those.photo_sha256}
    bar = tqdm(
        encoded_photos(photos),
        f"reading {role}",
        total=len(photos),
        unit="photo",
        disable=None if progress else True,
    )
    repeated: Counter[str] = Counter()
    kept: dict[int, str] = {}
    for index, encoded in enumerate(bar):
        content = hashlib.sha256(encoded).hexdigest()
        if content in first_in:
            repeated[first_in[content]] += 1
        else:
            first_in[content] = role
            kept[index] = content
    if not kept:
        others = " and ".join(repeated)
        raise RoleError(
            f"every photo of the {role} role occurs before, in {others}: give it other photos"
        )
    left = photos.keep(kept)
    return RolePhotos(
        sets=left.sets,
        sha256=left.sha256,
        split=left.split,
        objects=left.objects,
        paths=left.paths,
        complete=left.complete,
        role=role,
        photo_sha256=tuple(kept.values()),
        repeated=dict(repeated),
    )
