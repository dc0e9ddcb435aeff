"""The first command of how-to/serve.md, which a page's shell could not end."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import urllib.request
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, blocks_of
from tests.docs.reader import environment
from tests.docs.surroundings import furnish


@pytest.mark.long
def test_the_page_is_served_where_it_says(tmp_path: Path) -> None:
    home = furnish(tmp_path)
    page = (DOCS / "how-to" / "serve.md").read_text("utf-8")
    first = blocks_of(page)[0].text.splitlines()[0]
    words = shlex.split(first, comments=True)
    assert words[:2] == ["ailock", "serve"]
    server = subprocess.Popen(
        [*words, "--port", "0"],
        cwd=home,
        env=environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    shown = ""
    try:
        assert server.stdout is not None
        for line in server.stdout:
            shown += line
            if found := re.search(r"http://127\.0\.0\.1:\d+/[^\s;#]*", line):
                with urllib.request.urlopen(found[0], timeout=20) as answer:
                    assert answer.status == 200
                    assert b"ailock" in answer.read()
                break
        else:
            raise AssertionError(shown)
    finally:
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=20)
    assert server.returncode in (0, 130), shown
