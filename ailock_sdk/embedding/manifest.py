"""``manifest.json``: strict reading (SPEC section 10). Unknown or repeated keys are errors."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, TypeVar

from ailock_sdk.errors import BundleError, ProfileError
from ailock_sdk.profiles import Look, Profile

FORMAT = "ailock-bundle/2"
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}\Z", re.ASCII)
_POOLINGS = ("mean", "flatten")
_PROJECTION_KINDS = ("pca", "whitened-pca", "discriminant")
_HYPERPLANES = ("orthonormal", "gaussian")
_LOOK_TYPES = ([float, int], [int, int])
"""Exact types of a look: JSON's true is an int to Python."""

T = TypeVar("T")


@dataclass(frozen=True)
class FileEntry:
    """Size and SHA-256 of one file of the bundle."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class InputContract:
    """What the model takes: ``height`` x ``width`` RGB, ``low`` .. ``high`` for 0 .. 255.

    ``crop`` is the side of the centred square that is looked at, over the photo's short side.
    """

    height: int
    width: int
    low: float
    high: float
    crop: float

    def as_dict(self) -> dict[str, float]:
        """The manifest's ``input`` object."""
        return asdict(self)


@dataclass(frozen=True)
class Output:
    """A model output: its signature name, its shape without the batch, how it is pooled."""

    output: str
    shape: tuple[int, ...]
    pooling: str

    @property
    def dimensions(self) -> int:
        """Length of the pooled output."""
        if self.pooling == "mean":
            return self.shape[-1]
        size = 1
        for side in self.shape:
            size *= side
        return size

    def as_dict(self) -> dict[str, Any]:
        """The manifest's entry."""
        return {"output": self.output, "shape": list(self.shape), "pooling": self.pooling}


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


