"""The committed vectors, by name; docs/reference/vectors.md says what is in each file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "vectors"


def vectors(name: str) -> Any:
    """What a file of vectors holds."""
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
