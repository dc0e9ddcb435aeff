"""The pages of docs/ as what a reader types: their code blocks, in order, in one shell.

A block in ``sh`` or ``python`` must end with status 0. In one in ``console`` a line after ``$`` is
typed and the lines below it are what must be shown (``...`` is anything); a command may only fail
where the next one is ``echo $?``. Other languages are to be looked at.

A comment right above a block says that this shell does not run it, and why::

    <!-- not run: changes the boot of a Raspberry Pi -->
    <!-- run by tests/programs/test_pam_howto.py -->
    <!-- installing: a test of its own does it, in an environment of its own -->
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

RUN = ("sh", "console", "python")
SHOWN = ("text", "json", "pam", "ini", "toml", "yaml", "udev")
"""What a block may say it is, so that no command hides under another name."""

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>[^\n`]*)\n(?P<text>.*?)^ *```$", re.M | re.S)
_COMMENT = re.compile(r"<!-- (?P<what>not run: |run by |installing: )(?P<why>[^>]+) -->\n\Z")

NOT_RUN, RUN_BY, INSTALLING = "not run", "run by", "installing"


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    language: str
    text: str
    line: int
    kind: str = ""
    """"" for one that is run, else one of the three words that stand in a comment above it."""
    why: str = ""

    @property
    def is_command(self) -> bool:
        """Whether a reader is to type it."""
        return self.language in RUN

    def typed(self) -> list[tuple[str, str | None]]:
        """Commands, and what is to be seen after each; ``None`` if the page does not say."""
        if self.language != "console":
            return [(self.text, None)]
        found: list[tuple[str, str | None]] = []
        for line in self.text.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], ""))
            elif line.startswith("> ") and found and not found[-1][1]:
                found[-1] = (found[-1][0] + "\n" + line[2:], "")
            else:
                assert found, f"line {self.line}: a console block begins with `$ `"
                found[-1] = (found[-1][0], (found[-1][1] or "") + line + "\n")
        return found


def pages() -> list[Path]:
    """Every page of the site."""
    found = sorted(DOCS.rglob("*.md"))
    assert found
    return found


def name_of(page: Path) -> str:
    return page.relative_to(DOCS).as_posix()


def blocks_of(text: str) -> list[Block]:
    """The fenced blocks of a page's text."""
    found = []
    for match in _FENCE.finditer(text):
        comment = _COMMENT.search(text[: match.start()])
        language = match["language"].strip()
        line = text.count("\n", 0, match.start()) + 1
        kind, why = ("", "") if comment is None else (comment["what"].strip(" :"), comment["why"])
        assert not (match["indent"] and language in RUN), f"line {line}: indented, so not run"
        found.append(Block(language, match["text"], line, kind, why))
    return found
