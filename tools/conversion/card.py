"""``CARD.md`` of a converted bundle: what it was made of, how, and what conversion costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lab.report import provenance
from tools.conversion.measurement import Measurement, Recipe, as_table
from tools.conversion.photos import Photos
from tools.conversion.weights import Weights


@dataclass(frozen=True)
class Conversion:
    """All that a card tells of, besides the manifest.

    Attributes
    ----------
    weights : where they come from
    left_out : what the weights did not allow, or empty
    representative, compared, fitted : photos that set the ranges, that the report is measured on,
        and that its bits were fitted on; ``None`` where there were none: noise, or no bits
    command : the command that makes this bundle again
    versions : of the packages that decide the result
    """

    weights: Weights
    left_out: str
    representative: Photos | None
    compared: Photos | None
    fitted: Photos | None
    recipe: Recipe
    report: Measurement
    command: str
    versions: Mapping[str, str]


def write_card(manifest: Mapping[str, Any], conversion: Conversion) -> str:
    """The card as Markdown, for a manifest as ``manifest.json`` holds it."""
    facts, report = conversion, conversion.report
    size = manifest["input"]
    machine = provenance.machine()
    layers = [
        f"| `{name}` | `{part['output']}` | {' x '.join(map(str, part['shape']))} "
        f"| {part['pooling']} |"
        for name, parts in manifest["layers"].items()
        for part in parts
    ]
    weights = [f"- {name}, SHA-256 {digest}" for name, digest in facts.weights.files]
    files = [
        f"- `{name}`, {entry['size_bytes']} bytes, SHA-256 {entry['sha256']}"
        for name, entry in manifest["files"].items()
    ]
    return "\n".join(
        [
            f"# {manifest['name']}, version {manifest['version']}",
            "",
            f"{manifest['source']}. Licence of the weights: {manifest['licence']}.",
            "",
            "## Weights",
            "",
            *(weights or ["Random: this bundle is for timing only."]),
            "",
            "## Network",
            "",
            f"Input {size['height']} x {size['width']} RGB, {size['low']:g} to {size['high']:g}, "
            f"the centre square of {size['crop']:.0%} of the short side.",
            *([facts.left_out] if facts.left_out else []),
            "",
            "| layer | signature output | shape | pooling by the SDK |",
            "|---|---|---|---|",
            *layers,
            "",
            *files,
            "",
            "## Quantisation",
            "",
            f"Representative photos: {facts.representative or 'noise'}.",
            "Int8 is int8 everywhere: weights per channel, activations, input and output.",
            "",
            "## Measured",
            "",
            *_measured(facts),
            "",
            as_table(report),
            "",
            f"Time: median from pixels to embeddings, {report.threads} threads, {report.runtime}, "
            f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}.",
            "",
            "## Made by",
            "",
            f"    {facts.command}",
            "",
            f"{provenance.now()}, {_listed(facts.versions)}.",
            "",
            "## Limits",
            "",
            "There is no projection yet, so no profile: `tools.fit_projection`, then "
            "`tools.calibrate`.",
            "No photo is contained.",
            "",
        ]
    )


def _measured(facts: Conversion) -> Sequence[str]:
    if facts.fitted is None:
        return [
            f"On {facts.compared or 'noise'}, which also set the ranges. No bits were measured."
        ]
    start, stop = facts.recipe.window
    return [
        f"On {facts.compared}.",
        f"Bits: principal components {start} to {stop} of each layer, {facts.recipe.lambda_bits} "
        "Gaussian hyperplanes, fitted on float32",
        f"embeddings of {facts.fitted};",
        "EER over all pairs of photos, one reference photo, 95 % interval by resampling objects.",
    ]


def _listed(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())
