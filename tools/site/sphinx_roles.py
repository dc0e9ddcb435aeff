"""Names in docstrings, which Sphinx marks by a role, as Markdown: mkdocstrings loads this."""

from __future__ import annotations

import re
from typing import Any

from griffe import Extension, Object

_ROLE = re.compile(r":(?:class|meth|func|data|attr|mod|exc):`(?P<short>~)?(?P<name>[^`]+)`")


class SphinxRoles(Extension):
    """Turns the role of a name into code, short where it says so."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Rewrite an object's docstring."""
        if obj.docstring is not None:
            obj.docstring.value = _ROLE.sub(_code, obj.docstring.value)


def _code(match: re.Match[str]) -> str:
    name = match["name"]
    return f"`{name.rpartition('.')[2] if match['short'] else name}`"
