"""Objects are split whole, the same way each time, and a leak is found."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy.paper import store
from benchmarks.accuracy.paper.embeddings import RoleEmbeddings
from benchmarks.accuracy.paper.roles import IMPOSTOR, REFERENCE
from benchmarks.accuracy.paper.split import Split, require_disjoint, split_by_object
from lab.errors import SplitError, SplitLeakError

MakeRole = Callable[..., RoleEmbeddings]
SEED = 7


def names(count: int) -> list[str]:
    return [f"object {index}" for index in range(count)]


@pytest.fixture
def make_role(tmp_path: Path) -> MakeRole:
    """A maker of roles, one photo for each entry of ``objects``, all photos different.

    ``pictures`` says what each photo shows: equal numbers embed alike.
    """

    def make(
        objects: Sequence[str], role: str = REFERENCE, pictures: Sequence[int] | None = None
    ) -> RoleEmbeddings:
        shows = range(len(objects)) if pictures is None else pictures
        paths = tuple(f"{index}.jpg" for index in range(len(objects)))
        contents = tuple(hashlib.sha256(f"{role} {path}".encode()).hexdigest() for path in paths)
        file = tmp_path / f"{role}.h5"
        column = ("layer", "whole")
        texts = {"objects": objects, "paths": paths, "photo_sha256": contents}
        store.create(file, "key", {column: 8}, texts)
        seed = len(role)
        rows = [np.random.default_rng([seed, of]).standard_normal(8) for of in shows]
        with store.writing(file) as writer:
            writer.append(
                {column: np.array(rows, dtype=np.float32)}, np.ones(len(rows), dtype=np.bool_)
            )
        return RoleEmbeddings(
            role, np.array(objects), paths, contents, file, np.arange(len(objects)), left_out=0
        )

    return make


def by_object(embeddings: RoleEmbeddings, split: Split) -> dict[str, int]:
    return {str(name): int(fold) for name, fold in zip(embeddings.objects, split.fold, strict=True)}


def test_objects_are_whole_and_the_shares_are_the_papers(make_role: MakeRole) -> None:
    role = make_role([name for name in names(100) for _ in range(4)])
    split = split_by_object(role, seed=SEED)
    assert split.holdout.dtype == np.bool_
    assert split.fold.dtype == np.int64
    np.testing.assert_array_equal(split.holdout, split.fold == -1)
    assert Counter(split.fold.tolist()) == {-1: 60, **{fold: 68 for fold in range(5)}}
    of_object = by_object(role, split)
    assert [of_object[str(name)] for name in role.objects] == split.fold.tolist()
    require_disjoint({REFERENCE: (role, split)})


@pytest.mark.parametrize("count", [6, 7, 11, 23, 125])
def test_folds_differ_by_one_object_at_most(make_role: MakeRole, count: int) -> None:
    split = split_by_object(make_role(names(count)), seed=SEED)
    sizes = Counter(split.fold.tolist())
    assert sizes.pop(-1) == max(1, round(0.15 * count))
    assert sorted(sizes) == [0, 1, 2, 3, 4]
    assert max(sizes.values()) - min(sizes.values()) <= 1


def test_the_seed_and_the_name_decide_and_nothing_else(make_role: MakeRole) -> None:
    there = make_role(names(40))
    back = make_role([name for name in reversed(names(40)) for _ in range(2)])
    first = by_object(there, split_by_object(there, seed=SEED))
    assert first == by_object(back, split_by_object(back, seed=SEED))
    assert first != by_object(there, split_by_object(there, seed=SEED + 1))
    other_role = replace(there, role=IMPOSTOR)
    assert first != by_object(other_role, split_by_object(other_role, seed=SEED))


def test_another_object_moves_few_others(make_role: MakeRole) -> None:
    before = make_role(names(200))
    old = by_object(before, split_by_object(before, seed=SEED))
    for extra in ("a", "b", "c", "d"):
        after = make_role([*names(200), extra])
        new = by_object(after, split_by_object(after, seed=SEED))
        assert sum(old[name] != new[name] for name in old) <= 5


def test_too_few_objects_are_counted(make_role: MakeRole) -> None:
    with pytest.raises(SplitError, match="has 5 objects: 1 held out and 5 folds need 6"):
        split_by_object(make_role(names(5) * 3), seed=SEED)
    with pytest.raises(SplitError, match="folds are at least 2"):
        split_by_object(make_role(names(9)), folds=1, seed=SEED)
    with pytest.raises(SplitError, match="below 1"):
        split_by_object(make_role(names(9)), holdout_share=1.0, seed=SEED)


@pytest.fixture
def role(make_role: MakeRole) -> RoleEmbeddings:
    return make_role([name for name in names(12) for _ in range(3)])


def pushed(role: RoleEmbeddings, seed: int = SEED) -> tuple[int, int]:
    """A photo of a hold-out object, and one of a training object that can give way to it."""
    split = split_by_object(role, seed=seed)
    return int(np.flatnonzero(split.holdout)[0]), int(np.flatnonzero(~split.holdout)[0])


def test_a_hold_out_photo_pushed_into_training_is_found(role: RoleEmbeddings) -> None:
    """Its label stays: the object is on both sides."""
    split = split_by_object(role, seed=SEED)
    held_out, _ = pushed(role)
    fold = split.fold.copy()
    fold[held_out] = 2
    with pytest.raises(SplitLeakError, match="the same object is in the"):
        require_disjoint({REFERENCE: (role, Split(fold == -1, fold))})


def test_a_copied_hold_out_photo_under_a_training_object_is_found(role: RoleEmbeddings) -> None:
    """The file is copied in place of a training photo: no object is on both sides."""
    held_out, training = pushed(role)
    contents = list(role.photo_sha256)
    contents[training] = contents[held_out]
    leaked = replace(role, photo_sha256=tuple(contents))
    split = split_by_object(leaked, seed=SEED)
    assert split.fold[training] != -1
    with pytest.raises(SplitLeakError, match="the same file is in the") as found:
        require_disjoint({REFERENCE: (leaked, split)})
    assert f"reference {held_out}.jpg" in str(found.value)
    assert f"reference {training}.jpg" in str(found.value)
    assert "hold-out" in str(found.value)


def test_a_copy_with_other_metadata_is_found(make_role: MakeRole, role: RoleEmbeddings) -> None:
    held_out, training = pushed(role)
    pictures = list(range(len(role)))
    pictures[training] = pictures[held_out]
    leaked = make_role(role.objects.tolist(), pictures=pictures)
    with pytest.raises(SplitLeakError, match="the same picture in another file"):
        require_disjoint({REFERENCE: (leaked, split_by_object(leaked, seed=SEED))})


def test_a_copy_in_two_folds_is_found(role: RoleEmbeddings) -> None:
    split = split_by_object(role, seed=SEED)
    first, second = (int(np.flatnonzero(split.fold == fold)[0]) for fold in (0, 3))
    contents = list(role.photo_sha256)
    contents[second] = contents[first]
    leaked = replace(role, photo_sha256=tuple(contents))
    with pytest.raises(
        SplitLeakError, match=r"training photos, fold [03] .*training photos, fold [03] "
    ):
        require_disjoint({REFERENCE: (leaked, split)})


def test_a_copy_in_another_role_is_found(make_role: MakeRole, role: RoleEmbeddings) -> None:
    impostors = make_role(names(12), IMPOSTOR)
    splits = {
        name: (of, split_by_object(of, seed=SEED))
        for name, of in {REFERENCE: role, IMPOSTOR: impostors}.items()
    }
    require_disjoint(splits)  # objects of the same name in two roles are two objects
    held_out, _ = pushed(role)
    _, training = pushed(impostors)
    contents = list(impostors.photo_sha256)
    contents[training] = role.photo_sha256[held_out]
    leaked = replace(impostors, photo_sha256=tuple(contents))
    with pytest.raises(SplitLeakError, match=r"\(reference \d+\.jpg\) and .*\(impostor \d+\.jpg\)"):
        require_disjoint({**splits, IMPOSTOR: (leaked, splits[IMPOSTOR][1])})


def test_a_split_of_other_photos_is_found(role: RoleEmbeddings) -> None:
    split = split_by_object(role, seed=SEED)
    with pytest.raises(SplitLeakError, match="is not of its photos"):
        require_disjoint({REFERENCE: (role.keep(np.arange(len(role)) > 0), split)})
    with pytest.raises(SplitLeakError, match="both held out and in a fold"):
        require_disjoint({REFERENCE: (role, replace(split, holdout=~split.holdout))})
