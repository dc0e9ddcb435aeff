"""The paper's protocol: components, imageprints, trials and thresholds, against brute force."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from benchmarks.accuracy.paper import recipe
from benchmarks.accuracy.paper.facts import recommendation
from benchmarks.accuracy.paper.protocol import Settings, Study
from benchmarks.accuracy.paper.rates import f1_at, rates_at
from benchmarks.accuracy.paper.recipe import (
    PAPER_LAYERS,
    PAPER_WINDOW,
    PARTS,
    WHOLE,
    TrainingSet,
    Window,
    choose_layers,
    imageprint_bits,
    transform,
    variants,
)
from benchmarks.accuracy.paper.split import all_training
from benchmarks.accuracy.paper.table3 import table3
from benchmarks.accuracy.paper.trials import Rule, Side, compare
from lab.errors import ExperimentError
from lab.fitting.hyperplanes import gaussian_hyperplanes
from lab.statistics.comparisons import object_weights
from lab.statistics.hamming import pack
from tests.benchmarks.accuracy.paper.standins import planted

SETTINGS = Settings(
    ("a", "b"), window=Window(3, 12), lambdas=(30, 60), replicates=25, lsh_seed=5, seed=3
)


def random_side(rng: np.random.Generator, sizes: list[int], bits: int, segments: int = 1) -> Side:
    objects = np.repeat(np.arange(len(sizes)), sizes)
    words = tuple(
        pack(rng.integers(0, 2, (len(objects), bits), dtype=np.uint8)) for _ in range(segments)
    )
    return Side(words, objects)


def unpacked(side: Side, bits: int) -> np.ndarray:
    """uint8 (segments, N, bits)."""
    return np.stack([np.unpackbits(words.view(np.uint8), axis=1)[:, :bits] for words in side.words])


def study(**changes: object) -> Study:
    roles = {
        "reference": planted("reference", 20, 3, 5, seed=1),
        "illumination": planted("illumination", 12, 4, 2, seed=2),
        "category": planted("category", 30, 1, 5, seed=3),
    }
    return Study(roles, Settings(**{**vars(SETTINGS), **changes}))  # type: ignore[arg-type]


# --- the recipe -----------------------------------------------------------------------------


def test_the_papers_layers_are_the_default_and_the_first_is_the_single_one() -> None:
    assert choose_layers(["mixed_8", "mixed_8/pool", "pool_3"]) == PAPER_LAYERS
    assert choose_layers(["mixed_8", "mixed_8/pool"]) == ("mixed_8/pool", "mixed_8")
    assert choose_layers(["only"]) == ("only",)
    assert choose_layers(["x", "y"], ["y"]) == ("y",)


def test_an_unknown_layer_is_an_error_that_names_the_bundles() -> None:
    with pytest.raises(ExperimentError, match="no layer 'pool_9'; it has: mixed_8, pool_3"):
        choose_layers(["mixed_8", "pool_3"], ["pool_3", "pool_9"])
    with pytest.raises(ExperimentError, match="each layer once"):
        choose_layers(["mixed_8"], ["mixed_8", "mixed_8"])


def test_variants_are_of_the_papers_layers_and_segments() -> None:
    found = variants(("a", "b"), PARTS, 4)
    assert list(found) == ["SLSS", "MLSS", "SLMS", "MLMS"]
    assert found["SLSS"].layers == ("a",)
    assert found["SLSS"].segments == (WHOLE,)
    assert found["MLMS"].layers == ("a", "b")
    assert found["MLMS"].segments == PARTS
    assert found["MLMS"].needed == 4
    assert list(variants(("a",), ())) == ["SLSS"]


@pytest.mark.parametrize("way", ["covariance", "gram", "chunks"])
def test_components_are_those_of_a_singular_value_decomposition(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way == "chunks":
        pytest.importorskip("sklearn")
    rng = np.random.default_rng(0)
    embeddings = rng.standard_normal((30, 50)) * np.linspace(3, 1, 50) + 7
    members = rng.random(30) < 0.7
    if way != "covariance":
        monkeypatch.setattr(recipe, "COVARIANCE_DIMENSIONS_MAX", 10)
    if way == "chunks":
        monkeypatch.setattr(recipe, "GRAM_PHOTOS_MAX", 10)
    training = TrainingSet(embeddings.astype(np.float32))
    found = training.components(members, 8)
    chosen = embeddings[members]
    centred = chosen - chosen.mean(axis=0)
    _, values, rows = np.linalg.svd(centred, full_matrices=False)
    np.testing.assert_allclose(found.mean, chosen.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(found.variances, values[:8] ** 2 / (len(chosen) - 1), rtol=1e-4)
    np.testing.assert_allclose(np.abs((found.matrix * rows[:8].T).sum(axis=0)), 1, atol=1e-4)
    features = transform(found, embeddings.astype(np.float32))
    expected = (embeddings - chosen.mean(axis=0)) @ found.matrix
    np.testing.assert_allclose(features, expected, atol=1e-3)


def test_there_are_no_more_components_than_photos_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    embeddings = np.random.default_rng(0).standard_normal((9, 50)).astype(np.float32)
    everyone = np.ones(9, dtype=np.bool_)
    assert TrainingSet(embeddings).components(everyone).matrix.shape == (50, 8)
    monkeypatch.setattr(recipe, "COVARIANCE_DIMENSIONS_MAX", 10)
    assert TrainingSet(embeddings).components(everyone).matrix.shape == (50, 8)
    with pytest.raises(ExperimentError, match="at least two"):
        TrainingSet(embeddings).components(np.arange(9) == 0)


def test_bits_are_sides_of_hyperplanes_and_shorter_imageprints_are_prefixes() -> None:
    features = np.random.default_rng(0).standard_normal((7, 30)).astype(np.float32)
    window = Window(10, 15)
    long = imageprint_bits(features, window, 500)
    for photo, plane in ((0, 0), (3, 77), (6, 499)):
        normal = gaussian_hyperplanes(723657345, 500, 15)[plane]
        assert long[photo, plane] == (features[photo, 10:25] @ normal >= 0)
    np.testing.assert_array_equal(imageprint_bits(features, window, 50), long[:, :50])
    assert not np.array_equal(imageprint_bits(features, window, 500, seed=1), long)


def test_a_window_beyond_the_components_is_an_error() -> None:
    with pytest.raises(ExperimentError, match="components 200-400 need more than 400"):
        imageprint_bits(np.zeros((3, 399), np.float32), Window(200, 200), 50)


# --- trials ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("objects", "others", "pairs", "mated", "total"),
    [
        (55, (3_600, 1_178), 24_090, 330, 1_075_250),  # section 6.2, the hold-out
        (59, (4_080, 1_335), 27_730, 354, 1_305_670),  # section 6.2, a fold
    ],
)
def test_trials_are_as_many_as_the_paper_counts(
    objects: int, others: tuple[int, int], pairs: int, mated: int, total: int
) -> None:
    rng = np.random.default_rng(0)
    references = random_side(rng, [4] * objects, 64)
    alone = compare(references, [], Rule(64, (0,)))
    assert int(alone.mated.sum()) == mated
    assert int(alone.mated.sum() + alone.non_mated.sum()) == pairs
    sides = [random_side(rng, [1] * count, 64) for count in others]
    found = compare(references, sides, Rule(64, (0,)))
    assert int(found.mated.sum()) == mated
    assert int(found.mated.sum() + found.non_mated.sum()) == total


def test_every_two_illumination_photos_are_compared_once() -> None:
    side = random_side(np.random.default_rng(0), [24] * 25, 64)
    found = compare(side, [], Rule(64, (0,)))
    assert int(found.mated.sum() + found.non_mated.sum()) == 600 * 599 // 2
    assert int(found.mated.sum()) == 25 * 276


@pytest.mark.parametrize("segments", [1, 5])
def test_trials_and_replicates_equal_brute_force(segments: int) -> None:
    rng = np.random.default_rng(segments)
    bits, needed = 40, 1 if segments == 1 else 3
    radii = tuple(int(r) for r in rng.integers(12, 20, segments))
    rule = Rule(bits, radii, needed)
    references = random_side(rng, [3, 1, 4, 2], bits, segments)
    probes = random_side(rng, [3, 1, 4, 2], bits, segments)
    other = random_side(rng, [2, 1, 3], bits, segments)
    found = compare(references, [other], rule, replicates=6, seed=9, probes=probes)
    a, b, c = (unpacked(side, bits) for side in (references, probes, other))
    weights, other_weights = object_weights(4, 6, 9), object_weights(3, 6, 10)

    def statistic(left: np.ndarray, right: np.ndarray) -> int:
        excess = sorted((left != right).sum(axis=1) - np.array(radii))
        return int(excess[needed - 1]) + max(radii)

    mated, non_mated = np.zeros(rule.bins), np.zeros(rule.bins)
    resampled = np.zeros((2, 6, rule.bins))
    accepted = 0
    for i, j in combinations(range(10), 2):
        at = statistic(a[:, i], b[:, j])
        first, second = references.objects[i], references.objects[j]
        accepted += ((a[:, i] != b[:, j]).sum(axis=1) <= radii).sum() >= needed
        if first == second:
            mated[at] += 1
            resampled[0, :, at] += weights[:, first]
        else:
            non_mated[at] += 1
            resampled[1, :, at] += weights[:, first] * weights[:, second]
    for i in range(10):
        for j in range(6):
            at = statistic(a[:, i], c[:, j])
            accepted += ((a[:, i] != c[:, j]).sum(axis=1) <= radii).sum() >= needed
            non_mated[at] += 1
            resampled[1, :, at] += (
                weights[:, references.objects[i]] * other_weights[:, other.objects[j]]
            )
    np.testing.assert_array_equal(found.mated, mated)
    np.testing.assert_array_equal(found.non_mated, non_mated)
    np.testing.assert_array_equal(found.resampled_mated, resampled[0])
    np.testing.assert_array_equal(found.resampled_non_mated, resampled[1])
    assert (found.mated + found.non_mated)[: rule.radius + 1].sum() == accepted
    assert found.mated_objects == 3
    assert found.object_pairs == 4 * 3 // 2 + 4 * 3
    without = compare(references, [other], rule, probes=probes)
    np.testing.assert_array_equal(without.non_mated, non_mated)


# --- the study ------------------------------------------------------------------------------


def test_holdout_photos_have_no_part_in_any_component() -> None:
    plain, changed = study(), study()
    for embeddings, split in changed.roles.values():
        embeddings.read("a", WHOLE)[split.holdout] *= 100
    for role, (_, split) in plain.roles.items():
        training = ~split.holdout
        np.testing.assert_array_equal(
            plain.features.of(role, "a")[training], changed.features.of(role, "a")[training]
        )
        assert not np.array_equal(plain.features.of(role, "a"), changed.features.of(role, "a"))


def test_a_photo_has_no_part_in_the_components_of_its_own_fold() -> None:
    plain, changed = study(), study()
    embeddings, split = changed.roles["category"]
    victim = int(np.flatnonzero(split.fold == 2)[0])
    embeddings.read("a", WHOLE)[victim] += 50
    for role, (_, own) in plain.roles.items():
        before, after = (each.features.of(role, "a") for each in (plain, changed))
        same = (before == after).all(axis=1)
        others = np.ones(len(same), dtype=np.bool_)
        if role == "category":
            others[victim] = False
        assert same[others & (own.fold == 2)].all()
        assert not same[others & (own.fold != 2)].any()


def test_segments_are_seen_through_the_components_of_whole_photos() -> None:
    each = study()
    embeddings, split = each.roles["reference"]
    final = each.features.final(embeddings, "a", "centre")
    seen = each.features.of("reference", "a", "centre")
    np.testing.assert_allclose(final[split.holdout], seen[split.holdout], atol=1e-4)
    assert not np.allclose(final[~split.holdout], seen[~split.holdout], atol=1e-1)


def test_a_lambda_beyond_the_settings_has_all_its_bits() -> None:
    each, everyone = study(), np.ones(60, dtype=np.bool_)
    slss = each.variants["SLSS"]
    short = unpacked(each.side("reference", everyone, slss, 60), 60)[0]
    long = unpacked(each.side("reference", everyone, slss, 200), 200)[0]
    np.testing.assert_array_equal(long[:, :60], short)
    assert long[:, 60:].any()


def test_imageprints_of_several_layers_are_joined() -> None:
    each = study()
    everyone = np.ones(60, dtype=np.bool_)
    single = unpacked(each.side("reference", everyone, each.variants["SLSS"], 30), 30)[0]
    both = unpacked(each.side("reference", everyone, each.variants["MLSS"], 30), 60)[0]
    np.testing.assert_array_equal(both[:, :30], single)
    assert not np.array_equal(both[:, 30:], single)
    embeddings, split = each.roles["reference"]
    order = np.argsort(np.unique(embeddings.objects, return_inverse=True)[1], kind="stable")
    final = each.final_bits(embeddings, each.variants["MLSS"], 30)[order]
    np.testing.assert_array_equal(final[split.holdout[order]], both[split.holdout[order]])


@pytest.mark.parametrize("name", ["SLSS", "MLSS", "SLMS", "MLMS"])
def test_rates_equal_brute_force(name: str) -> None:
    each = study()
    found = each.outcome(name, 60)
    bits = 60 * len(found.variant.layers)
    taus = np.array([c.tau for c in found.cross_validations]) / 10_000

    def rates(fold: int | None) -> tuple[float, float, float]:
        references, others = each.fold_sides(fold, found.variant, 60)
        here = unpacked(references, bits)
        objects = references.objects
        counts = np.zeros((2, 2))  # [mated][accepted]
        for i, j in combinations(range(len(objects)), 2):
            near = 1 - (here[:, i] != here[:, j]).mean(axis=1) >= taus - 1e-9
            counts[int(objects[i] == objects[j]), int(near.sum() >= found.rule.needed)] += 1
        for other in others:
            there = unpacked(other, bits)
            for i in range(len(objects)):
                near = 1 - (here[:, i, None] != there).mean(axis=2) >= taus[:, None] - 1e-9
                matches = int((near.sum(axis=0) >= found.rule.needed).sum())
                counts[0] += [len(other) - matches, matches]
        (tn, fp), (fn, tp) = counts
        return 2 * tp / (2 * tp + fn + fp), fp / (fp + tn), fn / (fn + tp)

    folds = [rates(fold) for fold in range(5)]
    expected = np.mean(folds, axis=0)
    assert (found.fold_f1, found.fold_far, found.fold_frr) == pytest.approx(tuple(expected))
    f1, far, frr, eer = rates_at(found.holdout, found.rule.radius)
    assert (f1.value, far.value, frr.value) == pytest.approx(rates(None))
    for measured in (f1, far, frr, eer):
        assert measured.low is not None
        assert measured.high is not None
        assert measured.low <= measured.value <= measured.high
    if len(found.cross_validations) == 1:
        assert found.fold_f1 == pytest.approx(found.cross_validations[0].f1)
        assert found.rule.radius == found.cross_validations[0].radius_bits
        # No other threshold of the grid does better on the folds.
        best = max(
            np.mean([f1_at(fold, radius).value for fold in found.folds])
            for radius in range(bits * 4 // 10 + 1)
        )
        assert found.fold_f1 == pytest.approx(best)


def test_fewer_photos_than_the_window_needs_call_in_the_impostors() -> None:
    roles = {**study().roles, "impostor": planted("impostor", 40, 1, 6, seed=4)}
    assert "impostor" not in Study(roles, SETTINGS).features.fitted_roles
    wide = Settings(**{**vars(SETTINGS), "window": Window(10, 1000)})
    assert "impostor" in Study(roles, wide).features.fitted_roles
    # Without them the folds that are left: 12 of 15 objects with 3 photos, 8 of 10 with 4, 20.
    assert Study(roles, SETTINGS).features.fitted_photos() == 36 + 32 + 20


def test_a_study_needs_reference_photos() -> None:
    with pytest.raises(ExperimentError, match="reference"):
        Study({"category": planted("category", 9, 1, 1)}, SETTINGS)


# --- the window -----------------------------------------------------------------------------


def test_a_window_is_the_same_share_of_fewer_components() -> None:
    assert PAPER_WINDOW.scaled(500) == PAPER_WINDOW
    assert PAPER_WINDOW.scaled(335) == Window(134, 134)
    assert Window(0, 50).scaled(100) == Window(0, 10)
    assert Window(0, 50).scaled(2) == Window(0, 1)


def test_few_photos_scale_the_window_and_both_are_told() -> None:
    each = study(window=None)
    assert each.components == 40  # dimensions of the planted embeddings
    assert each.window == Window(16, 16)
    (table,) = table3(each)
    assert "components 16-32 of 40 (the paper: 200-400 of 500)" in table.title
    (advice,) = recommendation(each)
    assert "200-400 of 500. Here there are 40, so" in advice
    assert "40 dimensions, so no photos give" in advice
    asked = study(window=Window(16, 16))
    assert recommendation(asked) == ()
    (same,) = table3(asked)
    assert same.rows == table.rows
    assert same.title.endswith("components 16-32")


def with_enough(window: Window | None, unlabelled: int = 0) -> Study:
    """544 training photos of 136 objects, 435 of them or more without a fold."""
    objects = 160 if not unlabelled else 100
    roles = {"reference": planted("reference", objects, 4, objects * 15 // 100, seed=1)}
    roles["reference"][0].dimensions = 450
    if unlabelled:
        further, _ = planted("unlabelled", unlabelled, 1, 0, seed=2)
        further.dimensions = 450
        roles["unlabelled"] = further, all_training(further)  # type: ignore[arg-type]
    settings = Settings(("a",), (), window=window, lambdas=(50, 150), replicates=0)
    return Study(roles, settings)  # type: ignore[arg-type]


def test_where_photos_are_enough_the_window_is_the_papers_and_the_figures_as_ever() -> None:
    (table,) = table3(with_enough(None))
    (asked,) = table3(with_enough(PAPER_WINDOW))
    assert table == asked
    assert table.title.endswith("components 200-400")
    # Of the first version that made this table, which knew no other window.
    assert [row[:3] for row in table.rows] == [(50, 0.72, 14), (150, 0.6866, 47)]
    assert [row[3] for row in table.rows] == pytest.approx([93.15173623378357, 99.87654203381759])


def test_unlabelled_photos_give_the_papers_window_and_meet_nobody() -> None:
    few, more = with_enough(None, unlabelled=1), with_enough(None, unlabelled=200)
    assert few.scaled
    (advice,) = recommendation(few)
    assert "At least 128 photos of other things" in advice  # 273 are there, 401 are needed
    assert recommendation(more) == ()
    assert few.components == few.features.fitted_photos() - 1 == 272
    assert not more.scaled
    assert more.features.fitted_photos() == 272 + 200
    assert more.window == PAPER_WINDOW
    ours, theirs = (each.outcome("SLSS", 150) for each in (few, more))
    assert ours.holdout.photo_pairs == theirs.holdout.photo_pairs
    assert not np.array_equal(ours.holdout.mated, theirs.holdout.mated)
