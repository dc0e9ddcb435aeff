"""Where a user's own files are: the XDG base directories, one rule for all of them.

A variable that is not an absolute path is ignored, as the XDG Base Directory specification asks.
The folders are those of Linux on every Unix. A leading ``~`` or ``~USER`` of a path is that home
folder, as a shell has it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ailock_sdk.errors import AilockError

if TYPE_CHECKING:
    from platformdirs.api import PlatformDirsABC


def data_folder() -> Path:
    """The folder of vault and bundles: ``$XDG_DATA_HOME/ailock``, or ``~/.local/share/ailock``.

    Raises
    ------
    AilockError
        The user has no home folder.
    """
    return _folders("XDG_DATA_HOME").user_data_path


def config_folder() -> Path:
    """The folder of the pepper: ``$XDG_CONFIG_HOME/ailock``, or ``~/.config/ailock``.

    Raises
    ------
    AilockError
        The user has no home folder.
    """
    return _folders("XDG_CONFIG_HOME").user_config_path


def _folders(variable: str) -> PlatformDirsABC:
    if not os.path.isabs(os.environ.get(variable, "")) and os.path.expanduser("~") == "~":
        raise AilockError(
            f"you have no home folder: set HOME or {variable}, or name the vault and the pepper"
        )
    from platformdirs.unix import Unix  # not for who names all his files

    return Unix("ailock")


def user_path(path: str | os.PathLike[str]) -> Path:
    """A path as the user means it: ``~`` is the home folder.

    Raises
    ------
    AilockError
        That user has none.
    """
    try:
        return Path(path).expanduser()
    except (RuntimeError, ValueError):  # no such user; a name with a null byte is none's
        raise AilockError(f"{os.fspath(path)!a}: there is no such home folder") from None
