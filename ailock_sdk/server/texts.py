"""Every text that the page shows, for templates and scripts alike: ``texts.json``, by code."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from ailock_sdk.viewfinder import Advice


@cache
def texts() -> dict[str, str]:
    """All texts; those of advice are the guide's own."""
    found: dict[str, str] = json.loads(Path(__file__).with_name("texts.json").read_text("utf-8"))
    return {**{f"advice.{advice.value}": advice.text for advice in Advice}, **found}


def text(code: str, **values: object) -> str:
    """The text of a code, with values in its places; a ``KeyError`` if there is none."""
    return texts()[code].format(**values)
