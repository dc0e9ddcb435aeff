"""Every field of a JSON document, and what no such field may hold."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

Path = tuple[str | int, ...]


def fields(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value inside objects and lists, with the way to it."""
    inner: Any = ()
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    for key, one in inner:
        yield (*path, key), one
        yield from fields(one, (*path, key))


def shown(path: Path) -> str:
    """The path as an error begins with it."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if re.fullmatch(r"[\w/+-]+", step) else f"['{step}']"
    return text.removeprefix(".")


NO_NUMBERS = (
    *(float("nan"), float("inf"), float("-inf"), "<1e400>", "<-1e400>"),
    *(2**64, -(2**63) - 1, 10**400, f"<1{'0' * 10_000}>"),
)
NO_TEXT = (None, True, False, 0, 1, 1.5, [], ["text"], {}, {"a": 1}, *NO_NUMBERS)
WRONG: dict[type, tuple[Any, ...]] = {
    str: (*NO_TEXT, "\ud800"),
    int: (None, True, False, "", "1", 1.0, 0.5, -1, [], [1], {}, *NO_NUMBERS),
    float: (None, True, False, "", "1", [], [1.0], {}, *NO_NUMBERS),
    list: (None, True, 0, 1.5, "", "text", {}, {"0": 1}, *NO_NUMBERS),
    dict: (None, True, 0, 1.5, "", "text", [], [{}], *NO_NUMBERS),
}
"""By what a field holds."""


def encode(value: Any) -> bytes:
    """A JSON text; ``"<1e400>"`` stands for a number that Python cannot hold."""
    return re.sub(rb'"<([-0-9e]+)>"', rb"\1", json.dumps(value).encode())
