"""Experiment 4: what a photo's bits give away of the person or thing it shows, and helper data.

Bits and helper data are those of a photo enrolled alone. The order that helper
data puts the bits in is public: the network sees helper data as stored, and put back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

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
Numbers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Leak:
    """Networks' success on photos of subjects that they were not trained on.

    Attributes
    ----------
    label, source : what was guessed, and from which of ``INPUTS``
    classes : names of the label's values
    photos, tested : that have the label; tests of a photo, in all splits
    accuracy, zero_r : shares of the tests; ZeroR says what is most frequent, of all photos
    gain : accuracy less ZeroR's
    curves : float64 (S, E) of S splits by name, as :class:`.network.History` has them
    """

    label: str
    source: str
    classes: tuple[str, ...]
    photos: int
    tested: int
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
        f"Accuracy after the last epoch, on the subjects (objects) left out of training, 30 % in "
        f"each of {study.splits} random splits. ZeroR: always the most frequent label of all "
        "photos, as in the thesis. Brackets: 95 % intervals, subjects drawn.",
        f"Network {study.lambda_bits}-256-512-256-output, ReLU, dropout 0.2, Adam 1e-3, batches of "
        f"{thesis.BATCH}, {study.epochs} epochs (the thesis: {thesis.EPOCHS}); two classes: one "
        "output, squared error; more: one-hot, cross-entropy.",
        "Helper data: of the profile's code and a random message for each photo; order undone: put "
        "back in the imageprint's, by the public permutation.",
    ]
    if len(samples.names) == len(samples):
        notes.append(
            "One photo a subject: the split is by photo. If these photos have a person twice, the "
            "labels do not say so."
        )
    columns = (
        *("label", "input", "classes", "photos", "tests", "accuracy", "ZeroR"),
        *("gain", "outside its interval", "thesis (%)", "thesis, ZeroR (%)"),
    )
    nothing = None, None
    rows = tuple(
        (
            *(leak.label, leak.source, len(leak.classes), leak.photos, leak.tested),
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
        "splits": study.splits,
        "labels": [
            {
                **asdict(leak),
                "curves": {name: values.tolist() for name, values in leak.curves.items()},
                "beats_zero_r": leak.verdict == "beats ZeroR",
            }
            for leak in found
        ],
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
    samples, subjects = study.samples, len(study.samples.names)
    seeds = [study.seed * study.splits + number for number in range(study.splits)]
    inputs = [inputs_of(samples.reference_bits, study.lock.code, seed) for seed in seeds]
    for label, values in labels_of(study).items():
        known = values != ""
        classes, of_photo = np.unique(values[known], return_inverse=True)
        whose = samples.objects[known]
        most_frequent = of_photo == np.bincount(of_photo).argmax()
        for source in INPUTS:
            hits = np.zeros(len(of_photo), dtype=np.int64)
            tests = np.zeros_like(hits)
            curves = []
            for seed, bits in zip(seeds, inputs, strict=True):
                training = split(subjects, seed)[whose]
                if not training.any() or training.all():
                    raise ExperimentError(f"{label}: too few subjects to train on some and test")
                settings = Settings(study.epochs, thesis.BATCH, seed)
                shown = f"{label} from {source}"
                made = history(
                    bits[source][known], of_photo, training, settings, study.cache, shown
                )
                hits[~training] += made.predicted == of_photo[~training]
                tests += ~training
                curves.append(made.curves)
            naive = tests * most_frequent
            yield Leak(
                label,
                source,
                tuple(classes.tolist()),
                len(of_photo),
                int(tests.sum()),
                accuracy=_share(study, whose, hits, tests),
                zero_r=_share(study, whose, naive, tests),
                gain=_share(study, whose, hits - naive, tests),
                curves={name: np.stack([one[name] for one in curves]) for name in curves[0]},
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
        message = rng.integers(0, 1 << code.symbol_bits, code.message_symbols)
        helper = np.frombuffer(sketch(code, word, message), np.uint8)
        stored[index] = np.unpackbits(helper, count=code.lambda_bits)
        in_order[index, permutation(code.lambda_bits)] = stored[index]
    return {BITS: bits, STORED: stored, IN_ORDER: in_order}


def _share(study: Study, whose: Numbers, hits: Numbers, tests: Numbers) -> Estimate:
    """Hits a test; both are numbers of each photo, and ``whose`` its subject's."""
    summed, trials = (np.bincount(whose, each).astype(np.int64) for each in (hits, tests))
    tested = trials > 0
    return share_by_object(summed[tested], trials[tested], study.bootstrap, study.seed, bound=-1.0)


def _figure(found: list[Leak], what: str) -> Figure:
    """Training and test curves, means of all splits; of accuracy with ZeroR's."""
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
                    Series(
                        name,
                        tuple(range(1, values.shape[1] + 1)),
                        tuple(values.mean(axis=0)),
                        tuple(values.min(axis=0)),
                        tuple(values.max(axis=0)),
                    )
                    for name, values in curves.items()
                ),
                y_range=(0, 1.02) if what == "accuracy" else (0, None),
                lines=(naive,) if what == "accuracy" else (),
            )
        )
    notes = ("Lines: means of all splits; bands: least and greatest.",)
    return Figure("", f"Model {what}", tuple(panels), notes, name=what, columns=3)
