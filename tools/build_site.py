"""The documentation site, built strictly and its links checked: ``make site``.

    python -m tools.build_site

Writes ``out/site``. The pages are docs/; mkdocs.yml says in which order. What is read from the
command line's parser goes to ``out/site-parts``, which the pages include.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from lab.files import write_whole
from tools.site.cli_reference import command_reference, exit_status_table
from tools.site.links import broken_links

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "out" / "site"
PARTS = ROOT / "out" / "site-parts"
STEP_SECONDS = 240


def main() -> int:
    """0 if the site was built and every link leads somewhere."""
    problems = build()
    print("\n".join(problems) or f"{SITE}/index.html: built, every link leads somewhere")
    return int(bool(problems))


def build() -> list[str]:
    """Build the site.

    Returns
    -------
    list of str
        What is wrong with it.
    """
    write_whole(PARTS / "commands.md", command_reference())
    write_whole(PARTS / "exit-statuses.md", exit_status_table())
    done = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict", "--clean"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=STEP_SECONDS,
    )
    # mkdocstrings' own complaints do not make the build fail.
    if done.returncode != 0 or "WARNING" in done.stdout or "ERROR" in done.stdout:
        return [done.stdout]
    return list(broken_links(SITE))


if __name__ == "__main__":
    raise SystemExit(main())
