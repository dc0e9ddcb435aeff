"""Files that only their owner may read, and that appear whole or not at all."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


def why_not_private(path: Path, status: os.stat_result) -> str | None:
    """Say why someone besides the running user may use ``path`` and what to do, else ``None``.

    Root and the user's other programs can use it in any case.
    """
    if status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return None
    if not _keeps_permissions(path.parent):
        return _NO_PERMISSIONS
    if status.st_uid != os.geteuid():
        return f"it belongs to user {status.st_uid}: run chown {os.geteuid()} {path}"
    return f"other users may use it: run chmod 600 {path}"


def why_shared(folder: Path) -> str | None:
    """Say why others may exchange the files of ``folder`` and what to do, else ``None``.

    In a folder such as ``/tmp`` (sticky) they may add files, but only owners exchange theirs.
    """
    status = folder.stat()
    is_sticky = status.st_mode & stat.S_ISVTX
    others_write = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not is_sticky
    is_foreign = status.st_uid not in (os.geteuid(), 0)
    if not others_write and not is_foreign:
        return None
    if not _keeps_permissions(folder):
        return _NO_PERMISSIONS
    if is_foreign:
        return f"its folder belongs to user {status.st_uid}: choose one of your own"
    return f"other users may exchange files in its folder: run chmod go-w {folder}"


_NO_PERMISSIONS = (
    "its file system keeps no permissions, as FAT, exFAT and Android's shared storage do not: "
    "choose a folder elsewhere"
)


def _keeps_permissions(folder: Path) -> bool:
    """Whether a file that is made private stays so here; ``True`` where none can be made."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            return not os.fstat(file.fileno()).st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    except OSError:
        return True


def may_write(path: Path) -> bool:
    """Whether the running user may write to ``path``, a file or folder."""
    # With `effective_ids` Android's C library refuses everything.
    return os.access(path, os.W_OK, effective_ids=os.geteuid() != os.getuid())


def make_private_folder(folder: Path) -> None:
    """Create ``folder`` (mode 0700) and its parents where missing; an existing one is kept."""
    if folder.is_dir():
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Put the folder's entries on the disk: a new name survives a power cut only after this."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def new_private_file(target: Path, *, overwrite: bool) -> Iterator[IO[bytes]]:
    """Yield a new file (mode 0600) that becomes ``target`` when the block ends without an error.

    Until then it has another name in the same folder, so nobody ever sees ``target`` half
    written (but see :func:`_rename_if_free`): of two processes that create it at once, one wins and
    the other gets ``FileExistsError``. After an error nothing is left and an existing ``target`` is
    untouched; after a kill or a power cut a file ``.ailock-*.tmp`` may stay behind, which may be
    deleted. A symbolic link at ``target`` counts as existing, and is itself replaced, not followed.

    Raises
    ------
    FileExistsError
        ``target`` exists and ``overwrite`` is false.
    OSError
        The folder is missing, read-only or full.
    """
    # mkstemp underneath opens with O_EXCL and 0600, so a name that someone prepared in a shared
    # folder is never used.
    with tempfile.NamedTemporaryFile(
        dir=target.parent, prefix=".ailock-", suffix=".tmp", delete=False
    ) as file:
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            # Closed before it is known as `target`: see open_vault_file on descriptors.
            file.close()
            if overwrite:
                os.replace(file.name, target)
            else:
                _rename_if_free(file.name, target)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    sync_folder(target.parent)


def _rename_if_free(source: str, target: Path) -> None:
    """Rename, or raise ``FileExistsError``: a plain rename would replace what appeared meanwhile.

    A hard link refuses a taken name in one step. Android denies links to apps, and some file
    systems have none: there an empty file takes the name first, which others may see for an
    instant, and a kill in that instant leaves.
    """
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        try:
            os.replace(source, target)
        except BaseException:
            target.unlink()
            raise
    else:
        os.unlink(source)
