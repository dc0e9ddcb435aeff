"""Opens what the options of a command line name: the vault, the pepper and the model."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ailock_sdk.constants import PEPPER_VARIABLE, VAULT_PATH_VARIABLE

if TYPE_CHECKING:
    from ailock_sdk.cli.commands import Settings
    from ailock_sdk.embedding import Bundle
    from ailock_sdk.lock import AiLock
    from ailock_sdk.store import PepperProvider
    from ailock_sdk.vault import Vault

_BLAS_THREADS = "OPENBLAS_NUM_THREADS"


def open_vault(
    settings: Settings, *, reads_photos: bool = False, allow_faces: bool = False
) -> Vault:
    """The vault that is meant; the model is loaded now if the command ``reads_photos``."""
    bundle = _begin_reading(settings) if reads_photos else None  # before what follows is loaded
    import logging

    from ailock_sdk.store import DEFAULT_PEPPER, pepper_provider
    from ailock_sdk.vault import Vault

    # Who runs a command reads what it says; else Python would print warnings that nobody handles.
    logging.getLogger("ailock_sdk").addHandler(logging.NullHandler())
    _tell_what_is_waited_for()

    named = pepper_source(settings)
    pepper = None if named is None else pepper_provider(named)
    lock = None if bundle is None else _lock_of(bundle, settings, pepper or DEFAULT_PEPPER)
    return Vault.open(vault_path(settings), pepper=pepper, lock=lock, allow_faces=allow_faces)


def _tell_what_is_waited_for() -> None:
    """Show on the terminal that a security key wants to be touched."""
    import logging

    from ailock_sdk.cli.output import tell

    class Telling(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            tell(record.getMessage())

    logging.getLogger("ailock_sdk.store.fido2_pepper").handlers = [Telling()]


def open_lock(settings: Settings, pepper: PepperProvider | None) -> AiLock:
    """A lock of the bundle and the profile that are meant."""
    return _lock_of(_begin_reading(settings), settings, pepper)


def _begin_reading(settings: Settings) -> Bundle:
    """The bundle that is meant; its model is read while other modules are loaded."""
    _load_numpy()
    bundle = find_bundle(settings)
    bundle.read_ahead()
    return bundle


def _load_numpy() -> None:
    """Load NumPy with one thread: more of them wait for work on cores that the network needs.

    By itself, too: where imports are nested deep, Python 3.11 may move its stack at every call.
    """
    chosen = _BLAS_THREADS in os.environ
    os.environ.setdefault(_BLAS_THREADS, "1")
    import numpy  # noqa: F401

    if not chosen:
        del os.environ[_BLAS_THREADS]  # programs of --exec choose for themselves


def _lock_of(bundle: Bundle, settings: Settings, pepper: PepperProvider | None) -> AiLock:
    from ailock_sdk.embedding import quiet_stderr
    from ailock_sdk.lock import AiLock

    with quiet_stderr():
        return AiLock(bundle, profile_name(settings), pepper=pepper)


def find_bundle(settings: Settings) -> Bundle:
    """The bundle of ``--bundle``, a name or a folder's path, or the default one."""
    from ailock_sdk import embedding
    from ailock_sdk.paths import user_path

    given = settings.bundle
    if given is None:
        return embedding.find_bundle(embedding.DEFAULT_BUNDLE)
    if os.sep in given or given in (os.curdir, os.pardir):
        return embedding.open_bundle(user_path(given))
    return embedding.find_bundle(given)


def profile_name(settings: Settings) -> str:
    """The profile of ``--profile``, or the default one."""
    from ailock_sdk.profiles import DEFAULT_PROFILE

    return DEFAULT_PROFILE if settings.profile is None else settings.profile


def vault_path(settings: Settings) -> Path:
    """The file of ``--vault``, or of the environment variable, or the user's own."""
    from ailock_sdk.paths import data_folder, user_path

    given = settings.vault or os.environ.get(VAULT_PATH_VARIABLE)
    return user_path(given) if given else data_folder() / "vault.db"


def pepper_source(settings: Settings) -> str | None:
    """What ``--pepper`` or the environment variable says, ``None`` where the vault does."""
    return settings.pepper or os.environ.get(PEPPER_VARIABLE) or None
