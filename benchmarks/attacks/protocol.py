"""What every attack is to the program that runs them all: a name, an attacker, verdicts, results.

An attack is a module with an ``ATTACK``. It gets a :class:`~benchmarks.attacks.setting.Setting`
and gives its findings; what it cannot do with the photos or extras at hand it raises as a
:class:`~lab.errors.LabError` whose text says what would do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from benchmarks.attacks.setting import Setting
from lab.report.results import Result

Promise = Literal[
    "irreversibility", "unlinkability", "renewability", "false match rate", "throttle", "integrity"
]
"""Names of the headings of docs/explanation/threat-model.md."""


@dataclass(frozen=True)
class Verdict:
    """One thing that was tried.

    Attributes
    ----------
    promise : which it belongs to
    tried : what, and with which means
    wanted : what must be found for the promise to hold; "" for what nobody promises
    found : a number, an Estimate, or words
    holds : ``None``: nothing is promised, the number is stated
    """

    promise: Promise
    tried: str
    wanted: str
    found: object
    holds: bool | None


@dataclass(frozen=True)
class Findings:
    """What an attack found.

    Attributes
    ----------
    verdicts : one for each thing that was tried
    results : tables and figures, of one chapter of the report
    document : further numbers for the JSON file
    """

    verdicts: tuple[Verdict, ...]
    results: tuple[Result, ...]
    document: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Attack:
    """One attack.

    Attributes
    ----------
    name : in the report, and on the command line
    attacker : who has what
    run : does it; raises a ``LabError`` where it cannot
    """

    name: str
    attacker: str
    run: Callable[[Setting], Findings]
