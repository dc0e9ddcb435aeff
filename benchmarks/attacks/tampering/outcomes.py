"""What came of changed things: counted by what was done and by how it ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from ailock_sdk import AilockError, Secret, UnlockError

OPENED, SAME, REFUSED = "OPENED", "as before", "no match"


@dataclass
class Outcomes:
    """One way to change something.

    Attributes
    ----------
    way : in words
    stranger, owner : how attempts ended, by whose photo: ``OPENED`` to a stranger's, or with
        another secret; ``SAME``, the owner's own secret; ``REFUSED``; or an error's name
    crashed : errors that are none of the package's, each with its text
    """

    way: str
    stranger: Counter[str] = field(default_factory=Counter)
    owner: Counter[str] = field(default_factory=Counter)
    crashed: list[str] = field(default_factory=list)

    def attempt(self, unlock: Callable[[], Secret], secret: Secret, *, is_owner: bool) -> None:
        """Try to open a changed thing, of which ``secret`` is what it gave before."""
        try:
            found = SAME if unlock() == secret and is_owner else OPENED
        except UnlockError:
            found = REFUSED
        except AilockError as error:
            found = type(error).__name__
        except Exception as error:  # the very thing to be found
            found = type(error).__name__
            self.crashed.append(f"{self.way}: {error!r}")
        (self.owner if is_owner else self.stranger)[found] += 1

    @property
    def opened(self) -> int:
        """Attempts that gave a secret which they should not."""
        return self.stranger[OPENED] + self.stranger[SAME] + self.owner[OPENED]

    @property
    def tried(self) -> int:
        """Attempts in all."""
        return self.stranger.total() + self.owner.total()


def told(found: Counter[str]) -> str:
    """Counts in words, the most frequent first."""
    return ", ".join(f"{count} {name}" for name, count in found.most_common()) or "none"
