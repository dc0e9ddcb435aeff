"""What conversion costs: embeddings, bits and error rates of each precision against float32.

Bits are those of the paper's recipe (SPEC section 3): a window of principal components cut by
Gaussian hyperplanes, fitted on float32 embeddings and used unchanged for every precision. So a bit
flips because the network is less exact, and for no other reason.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ailock_sdk.embedding import Bundle, Embedder, choose_runtime, quiet_stderr
from ailock_sdk.imageprint import Projection
from lab.fitting.hyperplanes import gaussian_hyperplanes
from lab.fitting.projections import fold, scaled
from lab.report.render_text import markdown_table
from lab.report.results import Table
from lab.statistics.comparisons import compare_all, object_weights
from lab.statistics.intervals import Estimate, estimate
from lab.statistics.samples import arrange, single_references
from tools.conversion.manifest import FLOAT32

REPLICATES = 1000
"""Of the bootstrap over objects that gives the intervals."""
_SEED = 0

Views = Iterable[NDArray[np.uint8]]
Embeddings = Mapping[str, NDArray[np.float32]]
"""Of each layer, (N, D)."""


@dataclass(frozen=True)
class Recipe:
    """The paper's projection: components [start, stop) and so many Gaussian hyperplanes."""

    window: tuple[int, int] = (200, 400)
    lambda_bits: int = 500


@dataclass(frozen=True)
class LayerRow:
    """One layer at one precision; the last two are ``None`` where no bits were asked for.

    Attributes
    ----------
    dimensions : D of the embedding, as the bundle pools it
    cosine_mean, cosine_lowest : of the embeddings with those of float32, over the photos
    flipped : share of bits that differ from those of float32
    eer : equal error rate of the bits over all pairs of photos, and its 95 % interval
    """

    precision: str
    layer: str
    dimensions: int
    cosine_mean: float
    cosine_lowest: float
    flipped: float | None = None
    eer: Estimate | None = None


@dataclass(frozen=True)
class ModelRow:
    """Size of one model file, and the median time from pixels to embeddings."""

    precision: str
    size_bytes: int
    milliseconds: float


@dataclass(frozen=True)
class Measurement:
    """All that was measured.

    Attributes
    ----------
    layers, models : float32 first
    photos : how many the embeddings and bits are of
    fitted_on : how many the bits were fitted on; 0 where there are none
    runtime : the TFLite interpreter; ``threads`` it ran on
    """

    layers: tuple[LayerRow, ...]
    models: tuple[ModelRow, ...]
    photos: int
    fitted_on: int
    runtime: str
    threads: int


def measure(
    bundles: Mapping[str, Bundle],
    views: Views,
    objects: Sequence[str] | None = None,
    fit: Views = (),
    recipe: Recipe | None = None,
) -> Measurement:
    """Compare the models of ``bundles``, by precision, of which one is float32.

    Parameters
    ----------
    views : pixels of the photos to compare on, uint8 (height, width, 3)
    objects : the object of each of them; without objects there are no bits and no error rates
    fit : pixels of the photos to fit the projection on, needed for bits

    Raises
    ------
    ValueError
        The photos to fit on are too few for the recipe's window.
    TooFewTrialsError
        No two photos show one object, or all show the same.
    """
    recipe = recipe or Recipe()
    with quiet_stderr():
        embedders = {precision: Embedder(bundle) for precision, bundle in bundles.items()}
    fitting = {} if objects is None else _embed({FLOAT32: embedders[FLOAT32]}, fit)[0][FLOAT32]
    folded = {layer: _fit(embeddings, recipe) for layer, embeddings in fitting.items()}
    found, milliseconds = _embed(embedders, views)
    rows = []
    for layer, exact in found[FLOAT32].items():
        for precision in found:
            embeddings = found[precision][layer]
            cosines = _cosines(embeddings, exact)
            flipped: float | None = None
            eer: Estimate | None = None
            if objects is not None:
                margins, unrounded = (_margins(folded[layer], e) for e in (embeddings, exact))
                flipped = float(np.mean((margins >= 0) != (unrounded >= 0)))
                eer = _equal_error_rate(margins, objects)
            rows.append(
                LayerRow(
                    precision,
                    layer,
                    embeddings.shape[1],
                    float(cosines.mean()),
                    float(cosines.min()),
                    flipped,
                    eer,
                )
            )
    sizes = {p: bundle.model_path.stat().st_size for p, bundle in bundles.items()}
    runtime = choose_runtime()
    return Measurement(
        layers=tuple(rows),
        models=tuple(ModelRow(p, sizes[p], milliseconds[p]) for p in bundles),
        photos=len(next(iter(found[FLOAT32].values()))),
        fitted_on=len(next(iter(fitting.values()), ())),
        runtime=f"{runtime.name} {runtime.version}",
        threads=embedders[FLOAT32].threads,
    )


