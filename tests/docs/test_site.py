"""The documentation site is built without a complaint, and a broken link is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from ailock_sdk import AiLock, Vault, constants
from tools import build_site
from tools.site.links import broken_links

DOCS = build_site.ROOT / "docs"


def test_the_site_is_built_and_every_link_leads_somewhere() -> None:
    assert build_site.build() == []
    pages = {page.relative_to(DOCS).with_suffix("") for page in DOCS.rglob("*.md")}
    assert len(pages) > 10
    home = (build_site.SITE / "index.html").read_text("utf-8")
    missing = [p for p in pages if f'href="./{p}.html"' not in home and str(p) != "index"]
    assert missing == [], "pages that mkdocs.yml does not name"
    reference = (build_site.SITE / "reference" / "python.html").read_text("utf-8")
    for kind in (AiLock, Vault):
        public = {name for name in dir(kind) if not name.startswith("_")}
        missing = {n for n in public if f'id="ailock_sdk.{kind.__name__}.{n}"' not in reference}
        assert missing == set(), f"reference/python.md does not have them of {kind.__name__}"
    assert ":class:" not in reference
    commands = (build_site.SITE / "reference" / "cli.html").read_text("utf-8")
    assert 'id="ailock-slots-add"' in commands


@pytest.mark.parametrize(
    ("link", "problem"),
    [
        ('<a href="other.html#there">', None),
        ('<a href="folder/">', None),
        ('<a href="https://example.org/">', None),
        ('<a href="other.html#nowhere">', "no such anchor"),
        ('<a href="#nowhere">', "no such anchor"),
        ('<a href="none.html">', "no such file"),
        ('<img src="none.png">', "no such file"),
        ('<script src="https://example.org/x.js">', "is fetched from elsewhere"),
        ('<link rel="stylesheet" href="//example.org/x.css">', "is fetched from elsewhere"),
    ],
)
def test_broken_links_are_told(tmp_path: Path, link: str, problem: str | None) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "index.html").write_text("<p>here</p>")
    (tmp_path / "other.html").write_text('<h2 id="there">there</h2>')
    (tmp_path / "index.html").write_text(link)
    told = list(broken_links(tmp_path))
    assert len(told) == (problem is not None)
    assert all(line.endswith(str(problem)) for line in told)


def test_a_folder_without_pages_is_told(tmp_path: Path) -> None:
    assert list(broken_links(tmp_path)) == [f"{tmp_path}: no pages"]


def test_environment_variables_of_ours_are_documented() -> None:
    page = (DOCS / "reference" / "environment.md").read_text("utf-8")
    ours = {v for name, v in vars(constants).items() if name.endswith("_VARIABLE")}
    assert len(ours) >= 3
    assert {variable for variable in ours if f"`{variable}`" not in page} == set()
