"""``manifest.json``: strict reading (SPEC section 10). Unknown or repeated keys are errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from types import MappingProxyType
from typing import Annotated, Any, Literal

import numpy as np
from msgspec import Meta

from ailock_sdk.constants import MAX_LAMBDA_BITS
from ailock_sdk.errors import BundleError, ProfileError
from ailock_sdk.parameters import helper_length_bytes
from ailock_sdk.profiles import Look, Profile
from ailock_sdk.strict_json import Strict, StrictJsonError, check_json, json_path, parse_json

FORMAT = "ailock-bundle/2"
MANIFEST_NAME = "manifest.json"
_DIMENSIONS_MAX = 2**20

_FileName = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")]
_Sha256 = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
_Bytes = Annotated[str, Meta(pattern=r"\A([0-9a-f]{2})*\Z")]
"""In hexadecimal."""
_Side = Annotated[int, Meta(ge=1, le=_DIMENSIONS_MAX)]
_Pixels = Annotated[int, Meta(ge=16, le=2048)]
Subject = Literal["objects", "faces"]
RuntimeKind = Literal["tflite", "onnx"]
_Count = Annotated[int, Meta(ge=0)]


class FileEntry(Strict, frozen=True):
    """Size and SHA-256 of one file of the bundle."""

    sha256: _Sha256
    size_bytes: Annotated[int, Meta(ge=0, le=2**40)]


class InputContract(Strict, frozen=True, omit_defaults=True):
    """What the model takes: ``height`` x ``width`` RGB, ``low`` .. ``high`` for 0 .. 255.

    ``crop`` is the side of the centred square that is looked at, over the photo's short side; with
    ``fit`` ``stretch`` of the centred box, over each side of the photo. ``layout`` is the order of
    the model's axes, ``filter`` how pixels are resampled, ``decode`` whether large JPEGs may come
    reduced from their decoder (SPEC section 1).
    """

    height: _Pixels
    width: _Pixels
    low: float
    high: float
    crop: Annotated[float, Meta(gt=0, le=1)]
    layout: Literal["NHWC", "NCHW"] = "NHWC"
    fit: Literal["crop", "stretch"] = "crop"
    filter: Literal["bilinear", "bicubic"] = "bilinear"
    decode: Literal["reduced", "full"] = "reduced"


class Output(Strict, frozen=True, omit_defaults=True):
    """A model output: its name, its shape without the batch, how it is pooled and normalised."""

    output: str
    shape: Annotated[tuple[_Side, ...], Meta(min_length=1)]
    pooling: Literal["mean", "flatten"]
    norm: Literal["none", "l2", "root"] = "none"
    offset: Annotated[float, Meta(gt=0)] | None = None  # of ``root``: added before it is taken

    @property
    def dimensions(self) -> int:
        """Length of the pooled output."""
        return self.shape[-1] if self.pooling == "mean" else prod(self.shape)


@dataclass(frozen=True)
class Layer:
    """What one projection takes: the pooled outputs ``parts``, one after another."""

    parts: tuple[Output, ...]

    @property
    def dimensions(self) -> int:
        """Length D of the embedding."""
        return sum(part.dimensions for part in self.parts)

    def as_list(self) -> list[dict[str, Any]]:
        """The manifest's ``layers`` entry."""
        return [part.as_dict() for part in self.parts]


class ProjectionSpec(Strict, frozen=True):
    """How a layer's frozen projection was made; ``window`` is [start, stop) of its components.

    A ``matrix`` has none: its hyperplanes, drawn or ``given``, cut the embedding itself.
    """

    kind: Literal["pca", "whitened-pca", "discriminant", "matrix"]
    window: tuple[_Count, _Count]
    hyperplanes: Literal["orthonormal", "gaussian", "given"]
    seed: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    lambda_bits: Annotated[int, Meta(ge=1, le=MAX_LAMBDA_BITS)]

    @property
    def dimensions(self) -> int:
        """Components that the hyperplanes cut."""
        return self.window[1] - self.window[0]

    @property
    def overcomplete(self) -> bool:
        """True when helper data would give the embedding away (docs/explanation/threat-model.md).

        Of given hyperplanes only their number is known here; ``Projection.independent`` looks.
        """
        return self.lambda_bits > self.dimensions or self.hyperplanes == "gaussian"

    @property
    def weights_dtype(self) -> np.dtype[np.floating[Any]]:
        """Of the projection file's ``weights``: a given matrix keeps its precision."""
        return np.dtype(np.float32 if self.kind == "matrix" else np.float16)


