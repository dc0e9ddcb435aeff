"""A TFLite model cut down to the outputs that are asked for.

An interpreter computes every output of its model, and packs every operator's weights. Which
outputs a profile wants is known when the model is loaded, so what leads to others only is left out
then. What remains is computed as before, bit for bit.

The file is a FlatBuffer. Lists in it are only shortened, in place, so no offset changes but those
of the lists' own entries, and no library is needed.

References
----------
tensorflow/compiler/mlir/lite/schema/schema.fbs; https://flatbuffers.dev/internals
"""

from __future__ import annotations

import io
import struct
from collections.abc import Collection, Sequence

SIGNATURE = "serving_default"
_IDENTIFIER = b"TFL3"

# Numbers of fields, in the order of the schema.
_MODEL_SUBGRAPHS, _MODEL_SIGNATURES = 2, 7
_SIGNATURE_OUTPUTS, _SIGNATURE_KEY, _SIGNATURE_SUBGRAPH = 1, 2, 4
_NAMED_TENSOR_NAME, _NAMED_TENSOR_INDEX = 0, 1
_SUBGRAPH_OUTPUTS, _SUBGRAPH_OPERATORS = 2, 3
_OPERATOR_INPUTS, _OPERATOR_OUTPUTS = 1, 2


def only_outputs(model: bytes, outputs: Collection[str]) -> bytes:
    """The model without the operators that none of ``outputs`` needs.

    Parameters
    ----------
    model : bytes
        A TFLite file with a signature ``serving_default``.
    outputs : set of str
        Names of outputs of that signature; others are no longer there afterwards.

    Returns
    -------
    bytes
        A TFLite file as long as ``model``.

    Raises
    ------
    ValueError
        Not such a file.
    """
    if model[4:8] != _IDENTIFIER:
        raise ValueError("not a TFLite model")
    # Bytes that nobody else holds are changed in their place, where CPython can: no copy of the
    # model is made then.
    stream = io.BytesIO(model)
    del model
    try:
        with stream.getbuffer() as data:
            _shorten(data, outputs)
    except (struct.error, IndexError) as error:
        raise ValueError("a damaged TFLite model") from error
    return stream.getvalue()


def _shorten(data: memoryview, outputs: Collection[str]) -> None:
    model = _Table(data, _number(data, 0))
    signature = _serving(model.tables(_MODEL_SIGNATURES))
    graph = model.tables(_MODEL_SUBGRAPHS)[signature.number(_SIGNATURE_SUBGRAPH)]

    named = signature.tables(_SIGNATURE_OUTPUTS)
    kept = [each for each in named if each.text(_NAMED_TENSOR_NAME) in outputs]
    needed = {each.number(_NAMED_TENSOR_INDEX) for each in kept}
    signature.keep_tables(_SIGNATURE_OUTPUTS, kept)
    results = [tensor for tensor in graph.numbers(_SUBGRAPH_OUTPUTS) if tensor in needed]
    graph.keep_numbers(_SUBGRAPH_OUTPUTS, results)

    operators = []
    for operator in reversed(graph.tables(_SUBGRAPH_OPERATORS)):  # each comes after what it needs
        made = operator.numbers(_OPERATOR_OUTPUTS)
        if not made or needed.intersection(made):  # without any, it is there for what it does
            operators.append(operator)
            needed.update(operator.numbers(_OPERATOR_INPUTS))
    graph.keep_tables(_SUBGRAPH_OPERATORS, operators[::-1])


class _Table:
    """A FlatBuffer table at ``position``; a field that it lacks is empty, or 0."""

    def __init__(self, data: memoryview, position: int) -> None:
        self._data = data
        self.position = position

    def number(self, field: int) -> int:
        """An unsigned 32-bit number."""
        place = self._place(field)
        return 0 if place is None else _number(self._data, place)

    def text(self, field: int) -> str:
        start, length = self._list(field)
        return str(self._data[start : start + length], "utf-8", "replace")

    def numbers(self, field: int) -> list[int]:
        """A list of signed 32-bit numbers."""
        start, length = self._list(field)
        return list(struct.unpack_from(f"<{length}i", self._data, start))

    def tables(self, field: int) -> list[_Table]:
        start, length = self._list(field)
        places = range(start, start + 4 * length, 4)
        return [_Table(self._data, place + _number(self._data, place)) for place in places]

    def keep_numbers(self, field: int, numbers: Sequence[int]) -> None:
        """Shorten a list to ``numbers``, some of its entries."""
        start = self._set_length(field, len(numbers))
        struct.pack_into(f"<{len(numbers)}i", self._data, start, *numbers)

    def keep_tables(self, field: int, tables: Sequence[_Table]) -> None:
        """Shorten a list to ``tables``, some of its entries in their order."""
        # Offsets count from the entry's own place and only point forwards. Entries move towards
        # the front, so they stay so.
        start = self._set_length(field, len(tables))
        for place, table in zip(range(start, start + 4 * len(tables), 4), tables, strict=True):
            struct.pack_into("<I", self._data, place, table.position - place)

    def _place(self, field: int) -> int | None:
        """Where a field lies; the table begins with the way back to the list of such offsets."""
        (back,) = struct.unpack_from("<i", self._data, self.position)
        offsets = self.position - back
        (size,) = struct.unpack_from("<H", self._data, offsets)
        entry = 4 + 2 * field
        if entry >= size:
            return None
        (offset,) = struct.unpack_from("<H", self._data, offsets + entry)
        return self.position + offset if offset else None

    def _list(self, field: int) -> tuple[int, int]:
        """Where the entries of a list begin, and their number."""
        place = self._place(field)
        if place is None:
            return 0, 0
        place += _number(self._data, place)
        length = _number(self._data, place)
        if length > len(self._data):
            raise IndexError("a list beyond the end")
        return place + 4, length

    def _set_length(self, field: int, length: int) -> int:
        start, old = self._list(field)
        if old:
            struct.pack_into("<I", self._data, start - 4, length)
        return start


def _serving(signatures: Sequence[_Table]) -> _Table:
    for signature in signatures:
        if signature.text(_SIGNATURE_KEY) == SIGNATURE:
            return signature
    raise ValueError(f"a TFLite model without a signature {SIGNATURE!r}")


def _number(data: memoryview, place: int) -> int:
    (number,) = struct.unpack_from("<I", data, place)
    return int(number)
