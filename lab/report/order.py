"""In which order a report's results come, and what their files are called."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lab.report.results import Absent, Chapter, Gallery, Report, Result, heading


def in_order(results: tuple[Result, ...]) -> tuple[Result, ...]:
    """Figures as the paper numbers them, its tables; then what it lacks; photos at the end."""

    def key(result: Result) -> tuple[int, int]:
        if isinstance(result, Gallery):
            return 3, 0
        numbered = re.fullmatch(r"(Figure|Table) (\d+).*", result.number)
        return (0 if numbered[1] == "Figure" else 1, int(numbered[2])) if numbered else (2, 0)

    return tuple(sorted(results, key=key))


def places(report: Report) -> Iterator[tuple[Chapter, str, list[tuple[str, Result]]]]:
    """Each chapter, its folder ("" where it has none), and its results with their file names."""
    folders = iter(_distinct([_slug(each.name) for each in report.chapters if each.name]))
    for chapter in report.chapters:
        results = in_order(chapter.results)
        names = _distinct([one.name or _slug(one.number or one.title) for one in results])
        yield chapter, next(folders) if chapter.name else "", list(zip(names, results, strict=True))


def absences(report: Report) -> list[str]:
    """What each chapter lacks and why, a line each; with its name where there are several."""
    several = len(report.chapters) > 1
    return [
        f"{chapter.name + ', ' if several else ''}{heading(one)}: {one.reason}"
        for chapter in report.chapters
        for one in in_order(chapter.results)
        if isinstance(one, Absent)
    ]


def _slug(label: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", label.lower()).strip("-.")[:60] or "results"


def _distinct(names: list[str]) -> list[str]:
    """The names, no two alike: the second of a name ends in ``-2``."""
    seen: dict[str, int] = {}
    distinct = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        distinct.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return distinct