def tables(found: Measurement) -> tuple[Table, Table]:
    """What conversion costs by precision and layer, and the models' sizes and times."""
    layers = Table(
        "",
        "Precision of embeddings and bits",
        (
            *("precision", "layer", "values", "mean cosine to float32", "lowest"),
            *("bits flipped", "EER"),
        ),
        tuple(
            (
                *(row.precision, f"`{row.layer}`", row.dimensions),
                *(row.cosine_mean, row.cosine_lowest),
                "-" if row.flipped is None else row.flipped,
                "-" if row.eer is None else row.eer,
            )
            for row in found.layers
        ),
        formats={
            "mean cosine to float32": ".4f",
            "lowest": ".4f",
            "bits flipped": ".2%",
            "EER": ".2%",
        },
    )
    models = Table(
        "",
        "Model files",
        ("precision", "size (MB)", "time (ms)"),
        tuple((row.precision, row.size_bytes / 1e6, row.milliseconds) for row in found.models),
        formats={"size (MB)": ".1f", "time (ms)": ".0f"},
    )
    return layers, models


def as_table(found: Measurement) -> str:
    """The two tables in Markdown that also reads well as it is."""
    layers, models = map(markdown_table, tables(found))
    return "\n".join([*layers, "", *models])


def _embed(
    embedders: Mapping[str, Embedder], views: Views
) -> tuple[dict[str, Embeddings], dict[str, float]]:
    """Embeddings by precision and layer, and the median milliseconds of each precision."""
    layers = list(next(iter(embedders.values())).bundle.layers)
    rows: dict[str, list[list[NDArray[np.float32]]]] = {precision: [] for precision in embedders}
    seconds: dict[str, list[float]] = {precision: [] for precision in embedders}
    for pixels in views:
        for precision, embedder in embedders.items():
            start = time.perf_counter()
            rows[precision].append(embedder.embed(pixels, layers))
            seconds[precision].append(time.perf_counter() - start)
    found: dict[str, Embeddings] = {
        precision: dict(zip(layers, map(np.stack, zip(*photos, strict=True)), strict=True))
        for precision, photos in rows.items()
    }
    return found, {precision: 1e3 * float(np.median(s)) for precision, s in seconds.items()}


def _fit(embeddings: NDArray[np.float32], recipe: Recipe) -> Projection:
    """The recipe's projection of embeddings (N, D).

    Components come from the embeddings' own span: N is small here, and D may be too large for a
    D x D covariance.
    """
    mean = embeddings.mean(axis=0, dtype=np.float64)
    _, spreads, directions = np.linalg.svd(embeddings - mean, full_matrices=False)
    count = len(embeddings) - 1  # one direction is lost to the mean
    components = scaled(mean, directions[:count].T, spreads[:count] ** 2 / count, whiten=False)
    start, stop = recipe.window
    planes = gaussian_hyperplanes(_SEED, recipe.lambda_bits, stop - start)
    weights, offsets = fold(components, recipe.window, planes)
    return Projection(weights.astype(np.float64), offsets)


def _margins(projection: Projection, embeddings: NDArray[np.float32]) -> NDArray[np.float64]:
    """Of embeddings (N, D), (N, lambda)."""
    return np.stack([projection.margins(embedding) for embedding in embeddings])


def _cosines(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float64]:
    """Row by row, (N,); 1 where both rows are zero."""
    dots = np.einsum("nd,nd->n", a, b, dtype=np.float64)
    scales = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.asarray(np.divide(dots, scales, out=np.ones_like(dots), where=scales > 0))


def _equal_error_rate(margins: NDArray[np.float64], objects: Sequence[str]) -> Estimate:
    samples = arrange(margins, list(objects), np.ones(len(margins), dtype=bool))
    weights = object_weights(len(samples.names), REPLICATES, _SEED)
    compared = compare_all(samples, single_references(samples), weights)
    return estimate(compared, radius=0)["eer"]
