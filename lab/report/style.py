"""How all pictures look: colours, fonts and the light and dark themes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lab.report.results import Colour

CYCLE: tuple[Colour, ...] = ("blue", "orange", "green", "pink", "sky")
"""Colours of one label after the other, which colour-blind readers tell apart (Okabe and Ito)."""
LONG_CYCLE: tuple[Colour, ...] = (*CYCLE, "vermilion", "yellow", "grey", "ink")
"""Of bars, which have no line styles to tell a sixth label from the first."""
GREY = "#767676"
"""Of small print, on paper."""
ABOVE: dict[str, Any] = {"clip_on": False, "zorder": 4}
"""Marks that lie on an axis are drawn whole."""
DOTS_PER_INCH = 180


@dataclass(frozen=True)
class Theme:
    """Colours of paper, ink, grid and of what is drawn, by name."""

    background: str
    ink: str
    grid: str
    colours: Mapping[Colour, str]

    @property
    def settings(self) -> dict[Any, Any]:
        """Of matplotlib, for ``rc_context``."""
        ink = ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color")
        paper = ("figure.facecolor", "axes.facecolor", "savefig.facecolor")
        return {
            **_SETTINGS,
            **dict.fromkeys(ink, self.ink),
            **dict.fromkeys(paper, self.background),
            "grid.color": self.grid,
        }


LIGHT = Theme(
    "#ffffff",
    "#1b1d21",
    "#e3e5e8",
    {
        "blue": "#0072b2",
        "orange": "#e69f00",
        "green": "#009e73",
        "pink": "#cc79a7",
        "sky": "#56b4e9",
        "vermilion": "#d55e00",
        "yellow": "#f0e442",
        "grey": "#999999",
        "ink": "#1b1d21",
    },
)
DARK = Theme(
    "#1d2025",
    "#e8eaed",
    "#3a3f47",
    {
        **LIGHT.colours,
        "blue": "#56b4e9",
        "sky": "#f0e442",
        "yellow": "#9aa5ff",
        "ink": "#e8eaed",
    },
)
"""Lighter colours of the same palette, for a blue that is too dark here."""

_SETTINGS: dict[Any, Any] = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "legend.frameon": False,
    "savefig.dpi": DOTS_PER_INCH,
}
