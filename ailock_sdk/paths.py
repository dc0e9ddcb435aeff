"""Where a user's own files are: the XDG base directories, one rule for all of them.

A variable that is not an absolute path is ignored, as the XDG Base Directory specification asks.
The folders are those of Linux on every Unix.
"""

from __future__ import annotations

from pathlib import Path

from platformdirs.unix import Unix

_APPLICATION = "ailock"


def data_folder() -> Path:
    """The folder of vault and bundles: ``$XDG_DATA_HOME/ailock``, or ``~/.local/share/ailock``.

    Raises
    ------
    RuntimeError
        The user has no home folder.
    """
    return Unix(_APPLICATION).user_data_path


def config_folder() -> Path:
    """The folder of the pepper: ``$XDG_CONFIG_HOME/ailock``, or ``~/.config/ailock``.

    Raises
    ------
    RuntimeError
        The user has no home folder.
    """
    return Unix(_APPLICATION).user_config_path
