"""``CARD.md`` of a converted bundle: what it was made of, how, and what conversion costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lab.report import provenance
from lab.report.render_text import as_text
from lab.report.results import Chapter, Report, Table
from tools.conversion.measurement import Measurement, Recipe, tables
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
    recipe : of those bits
    report : what conversion costs
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
    facts = {
        "Source": f"{manifest['source']}",
        "Licence of the weights": manifest["licence"],
    }
    chapters = (
        Chapter("Weights", _weights(conversion.weights), ()),
        Chapter("Network", _network(manifest, conversion.left_out), (_layers(manifest),)),
        Chapter("Quantisation", _quantisation(conversion), ()),
        Chapter("Measured", _measured(conversion), tables(conversion.report)),
        Chapter("Made by", _made_by(conversion), ()),
        Chapter("Limits", _LIMITS, ()),
    )
    title = f"{manifest['name']}, version {manifest['version']}"
    return as_text(Report(title, facts, (), chapters), pictures=False)


_LIMITS = {
    "Projection": "there is none yet, so no profile: `tools.fit_projection`, then "
    "`tools.calibrate`",
    "Photos": "none is contained",
}


def _weights(weights: Weights) -> dict[str, str]:
    return {name: f"SHA-256 {digest}" for name, digest in weights.files} or {
        "Random": "this bundle is for timing only"
    }


def _network(manifest: Mapping[str, Any], left_out: str) -> dict[str, str]:
    size = manifest["input"]
    return {
        "Input": f"{size['height']} x {size['width']} RGB, {size['low']:g} to {size['high']:g}, "
        f"the centre square of {size['crop']:.0%} of the short side",
        **({"Left out": left_out} if left_out else {}),
        **{
            f"`{name}`": f"{entry['size_bytes']} bytes, SHA-256 {entry['sha256']}"
            for name, entry in manifest["files"].items()
        },
    }


def _pooling(part: Mapping[str, Any]) -> str:
    root = f", root of it plus {part['offset']}" if "offset" in part else ""
    return f"{part['pooling']}{root}"


def _layers(manifest: Mapping[str, Any]) -> Table:
    rows = (
        (f"`{name}`", f"`{part['output']}`", " x ".join(map(str, part["shape"])), _pooling(part))
        for name, parts in manifest["layers"].items()
        for part in parts
    )
    columns = ("layer", "signature output", "shape", "pooling by the SDK")
    return Table("", "Layers", columns, tuple(rows))


def _quantisation(conversion: Conversion) -> dict[str, str]:
    return {
        "Representative photos": str(conversion.representative or "noise"),
        "Int8": "is int8 everywhere: weights per channel, activations, input and output",
    }


def _measured(conversion: Conversion) -> dict[str, str]:
    report = conversion.report
    time = (
        f"median from pixels to embeddings, {report.threads} threads, {report.runtime}, "
        f"{provenance.machine_line(provenance.machine())}"
    )
    photos = str(conversion.compared or "noise")
    if conversion.fitted is None:
        return {"On": f"{photos}, which also set the ranges; no bits", "Time": time}
    start, stop = conversion.recipe.window
    return {
        "On": photos,
        "Bits": f"principal components {start} to {stop} of each layer, "
        f"{conversion.recipe.lambda_bits} Gaussian hyperplanes, fitted on float32 embeddings of "
        f"{conversion.fitted}",
        "EER": "over all pairs of photos, one reference photo, 95 % interval by resampling objects",
        "Time": time,
    }


def _made_by(conversion: Conversion) -> dict[str, str]:
    versions = (f"{name} {version}" for name, version in conversion.versions.items())
    return {
        "Command": f"`{conversion.command}`",
        "Date": provenance.now(),
        "Versions": ", ".join(versions),
    }