@dataclass(frozen=True)
class SelfTest:
    """A photo of the bundle and its packed imageprint for each profile."""

    photo: str
    imageprints: Mapping[str, bytes]


@dataclass(frozen=True)
class Manifest:
    """A parsed ``manifest.json``.

    Attributes
    ----------
    name, version, licence, source : str
        As the bundle's makers wrote them.
    subject : str
        What photos show: ``objects``, or ``faces``, which lock nothing unless the user opts in.
    files : mapping of str to FileEntry
        Size and SHA-256 of each file of the bundle.
    runtime : str
        What runs the model: ``tflite`` or ``onnx``.
    model : str
        The model's file.
    projection : str or None
        The ``.npz`` of frozen projections, if there is one.
    input : InputContract
        Size, value range and crop of the pixels the model takes.
    layers : mapping of str to Layer
        The model's outputs that projections take, and how they are pooled.
    projections : mapping of str to ProjectionSpec
        How the frozen projection of each layer that has one was made.
    profiles : mapping of str to Profile
        The locks this bundle supports, by name.
    self_test : SelfTest or None
    """

    name: str
    version: str
    licence: str
    source: str
    subject: Subject
    files: Mapping[str, FileEntry]
    runtime: RuntimeKind
    model: str
    projection: str | None
    input: InputContract
    layers: Mapping[str, Layer]
    projections: Mapping[str, ProjectionSpec]
    profiles: Mapping[str, Profile]
    self_test: SelfTest | None


class _ProfileEntry(Strict, frozen=True):
    """A profile as it is written."""

    layers: tuple[str, ...]
    segments: tuple[str, ...]
    looks: tuple[tuple[float, int], ...]
    reference_looks: tuple[tuple[float, int], ...]
    tau: str
    code: tuple[_Count, _Count, _Count]
    calibration: dict[str, int | float | str]


class _SelfTestEntry(Strict, frozen=True):
    """The self-test as it is written."""

    photo: str
    imageprints: dict[str, _Bytes]


class _Document(Strict, frozen=True):
    """The whole text: each field of its type, and what belongs together not compared yet."""

    format: Literal["ailock-bundle/2"]
    name: str
    version: str
    licence: str
    source: str
    files: dict[_FileName, FileEntry]
    model: str
    projection: str | None
    input: InputContract
    layers: dict[str, Annotated[tuple[Output, ...], Meta(min_length=1)]]
    projections: dict[str, ProjectionSpec]
    profiles: dict[str, _ProfileEntry]
    self_test: _SelfTestEntry | None
    subject: Subject = "objects"
    runtime: RuntimeKind = "tflite"


def parse_manifest(raw: bytes) -> Manifest:
    """Parse manifest bytes, strictly.

    Raises
    ------
    BundleError
        They break a rule of SPEC section 10; the text begins with the field.
    """
    try:
        value = parse_json(raw)
        if isinstance(value, dict) and value.get("format", FORMAT) != FORMAT:
            raise BundleError(f"format: not {FORMAT!r}: this version of the SDK cannot read it")
        document = check_json(value, _Document)
    except StrictJsonError as error:
        raise BundleError(str(error)) from None
    if MANIFEST_NAME in document.files:
        raise BundleError(f"files: {MANIFEST_NAME} cannot list itself")
    _require_file("model", document.model, document)
    if document.projection is not None:
        _require_file("projection", document.projection, document)
    elif document.projections:
        raise BundleError("projection: projections are described but no file is named")
    if not document.input.low < document.input.high:
        raise BundleError("input.low: not below input.high")
    layers = {
        name: _layer(name, parts, document.input.layout) for name, parts in document.layers.items()
    }
    for name, spec in document.projections.items():
        _check_projection(json_path("projections", name), spec, layers.get(name))
    return Manifest(
        name=document.name,
        version=document.version,
        licence=document.licence,
        source=document.source,
        subject=document.subject,
        files=MappingProxyType(document.files),
        runtime=document.runtime,
        model=document.model,
        projection=document.projection,
        input=document.input,
        layers=MappingProxyType(layers),
        projections=MappingProxyType(document.projections),
        profiles=MappingProxyType(
            {name: _profile(name, entry, document) for name, entry in document.profiles.items()}
        ),
        self_test=_self_test(document),
    )


