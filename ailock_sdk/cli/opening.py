"""Opens what the options of a command line name: the vault, the pepper and the model."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ailock_sdk.constants import VAULT_PATH_VARIABLE
from ailock_sdk.paths import data_folder
from ailock_sdk.store import FilePepper, PepperProvider, default_pepper_path
from ailock_sdk.vault import Vault

if TYPE_CHECKING:
    from ailock_sdk.lock import AiLock


def open_vault(arguments: argparse.Namespace, *, reads_photos: bool) -> Vault:
    """The vault that is meant; the model is loaded now if the command ``reads_photos``."""
    pepper = FilePepper(pepper_path(arguments))
    lock = open_lock(arguments, pepper) if reads_photos else None
    return Vault.open(vault_path(arguments), pepper=pepper, lock=lock)


def open_lock(arguments: argparse.Namespace, pepper: PepperProvider | None) -> AiLock:
    """A lock of the default bundle with the profile that is meant."""
    from ailock_sdk.embedding import quiet_stderr  # these load NumPy, Pillow and more
    from ailock_sdk.lock import AiLock

    with quiet_stderr():
        return AiLock(profile=profile_name(arguments), pepper=pepper)


def profile_name(arguments: argparse.Namespace) -> str:
    """The profile of ``--profile``, or the default one."""
    from ailock_sdk.profiles import DEFAULT_PROFILE

    return DEFAULT_PROFILE if arguments.profile is None else str(arguments.profile)


def vault_path(arguments: argparse.Namespace) -> Path:
    """The file of ``--vault``, or of the environment variable, or the user's own."""
    if arguments.vault is not None:
        return Path(arguments.vault)
    if given := os.environ.get(VAULT_PATH_VARIABLE):
        return Path(given)
    return data_folder() / "vault.db"


def pepper_path(arguments: argparse.Namespace) -> Path:
    """The file of ``--pepper``, or the user's own."""
    return Path(arguments.pepper) if arguments.pepper is not None else default_pepper_path()
