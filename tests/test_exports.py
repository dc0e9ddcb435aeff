"""Everything that a public signature names can be imported from ``ailock_sdk``."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import ailock_sdk

PARTS = {"Bundle", "SlotInfo"}
"""What these are made of is found in ``ailock_sdk.embedding`` and ``ailock_sdk.store``."""
PUBLIC = [
    name
    for name in ailock_sdk.__all__
    if isinstance(getattr(ailock_sdk, name), type) and name not in PARTS
]


@cache
def own_names(module: str) -> frozenset[str]:
    """Public names of this package that a module imports, also for types only, or defines."""
    file = sys.modules[module].__file__
    assert file is not None
    found: set[str] = set()
    for node in ast.walk(ast.parse(Path(file).read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("ailock_sdk"):
            found |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation) == "TypeAlias":
            found.add(ast.unparse(node.target))
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Subscript | ast.BinOp):
            found.add(ast.unparse(node.targets[0]))
    return frozenset(name for name in found if not name.startswith("_"))


def functions(kind: type) -> Iterator[object]:
    """What a class lets others call or read, inherited things of this package included."""
    for name, member in inspect.getmembers(kind):
        if name != "__init__" and name.startswith("_"):
            continue
        if isinstance(member, property):
            member = member.fget
        function = getattr(member, "__func__", getattr(member, "func", member))
        if str(getattr(function, "__module__", "")).startswith("ailock_sdk"):
            yield function


def named(annotations: dict[str, object], module: str) -> set[str]:
    """Names of this package in annotations, which are text everywhere."""
    words = {
        node.id
        for text in annotations.values()
        for node in ast.walk(ast.parse(str(text), mode="eval"))
        if isinstance(node, ast.Name)
    }
    return words & own_names(module)


@pytest.mark.parametrize("name", PUBLIC)
def test_what_signatures_name_is_exported(name: str) -> None:
    kind = getattr(ailock_sdk, name)
    found = named(vars(kind).get("__annotations__", {}), kind.__module__)
    for function in functions(kind):
        found |= named(getattr(function, "__annotations__", {}), function.__module__)
    assert found <= set(ailock_sdk.__all__)
