"""Docstrings of ailock_sdk are NumPy's: sections that a reader, and a doc builder, can rely on.

Ruff's rules (D, convention numpy) hold their outer form; what sections say is held here.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import click
import pytest

from ailock_sdk import errors, strict_json

PACKAGE = Path(errors.__file__).parent
SECTIONS = {"Parameters", "Returns", "Yields", "Raises", "Attributes", "Notes", "References"}
MANY = 4
"""So many parameters are not explained in passing."""
TYPE = re.compile(
    r"(str|bytes|int|float|bool|dict|list|tuple|set|ndarray|sequence|iterable|mapping|callable|type|datetime"
    r"|[A-Z]\w+)\b"
)
"""What a type begins with; a class begins with a capital."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Documented:
    """A public thing: its place, its docstring, its parameters and the errors that it raises."""

    where: str
    docstring: str
    parameters: tuple[str, ...]
    is_dataclass: bool
    raised: frozenset[str]

    def sections(self) -> dict[str, list[str]]:
        """The lines of each section, indentation kept."""
        lines = self.docstring.splitlines()
        found: dict[str, list[str]] = {}
        section = None
        for number, line in enumerate(lines):
            underlined = number + 1 < len(lines) and set(lines[number + 1]) == {"-"}
            if underlined:
                section = line
                found[section] = []
            elif section is not None and set(line) != {"-"}:
                found[section].append(line)
        return found

    def entries(self, section: str) -> list[str]:
        """The lines of a section that name something: those without indentation."""
        lines = self.sections().get(section, [])
        return [line for line in lines if line and not line.startswith(" ")]


def own_raises(function: Function) -> frozenset[str]:
    names = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Raise) and node.exc is not None:
            kind = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            if isinstance(kind, ast.Name):
                names.add(kind.id)
    return frozenset(name for name in names if hasattr(errors, name))


def parameters_of(function: Function) -> tuple[str, ...]:
    arguments = function.args
    names = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return tuple(name for name in names if name not in ("self", "cls"))


def public(tree: ast.Module, path: Path) -> Iterator[Documented]:
    place = path.relative_to(PACKAGE.parent).as_posix()
    for node in tree.body:
        if isinstance(node, Function) and not node.name.startswith("_"):
            text = ast.get_docstring(node) or ""
            raised = own_raises(node)
            if any("command(" in ast.unparse(each) for each in node.decorator_list):
                # Its docstring is what --help prints, which explains each parameter below it.
                yield Documented(f"{place}:{node.name}", text, (), False, frozenset())
                continue
            yield Documented(f"{place}:{node.name}", text, parameters_of(node), False, raised)
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from public_class(node, place)


def public_class(node: ast.ClassDef, place: str) -> Iterator[Documented]:
    methods = {m.name: m for m in node.body if isinstance(m, Function)}
    fields = tuple(
        f.target.id
        for f in node.body
        if isinstance(f, ast.AnnAssign) and isinstance(f.target, ast.Name)
    )
    is_dataclass = any("dataclass" in ast.unparse(d) for d in node.decorator_list)
    made = methods.get("__post_init__" if is_dataclass else "__init__")
    raised = frozenset() if made is None else own_raises(made)
    parameters = () if made is None or is_dataclass else parameters_of(made)
    text = ast.get_docstring(node) or ""
    if made is not None and not is_dataclass and ast.get_docstring(made):
        parameters, raised = (), frozenset()  # such as "Use open."
    yield Documented(
        f"{place}:{node.name}", text, fields if is_dataclass else parameters, is_dataclass, raised
    )
    for name, method in methods.items():
        if not name.startswith("_"):
            yield Documented(
                f"{place}:{node.name}.{name}",
                ast.get_docstring(method) or "",
                parameters_of(method),
                False,
                own_raises(method),
            )


MODULES = sorted(PACKAGE.rglob("*.py"))


@cache
def documented(module: Path) -> list[Documented]:
    return list(public(ast.parse(module.read_text("utf-8")), module))


def problems(thing: Documented) -> Iterator[str]:
    sections = thing.sections()
    if unknown := sections.keys() - SECTIONS:
        yield f"unknown section {unknown}"
    if re.search(r"^(Raises|Returns) :class:", thing.docstring, re.MULTILINE):
        yield "errors and results have sections"
    key = "Attributes" if thing.is_dataclass else "Parameters"
    if len(thing.parameters) >= MANY and key not in sections:
        yield f"no {key} for {thing.parameters}"
    named: list[str] = []
    for section in ("Parameters", "Attributes"):
        for entry in thing.entries(section):
            names, separator, kind = entry.partition(" : ")
            if separator and not TYPE.match(kind):
                yield f"{section}: {entry!r} gives no type"
            if section == key:
                named += names.split(", ")
            if not separator:
                yield f"{section}: {entry!r} gives no type"
    if named and tuple(named) != thing.parameters:
        yield f"{key} are {thing.parameters}, explained are {named}"
    for entry in thing.entries("Raises"):
        for name in entry.split(", "):
            if not any(hasattr(module, name) for module in (errors, strict_json, click, builtins)):
                yield f"Raises: {name!r} is no error"
    told = {n for entry in thing.entries("Raises") for n in entry.split(", ") if hasattr(errors, n)}
    for name in thing.raised:
        kind = getattr(errors, name)
        if not any(issubclass(kind, getattr(errors, n)) for n in told):
            yield f"raises {name}, untold"


def test_something_is_found() -> None:
    assert sum(len(documented(module)) for module in MODULES) > 500


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(PACKAGE)))
def test_sections_say_what_they_should(module: Path) -> None:
    assert [(thing.where, found) for thing in documented(module) for found in problems(thing)] == []
