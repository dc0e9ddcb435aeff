"""Experiment 4: what a photo's bits give away of the person or thing it shows, and helper data.

Bits and helper data are those of a photo enrolled alone. The salt of helper data is public, and
with it the order that the bits were put in: the network sees helper data as stored, and put back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from ailock_sdk.constants import SALT_LENGTH_BYTES
from ailock_sdk.sketch import Code, permutation, sketch
from benchmarks.accuracy.hash_experiments import thesis_values as thesis
from benchmarks.accuracy.hash_experiments.labels import labels_of
from benchmarks.accuracy.hash_experiments.study import Found, Study
from lab.errors import ExperimentError
from lab.report.results import Figure, Panel, ReferenceLine, Series, Table
from lab.statistics.intervals import Estimate, share_by_object

TITLE = "what the bits give away"
BITS, STORED, IN_ORDER = INPUTS = ("bits", "helper data as stored", "helper data, order undone")

Bits = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Leak:
    """One network's success on photos of subjects that it was not trained on.

    Attributes
    ----------
    label, source : what was guessed, and from which of ``INPUTS``
    classes : names of the label's values
    photos : trained on, tested on
    accuracy, zero_r : shares of the test photos; ZeroR says what is most frequent in training
    gain : accuracy less ZeroR's
    curves : by name, as :class:`.network.History` has them
    """

    label: str
    source: str
    classes: tuple[str, ...]
    photos: tuple[int, int]
    accuracy: Estimate
    zero_r: Estimate
    gain: Estimate
    curves: dict[str, NDArray[np.float64]]

    @property
    def verdict(self) -> str:
        return "beats ZeroR" if self.gain.low is not None and self.gain.low > 0 else "does not"


def leakage(study: Study) -> Found:
    """Guess every label from every kind of input."""
    found = list(measure(study))
    samples = study.samples
    notes = [
        "Accuracy after the last epoch, on subjects (objects) not trained on; ZeroR: the most "
        "frequent label of the training photos. Brackets: 95 % intervals, test subjects drawn.",
        f"Network {study.lambda_bits}-256-512-256-output, ReLU, dropout 0.2, Adam 1e-3, batches of "
        f"{thesis.BATCH}, {study.epochs} epochs (the thesis: {thesis.EPOCHS}); two classes: one "
        "output, squared error; more: one-hot, cross-entropy.",
        "Helper data: of the profile's code and a random message and salt for each photo. The salt "
        "is public; order undone: as the salt allows.",
    ]
    if len(samples.names) == len(samples):
        notes.append(
            "One photo a subject: the split is by photo. If these photos have a person twice, the "
            "labels do not say so."
        )
    columns = (
        *("label", "input", "classes", "training photos", "test photos", "accuracy", "ZeroR"),
        *("gain", "outside its interval", "thesis (%)", "thesis, ZeroR (%)"),
    )
    nothing = None, None
    rows = tuple(
        (
            *(leak.label, leak.source, len(leak.classes), *leak.photos),
            *(leak.accuracy, leak.zero_r, leak.gain, leak.verdict),
            *(
                tuple(100 * share for share in thesis.LEAKAGE[leak.label])
                if leak.source == BITS and leak.label in thesis.LEAKAGE
                else nothing
            ),
        )
        for leak in found
    )
    table = Table("", "Labels guessed", columns, rows, notes=tuple(notes), name="leakage")
    document = {
        "labels": [
            {
                **asdict(leak),
                "curves": {name: values.tolist() for name, values in leak.curves.items()},
                "beats_zero_r": leak.verdict == "beats ZeroR",
            }
            for leak in found
        ]
    }
    return [table, _figure(found, "accuracy"), _figure(found, "loss")], document


def measure(study: Study) -> Iterator[Leak]:
    """Every label from every kind of input, in that order."""
    try:
        from benchmarks.accuracy.hash_experiments.network import Settings, history
    except ImportError as error:
        raise ExperimentError(
            f"experiment 4 needs PyTorch ({error}): pip install 'ailock-sdk[train]'"
        ) from None
    settings = Settings(study.epochs, thesis.BATCH, study.seed)
    samples = study.samples
    inputs = inputs_of(samples.reference_bits, study.lock.code, study.seed)
    training_subjects = split(len(samples.names), study.seed)
    for label, values in labels_of(study).items():
        known = values != ""
        classes, of_photo = np.unique(values[known], return_inverse=True)
        subjects = samples.objects[known]
        training = training_subjects[subjects]
        if not training.any() or training.all():
            raise ExperimentError(f"{label}: too few subjects to train on some and test on others")
        truth, tested = of_photo[~training], subjects[~training]
        most_frequent = np.bincount(of_photo[training]).argmax()
        for source, bits in inputs.items():
            shown = f"{label} from {source}"
            made = history(bits[known], of_photo, training, settings, study.cache, shown)
            hits, naive = made.predicted == truth, truth == most_frequent
            yield Leak(
                label,
                source,
                tuple(classes.tolist()),
                (int(training.sum()), int((~training).sum())),
                accuracy=_share(study, tested, hits),
                zero_r=_share(study, tested, naive),
                gain=_share(study, tested, hits.astype(np.int64) - naive),
                curves=made.curves,
            )


def split(subjects: int, seed: int) -> NDArray[np.bool_]:
    """Which subjects are trained on: 70 % of them, drawn at random."""
    training = np.zeros(subjects, dtype=np.bool_)
    drawn = np.random.default_rng([seed, 4]).permutation(subjects)
    training[drawn[: round(thesis.TRAINING_SHARE * subjects)]] = True
    return training


def inputs_of(bits: Bits, code: Code, seed: int) -> dict[str, Bits]:
    """What a network may be shown of each photo, uint8 (N, lambda), by ``INPUTS``."""
    rng = np.random.default_rng([seed, 5])
    stored, in_order = np.empty_like(bits), np.empty_like(bits)
    for index, word in enumerate(bits.astype(np.bool_)):
        salt = rng.bytes(SALT_LENGTH_BYTES)
        message = rng.integers(0, 1 << code.symbol_bits, code.message_symbols)
        helper = np.frombuffer(sketch(code, word, message, salt), np.uint8)
        stored[index] = np.unpackbits(helper, count=code.lambda_bits)
        in_order[index, permutation(salt, code.lambda_bits)] = stored[index]
    return {BITS: bits, STORED: stored, IN_ORDER: in_order}


def _share(
    study: Study, subjects: NDArray[np.int64], hits: NDArray[np.int64] | NDArray[np.bool_]
) -> Estimate:
    """Mean of the test photos' hits; ``subjects`` tells whose each is."""
    of_photo = np.unique(subjects, return_inverse=True)[1]
    trials = np.bincount(of_photo)
    summed = np.bincount(of_photo, hits).astype(np.int64)
    return share_by_object(summed, trials, study.bootstrap, study.seed, bound=-1.0)


def _figure(found: list[Leak], what: str) -> Figure:
    """Training and test curves of every network; of accuracy with ZeroR's."""
    panels = []
    for leak in found:
        curves = {name: leak.curves[f"{name}_{what}"] for name in ("training", "test")}
        naive = ReferenceLine(leak.zero_r.value, "ZeroR", axis="y")
        panels.append(
            Panel(
                f"{leak.label} from {leak.source}",
                "epoch",
                what,
                tuple(
                    Series(name, tuple(range(1, len(values) + 1)), tuple(values))
                    for name, values in curves.items()
                ),
                y_range=(0, 1.02) if what == "accuracy" else (0, None),
                lines=(naive,) if what == "accuracy" else (),
            )
        )
    return Figure("", f"Model {what}", tuple(panels), name=what, columns=3)