def _require_file(where: str, name: str, document: _Document) -> None:
    if name not in document.files:
        raise BundleError(f"{where}: {name!r} is not among the files")


def _layer(name: str, parts: tuple[Output, ...], layout: str) -> Layer:
    where = json_path("layers", name)
    for index, part in enumerate(parts):
        if part.pooling == "mean" and layout != "NHWC":
            raise BundleError(f"{where}[{index}].pooling: 'mean' needs the layout NHWC")
        if (part.norm == "root") != (part.offset is not None):
            raise BundleError(f"{where}[{index}].offset: goes with the norm 'root', and only there")
    if len({part.output for part in parts}) != len(parts):
        raise BundleError(f"{where}: an output is repeated")
    if (layer := Layer(parts)).dimensions > _DIMENSIONS_MAX:
        raise BundleError(f"{where}: more than {_DIMENSIONS_MAX:,} dimensions")
    return layer


def _check_projection(where: str, spec: ProjectionSpec, layer: Layer | None) -> None:
    if layer is None:
        raise BundleError(f"{where}: there is no such layer")
    if not spec.window[0] < spec.window[1] <= layer.dimensions:
        raise BundleError(
            f"{where}.window: not [start, stop) of the layer's {layer.dimensions} dimensions"
        )
    if spec.kind == "matrix":
        if spec.dimensions != layer.dimensions:
            raise BundleError(f"{where}.window: a matrix takes all {layer.dimensions} dimensions")
    elif spec.hyperplanes == "given":
        raise BundleError(f"{where}.hyperplanes: only those of a matrix are given")


def _profile(name: str, entry: _ProfileEntry, document: _Document) -> Profile:
    where = json_path("profiles", name)
    for layer in entry.layers:
        if layer not in document.projections:
            raise BundleError(f"{where}.layers: there is no projection for {layer!r}")
    try:
        return Profile(
            name=name,
            layers=entry.layers,
            segments=entry.segments,
            looks=_looks(f"{where}.looks", entry.looks, document.input),
            reference_looks=_looks(
                f"{where}.reference_looks", entry.reference_looks, document.input
            ),
            tau=entry.tau,
            code=entry.code,
            overcomplete=any(document.projections[layer].overcomplete for layer in entry.layers),
            calibration=MappingProxyType(entry.calibration),
        )
    except ProfileError as error:
        _, of_a_field, field = str(error).partition(f"profile {name!r}: ")
        raise BundleError(f"{where}.{field}" if of_a_field else f"{where}: {error}") from None


def _looks(
    where: str, written: tuple[tuple[float, int], ...], contract: InputContract
) -> tuple[Look, ...]:
    looks = []
    for index, (fraction, quarter_turns) in enumerate(written):
        try:
            looks.append(Look(fraction, quarter_turns))
        except ProfileError as error:
            raise BundleError(f"{where}[{index}]: {error}") from None
        if quarter_turns % 2 and contract.height != contract.width:
            raise BundleError(f"{where}[{index}]: odd turns need an input as high as wide")
    return tuple(looks)


def _self_test(document: _Document) -> SelfTest | None:
    if (entry := document.self_test) is None:
        return None
    _require_file("self_test.photo", entry.photo, document)
    imageprints = {}
    for name, digits in entry.imageprints.items():
        where = json_path("self_test", "imageprints", name)
        if name not in document.profiles:
            raise BundleError(f"{where}: there is no such profile")
        profile, imageprint = document.profiles[name], bytes.fromhex(digits)
        per_segment = sum(document.projections[layer].lambda_bits for layer in profile.layers)
        if len(imageprint) != (wanted := helper_length_bytes(per_segment * len(profile.segments))):
            raise BundleError(f"{where}: {len(imageprint)} bytes, not {wanted}")
        imageprints[name] = imageprint
    return SelfTest(entry.photo, MappingProxyType(imageprints))
