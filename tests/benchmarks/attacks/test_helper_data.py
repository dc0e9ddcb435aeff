"""Helper-data recovery on synthetic embeddings: what must fall falls, what must stand stands."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from numpy.typing import NDArray

from ailock_sdk.sketch import Code
from benchmarks.attacks.helper_data.attack import (
    AttackerView,
    Outcome,
    Truth,
    attack,
    judge,
    make_record,
    pair_cosines,
)
from benchmarks.attacks.helper_data.bit_prior import (
    BitPrior,
    prior_from_correlation,
    prior_from_photos,
)
from benchmarks.attacks.helper_data.block_search import best_codewords, score_blocks
from benchmarks.attacks.helper_data.codebook import tabulate
from benchmarks.attacks.helper_data.one_object import tell_alone
from benchmarks.attacks.helper_data.scenarios import bit_correlation
from lab.errors import TooFewTrialsError
from lab.fitting.hyperplanes import gaussian_hyperplanes, orthonormal_hyperplanes
from lab.statistics.intervals import normal_mean, wilson

Array = NDArray[np.float64]

RECORDS = 10
LAMBDA_BITS = 512
WHITE_BITS = 256


def cosines(hyperplanes: Array) -> Array:
    return bit_correlation([hyperplanes], segments=1)


def margins_only_prior(correlation: Array) -> BitPrior:
    return prior_from_correlation(np.zeros(len(correlation)), correlation)


def attacked(code: Code, bits: NDArray[np.bool_], prior: BitPrior, seed: int = 3) -> list[Outcome]:
    """Records of ``bits`` (N, lambda), each attacked by one who has only what a view holds."""
    rng = np.random.default_rng(seed)
    outcomes = []
    for reference in bits:
        helper, truth = make_record(code, reference, rng)
        guess = attack(AttackerView(code, helper, prior))
        outcomes.append(judge(code, guess, truth, rng))
    return outcomes


def directions(dimensions: int, count: int = RECORDS, seed: int = 5) -> Array:
    """Random embedding directions (count, d)."""
    return np.random.default_rng(seed).standard_normal((count, dimensions))


@pytest.mark.parametrize("message_symbols", [1, 2, 3, 4])
def test_more_gaussian_bits_than_dimensions_fall(message_symbols: int) -> None:
    hyperplanes = gaussian_hyperplanes(1, LAMBDA_BITS, 200)
    bits = directions(200) @ hyperplanes.T >= 0
    code = Code(LAMBDA_BITS, 7, 4, message_symbols)

    outcomes = attacked(code, bits, margins_only_prior(cosines(hyperplanes)))

    assert sum(outcome.recovered for outcome in outcomes) >= 9
    assert sum(outcome.blocks_recovered for outcome in outcomes) >= 9
    assert min(outcome.message_bits for outcome in outcomes) > 5


def test_as_many_orthonormal_bits_as_dimensions_stand() -> None:
    hyperplanes = orthonormal_hyperplanes(1, LAMBDA_BITS, LAMBDA_BITS)
    bits = directions(LAMBDA_BITS) @ hyperplanes.T >= 0
    code = Code(LAMBDA_BITS, 7, 4, 3)

    outcomes = attacked(code, bits, margins_only_prior(cosines(hyperplanes)))

    assert not any(outcome.recovered for outcome in outcomes)
    assert all(outcome.message_bits == pytest.approx(0) for outcome in outcomes)
    assert all(outcome.block_alone_bits == pytest.approx(0) for outcome in outcomes)


def test_orthonormal_bits_of_components_of_unequal_variance_fall_to_one_who_owns_photos() -> None:
    hyperplanes = orthonormal_hyperplanes(1, WHITE_BITS, WHITE_BITS)
    deviations = np.geomspace(1, 0.05, WHITE_BITS)
    owned = directions(WHITE_BITS, 3000, seed=6) * deviations @ hyperplanes.T
    victims = directions(WHITE_BITS) * deviations @ hyperplanes.T
    prior = prior_from_photos(
        owned,
        [str(i) for i in range(len(owned))],
        np.zeros(len(owned), dtype=np.bool_),
        cosines(hyperplanes),
        seed=1,
    )

    outcomes = attacked(Code(WHITE_BITS, 7, 2, 2), victims >= 0, prior)

    assert sum(outcome.recovered for outcome in outcomes) >= 9


def test_photos_teach_nothing_about_white_components() -> None:
    hyperplanes = orthonormal_hyperplanes(1, WHITE_BITS, WHITE_BITS)
    owned = directions(WHITE_BITS, 1500, seed=6) @ hyperplanes.T
    prior = prior_from_photos(
        owned,
        [str(i) for i in range(len(owned))],
        np.zeros(len(owned), dtype=np.bool_),
        cosines(hyperplanes),
        seed=1,
    )

    victims = directions(WHITE_BITS, 30) @ hyperplanes.T
    outcomes = attacked(Code(WHITE_BITS, 7, 2, 2), victims >= 0, prior)

    assert not any(outcome.recovered for outcome in outcomes)
    advantage = normal_mean([outcome.message_bits for outcome in outcomes])
    assert advantage.low < 0 < advantage.high + 0.2


def test_a_thief_of_one_object_s_photos_is_told_what_he_needs() -> None:
    owned = directions(WHITE_BITS, 4)
    nothing = np.zeros(len(owned), dtype=np.bool_)
    with pytest.raises(TooFewTrialsError, match="photos of two objects"):
        prior_from_photos(owned, ["mug"] * 4, nothing, np.eye(WHITE_BITS), seed=1)


def test_segments_cut_by_the_same_hyperplanes_fall() -> None:
    hyperplanes = orthonormal_hyperplanes(1, 128, 256)
    rng = np.random.default_rng(8)
    common = rng.standard_normal((RECORDS, 1, 256))
    segments = common + rng.standard_normal((RECORDS, 4, 256))  # correlation one half
    bits = (segments @ hyperplanes.T >= 0).reshape(RECORDS, LAMBDA_BITS)
    prior = margins_only_prior(bit_correlation([hyperplanes], segments=4))

    outcomes = attacked(Code(LAMBDA_BITS, 7, 4, 3), bits, prior)

    assert sum(outcome.recovered for outcome in outcomes) >= 9


def test_the_attacker_never_sees_the_truth() -> None:
    assert not {field.name for field in fields(AttackerView)} & {f.name for f in fields(Truth)}
    assert attack.__annotations__["view"] == "AttackerView"


def test_right_claims_agree_as_the_threat_model_says() -> None:
    hyperplanes = gaussian_hyperplanes(1, LAMBDA_BITS, 200)
    code = Code(LAMBDA_BITS, 7, 4, 3)
    correlation = cosines(hyperplanes)
    prior = margins_only_prior(correlation)
    rng = np.random.default_rng(9)
    right, wrong = [], []
    for bits in directions(200) @ hyperplanes.T >= 0:
        helper, truth = make_record(code, bits, rng)
        view = AttackerView(code, helper, prior)
        found, others = pair_cosines(view, truth, correlation, 20, rng)
        right.append(found)
        wrong.append(others)
    assert np.mean(right) == pytest.approx(0.29, abs=0.02)
    assert np.std(wrong) == pytest.approx(0.07, abs=0.01)


@pytest.mark.parametrize("message_symbols", [1, 2, 3])
def test_the_beam_finds_what_trying_every_codeword_finds(message_symbols: int) -> None:
    lambda_bits, blocks = 45, 3
    code = Code(lambda_bits, 4, blocks, message_symbols)
    book = tabulate(code)
    hyperplanes = gaussian_hyperplanes(1, lambda_bits, 20)
    prior = margins_only_prior(cosines(hyperplanes))
    rng = np.random.default_rng(4)
    everything = np.indices((book.symbols,) * message_symbols).reshape(message_symbols, -1).T
    codewords = book.encode(everything)
    for _ in range(5):
        scores = score_blocks(book, prior, rng.choice([-1.0, 1.0], lambda_bits))
        best = scores.total(codewords).max()
        found = best_codewords(book, scores, beam=256)
        assert scores.total(found[:1])[0] == pytest.approx(best)


def test_scores_are_the_prior_s_log_probabilities() -> None:
    code = Code(45, 4, 3, 2)
    book = tabulate(code)
    rng = np.random.default_rng(4)
    coupling = rng.standard_normal((45, 45))
    coupling = np.triu(coupling, 1) + np.triu(coupling, 1).T
    prior = BitPrior(rng.standard_normal(45), coupling)
    signs = rng.choice([-1.0, 1.0], 45)
    words = book.encode(rng.integers(0, book.symbols, (6, 2)))
    for word, total in zip(words, score_blocks(book, prior, signs).total(words), strict=True):
        parts = [book.inner[s, :n] for s, n in zip(word, book.sizes, strict=True)]
        bits = signs * np.concatenate(parts)
        expected = prior.bias @ bits + 0.5 * bits @ coupling @ bits
        within = sum(0.5 * np.sum(np.diagonal(coupling)) for _ in parts)
        assert total == pytest.approx(expected + within, rel=1e-5)


def test_complements_are_told_apart_by_most_outer_codes() -> None:
    assert not tabulate(Code(LAMBDA_BITS, 7, 4, 2)).complement_is_codeword
    assert tabulate(Code(LAMBDA_BITS, 7, 4, 4)).complement_is_codeword
    assert tabulate(Code(LAMBDA_BITS, 7, 4, 3)).complement_is_codeword  # even n, one parity symbol


def test_intervals_are_wilson_s() -> None:
    none = wilson(0, 100)
    assert (none.value, none.low) == (0, 0)
    assert none.high == pytest.approx(0.03699, abs=1e-5)
    assert wilson(50, 100).low == pytest.approx(0.40383, abs=1e-5)


def test_one_object_of_a_combination_is_told_by_whoever_has_the_pepper_and_nobody_else() -> None:
    code, radius = Code(LAMBDA_BITS, 6, 8, 4), 166
    bits = np.random.default_rng(8).random((120, LAMBDA_BITS)) < 0.5
    without, with_pepper = tell_alone(code, radius, bits, margins_only_prior(np.eye(512)), seed=3)
    assert without.is_chance
    assert without.within_radius == (0, 0)
    assert not with_pepper.is_chance
    assert with_pepper.share.value == 1
    assert with_pepper.within_radius[0] > 0.9
    assert with_pepper.within_radius[1] == 0
