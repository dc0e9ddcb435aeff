"""The catalogue of texts: what pages and scripts ask for is in it, and nothing else is."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="needs the extra [server]")
from ailock_sdk import server

FOLDER = Path(server.__file__).parent
COMPOSED = ("problem.", "event.", "told.", "advice.", "app.", "camera.")
"""Beginnings of codes that are put together; each of them is seen by other tests."""


def found(pattern: str) -> set[str]:
    """What a pattern catches in templates, scripts and modules."""
    files = [*FOLDER.glob("templates/*.html"), *FOLDER.glob("static/*.js"), *FOLDER.glob("*.py")]
    assert len(files) > 20
    return {code for file in files for code in re.findall(pattern, file.read_text("utf-8"))}


def test_every_text_that_is_asked_for_is_there_and_every_other_is_gone() -> None:
    texts = set(json.loads((FOLDER / "texts.json").read_text("utf-8")))
    asked = found(r"""\b(?:t|text)\(["']([a-z]+\.[a-z_]*[a-z])["']""")
    assert len(asked) > 50
    assert asked - texts == set()
    named = found(r"""["']([a-z]+\.[a-z_]+)["']""")
    assert {code for code in texts - named if not code.startswith(COMPOSED)} == set()
