"""Every link of a built site leads somewhere, and nothing of it is fetched from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_FETCHED = {("img", "src"), ("script", "src"), ("link", "href"), ("iframe", "src")}
_SAYS_WHERE_IT_IS = {"canonical", "sitemap", "next", "prev"}


@dataclass
class _Page(HTMLParser):
    """The anchors of a page, and what it links to: (address, whether the browser fetches it)."""

    anchors: set[str] = field(default_factory=lambda: {"", "__top"})
    links: list[tuple[str, bool]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if given.get("rel") in _SAYS_WHERE_IT_IS:
            return
        for name in ("href", "src"):
            if name in given:
                self.links.append((given[name], (tag, name) in _FETCHED))


def broken_links(site: Path) -> Iterator[str]:
    """What is wrong with the links of a folder of HTML pages, a line each.

    Addresses of other sites are not asked; whether a page's reader would fetch from them is said.
    """
    # The page for addresses that are not there is the builder's own.
    pages = sorted(page for page in site.rglob("*.html") if page.name != "404.html")
    if not pages:
        yield f"{site}: no pages"
    for path in pages:
        for address, fetched in _read(path).links:
            if problem := _problem(site, path, address, fetched):
                yield f"{path.relative_to(site)}: {address}: {problem}"


@cache
def _read(path: Path) -> _Page:
    page = _Page()
    page.feed(path.read_text("utf-8"))
    return page


def _problem(site: Path, path: Path, address: str, fetched: bool) -> str | None:
    parts = urlsplit(address)
    if parts.scheme or parts.netloc:
        return "is fetched from elsewhere" if fetched and parts.scheme != "data" else None
    target = path if not parts.path else _target(site, path, unquote(parts.path))
    if not target.is_file():
        return "no such file"
    if target.suffix == ".html" and unquote(parts.fragment) not in _read(target).anchors:
        return "no such anchor"
    return None


def _target(site: Path, path: Path, where: str) -> Path:
    target = site / where.lstrip("/") if where.startswith("/") else path.parent / where
    return target / "index.html" if target.is_dir() else target