@dataclass(frozen=True)
class ProjectionSpec:
    """How a layer's frozen projection was made; ``window`` is [start, stop) of its components."""

    kind: str
    window: tuple[int, int]
    hyperplanes: str
    seed: int
    lambda_bits: int

    @property
    def dimensions(self) -> int:
        """Components that the hyperplanes cut."""
        return self.window[1] - self.window[0]

    @property
    def overcomplete(self) -> bool:
        """True when helper data would give the embedding away (docs/threat-model.md)."""
        return self.lambda_bits > self.dimensions or self.hyperplanes != "orthonormal"


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
    files : size and SHA-256 of each file of the bundle
    model, projection : the TFLite file and the ``.npz`` of frozen projections, if there is one
    input : size, value range and crop of the pixels the model takes
    layers : the model's outputs that projections take, and how they are pooled
    projections : how the frozen projection of each layer that has one was made
    profiles : the locks this bundle supports, by name
    """

    name: str
    version: str
    licence: str
    source: str
    files: Mapping[str, FileEntry]
    model: str
    projection: str | None
    input: InputContract
    layers: Mapping[str, Layer]
    projections: Mapping[str, ProjectionSpec]
    profiles: Mapping[str, Profile]
    self_test: SelfTest | None


def parse_manifest(raw: bytes) -> Manifest:
    """Parse manifest bytes, or raise :class:`BundleError` naming the offending key."""
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_unique_keys)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise BundleError(f"not JSON: {error}") from None
    root = _Fields(value, "manifest")
    if root.take("format", str) != FORMAT:
        raise BundleError(f"format is not {FORMAT!r}: this version of the SDK cannot read it")
    files = root.mapping("files", _file_entry)
    for name in files:
        if not _FILE_NAME.match(name) or name == "manifest.json":
            raise BundleError(f"files: {name!r} is not a plain file name")
    model = _listed(root.take("model", str), files, "model")
    projection = root.take("projection", (str, type(None)))
    if projection is not None:
        _listed(projection, files, "projection")
    layers = {name: _layer(name, value) for name, value in root.take("layers", dict).items()}
    projections = root.mapping("projections", _projection)
    if unknown := projections.keys() - layers.keys():
        raise BundleError(f"projections: no such layer: {', '.join(sorted(unknown))}")
    if projections and projection is None:
        raise BundleError("projections are described but no projection file is named")
    contract = _input(_Fields(root.take("input", dict), "input"))
    profiles = _profiles(root, projections, contract.height == contract.width)
    manifest = Manifest(
        name=root.take("name", str),
        version=root.take("version", str),
        licence=root.take("licence", str),
        source=root.take("source", str),
        files=MappingProxyType(files),
        model=model,
        projection=projection,
        input=contract,
        layers=MappingProxyType(layers),
        projections=MappingProxyType(projections),
        profiles=MappingProxyType(profiles),
        self_test=_self_test(root.take("self_test", (dict, type(None))), files, profiles),
    )
    root.done()
    return manifest


class _Fields:
    """A JSON object whose keys are each taken once; leftovers are errors."""

    def __init__(self, value: Any, where: str) -> None:
        if not isinstance(value, dict):
            raise BundleError(f"{where} is not an object")
        self._left = dict(value)
        self._where = where

    def take(self, key: str, kind: type | tuple[type, ...]) -> Any:
        if key not in self._left:
            raise BundleError(f"{self._where}: {key!r} is missing")
        value = self._left.pop(key)
        # JSON's true is an int to Python; nothing here is a boolean.
        if isinstance(value, bool) or not isinstance(value, kind):
            raise BundleError(f"{self._where}: {key!r} has the wrong type")
        return value

    def integer(self, key: str, low: int, high: int) -> int:
        value: int = self.take(key, int)
        if not low <= value <= high:
            raise BundleError(f"{self._where}: {key!r} must be from {low} to {high}")
        return value

    def choice(self, key: str, allowed: tuple[str, ...]) -> str:
        value: str = self.take(key, str)
        if value not in allowed:
            raise BundleError(f"{self._where}: {key!r} must be one of {', '.join(allowed)}")
        return value

    def integers(self, key: str, count: int | None = None) -> tuple[int, ...]:
        values = self.take(key, list)
        if not all(isinstance(v, int) and not isinstance(v, bool) and v >= 0 for v in values):
            raise BundleError(f"{self._where}: {key!r} is a list of integers")
        if count is not None and len(values) != count:
            raise BundleError(f"{self._where}: {key!r} has {count} integers")
        return tuple(values)

    def texts(self, key: str) -> tuple[str, ...]:
        values = self.take(key, list)
        if not all(isinstance(v, str) for v in values):
            raise BundleError(f"{self._where}: {key!r} is a list of texts")
        return tuple(values)

    def looks(self, key: str, square_input: bool) -> tuple[Look, ...]:
        looks = []
        for value in self.take(key, list):
            if not isinstance(value, list) or [type(v) for v in value] not in _LOOK_TYPES:
                raise BundleError(f"{self._where}: {key!r} is a list of [fraction, quarter turns]")
            try:
                looks.append(Look(*value))
            except ProfileError as error:
                raise BundleError(f"{self._where}: {key!r}: {error}") from None
        if not square_input and any(look.quarter_turns % 2 for look in looks):
            raise BundleError(f"{self._where}: {key!r}: odd turns need an input as high as wide")
        return tuple(looks)

    def mapping(self, key: str, parse: Callable[[_Fields], T]) -> dict[str, T]:
        result = {}
        for name, value in self.take(key, dict).items():
            fields = _Fields(value, f"{key}.{name}")
            result[name] = parse(fields)
            fields.done()
        return result

    def done(self) -> None:
        if self._left:
            raise BundleError(f"{self._where}: unknown key: {', '.join(sorted(self._left))}")


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise BundleError("a key is repeated")
    return result


def _listed(name: str, files: Mapping[str, FileEntry], key: str) -> str:
    if name not in files:
        raise BundleError(f"{key}: {name!r} is not among the files")
    return name


def _file_entry(fields: _Fields) -> FileEntry:
    sha256 = fields.take("sha256", str)
    if not _SHA256.match(sha256):
        raise BundleError("files: sha256 is 64 lower-case hexadecimal digits")
    return FileEntry(sha256, fields.integer("size_bytes", 0, 2**40))


def _input(fields: _Fields) -> InputContract:
    contract = InputContract(
        height=fields.integer("height", 16, 2048),
        width=fields.integer("width", 16, 2048),
        low=float(fields.take("low", (int, float))),
        high=float(fields.take("high", (int, float))),
        crop=float(fields.take("crop", (int, float))),
    )
    fields.done()
    if not 0 < contract.crop <= 1 or not contract.low < contract.high:
        raise BundleError("input: crop is in (0, 1] and low is below high")
    return contract


def _layer(name: str, value: Any) -> Layer:
    if not isinstance(value, list) or not value:
        raise BundleError(f"layers: {name!r} is not a list of one output or more")
    parts = []
    for entry in value:
        fields = _Fields(entry, f"layers.{name}")
        parts.append(_output(fields))
        fields.done()
    if len({part.output for part in parts}) != len(parts):
        raise BundleError(f"layers: {name!r} has an output twice")
    return Layer(tuple(parts))


def _output(fields: _Fields) -> Output:
    output = Output(
        output=fields.take("output", str),
        shape=fields.integers("shape"),
        pooling=fields.choice("pooling", _POOLINGS),
    )
    if not output.shape or not 0 < output.dimensions <= 2**20:
        raise BundleError("layers: a shape has at least one side and no zero")
    return output


def _projection(fields: _Fields) -> ProjectionSpec:
    start, stop = fields.integers("window", 2)
    if not start < stop:
        raise BundleError("projections: window is [start, stop) with start below stop")
    return ProjectionSpec(
        kind=fields.choice("kind", _PROJECTION_KINDS),
        window=(start, stop),
        hyperplanes=fields.choice("hyperplanes", _HYPERPLANES),
        seed=fields.integer("seed", 0, 2**63 - 1),
        lambda_bits=fields.integer("lambda_bits", 1, 4096),
    )


def _profiles(
    root: _Fields, projections: Mapping[str, ProjectionSpec], square_input: bool
) -> dict[str, Profile]:
    result = {}
    for name, value in root.take("profiles", dict).items():
        fields = _Fields(value, f"profiles.{name}")
        layers = fields.texts("layers")
        if unknown := set(layers) - projections.keys():
            raise BundleError(f"profiles.{name}: no projection for {', '.join(sorted(unknown))}")
        order, blocks, symbols = fields.integers("code", 3)
        calibration = fields.take("calibration", dict)
        if not all(isinstance(v, int | float | str) for v in calibration.values()):
            raise BundleError(f"profiles.{name}: calibration holds numbers and texts")
        try:
            result[name] = Profile(
                name=name,
                layers=layers,
                segments=fields.texts("segments"),
                looks=fields.looks("looks", square_input),
                reference_looks=fields.looks("reference_looks", square_input),
                tau=fields.take("tau", str),
                code=(order, blocks, symbols),
                overcomplete=any(projections[layer].overcomplete for layer in layers),
                calibration=MappingProxyType(calibration),
            )
        except ProfileError as error:
            raise BundleError(str(error)) from None
        fields.done()
    return result


def _self_test(
    value: Any, files: Mapping[str, FileEntry], profiles: Mapping[str, Profile]
) -> SelfTest | None:
    if value is None:
        return None
    fields = _Fields(value, "self_test")
    photo = _listed(fields.take("photo", str), files, "self_test")
    imageprints = {}
    for name, text in fields.take("imageprints", dict).items():
        try:
            imageprints[name] = bytes.fromhex(text)
        except (TypeError, ValueError):
            raise BundleError(f"self_test: imageprint of {name!r} is not hexadecimal") from None
    if imageprints.keys() - profiles.keys():
        raise BundleError("self_test: imageprint of an unknown profile")
    fields.done()
    return SelfTest(photo, MappingProxyType(imageprints))
