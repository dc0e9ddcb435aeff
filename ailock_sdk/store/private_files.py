"""Files that appear whole or not at all, and files that only their owner may use."""

from __future__ import annotations

import errno
import fcntl
import io
import os
import secrets
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

_PREFIX, _SUFFIX = ".ailock-", ".tmp"
_ABANDONED_SECONDS = 60
"""Age of a file that a killed process left: a living one has locked or finished it by then."""

NO_PERMISSIONS = (
    "its file system keeps no permissions, as FAT, exFAT and Android's shared storage do not: "
    "choose a folder elsewhere"
)


def why_not_private(path: Path, status: os.stat_result) -> str | None:
    """Say why someone besides the running user may use ``path`` and what to do, else ``None``.

    Root and the user's other programs can use it in any case.
    """
    if not _used_by_others(status):
        return None
    if not _keeps_permissions(path.resolve().parent):
        return NO_PERMISSIONS
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
        return NO_PERMISSIONS
    if is_foreign:
        return f"its folder belongs to user {status.st_uid}: choose one of your own"
    return f"other users may exchange files in its folder: run chmod go-w {folder}"


def read_limited(path: Path, limit: int, *, private: bool = True) -> bytes:
    """The bytes of a plain file, at most one more than ``limit``.

    Raises
    ------
    OSError
        Also where others may use it, and ``private`` forbids that.
    """
    # O_NONBLOCK: opening a named pipe must fail below instead of waiting for a writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:
        # The open file is asked, not the path: it cannot be exchanged after the check.
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is not a plain file: point to another path")
        if private and (reason := why_not_private(path, status)) is not None:
            raise OSError(errno.EPERM, f"it is refused, {reason}")
        return file.read(limit + 1)


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


def sync(descriptor: int) -> None:
    """Put a file on the disk; macOS leaves it in the drive's cache after ``fsync``."""
    command = getattr(fcntl, "F_FULLFSYNC", None)
    if command is not None:
        with suppress(OSError):  # not on every file system
            fcntl.fcntl(descriptor, command)
            return
    os.fsync(descriptor)


def sync_folder(folder: Path) -> None:
    """Put the folder's entries on the disk: a new name survives a power cut only after this."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        sync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system that cannot sync a folder
            raise
    finally:
        os.close(descriptor)


@contextmanager
def new_private_file(
    target: Path, *, overwrite: bool, private: bool = False, named: bool = False
) -> Iterator[io.BufferedWriter]:
    """Yield a new file (mode 0600) that becomes ``target`` when the block ends without an error.

    Until then it has no name, or where the file system wants one, another in the same folder:
    nobody ever sees ``target`` half written (but see :func:`_rename`). Of two processes
    that create it at once, one wins and the other gets ``FileExistsError``. After an error nothing
    is left and an existing ``target`` is untouched. A kill or a power cut leaves nothing either
    where files may be nameless; elsewhere a file ``.ailock-*.tmp``, which the next new file in this
    folder removes. A symbolic link at ``target`` counts as existing and is itself replaced, not
    followed, so that nobody who may write to the folder chooses what is overwritten.

    Parameters
    ----------
    target : Path
        Every ``OSError`` has it as its ``filename``.
    overwrite : bool
        Replace a file that exists; else it is a ``FileExistsError``, before the block or after it.
    private : bool
        Refuse a file system that lets others use the file.
    named : bool
        Whether the file has to have a ``name`` meanwhile, for whoever opens it by one.
    """
    with _told_as(target):
        _check_target(target, overwrite)
        _remove_left_behind(target.parent)
        file = _new_file(target, named)
    try:
        with _told_as(target):
            if private and _used_by_others(os.fstat(file.fileno())):
                raise OSError(errno.ENOTSUP, NO_PERMISSIONS)
        yield file
        with _told_as(target):
            file.flush()
            sync(file.fileno())
            if isinstance(file.name, str):
                # Closed before it is known as `target`: see open_vault_file on descriptors.
                file.close()
                _rename(file.name, target, overwrite)
            else:
                _give_name(file.fileno(), target, overwrite)
            sync_folder(target.parent)
    finally:
        with suppress(OSError):  # what could not be written is told by the first error
            file.close()
        if isinstance(file.name, str):
            Path(file.name).unlink(missing_ok=True)


def _check_target(target: Path, overwrite: bool) -> None:
    try:
        status = target.lstat()
    except FileNotFoundError:
        return
    if not overwrite:
        raise FileExistsError(errno.EEXIST, "it exists already")
    if stat.S_ISLNK(status.st_mode) and target.exists():
        status = target.stat()
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder: name a file")
    if not stat.S_ISREG(status.st_mode) and not stat.S_ISLNK(status.st_mode):
        raise OSError(errno.EINVAL, "it is a pipe or a device: a file cannot take its place")


@contextmanager
def _told_as(target: Path) -> Iterator[None]:
    """Let errors name the file that the user named, not one that he never heard of."""
    try:
        yield
    except OSError as error:
        raise type(error)(error.errno, error.strerror or str(error), str(target)) from None


class _RawFile(io.FileIO):
    """A file whose errors name the target."""

    target: Path

    def write(self, data: Any, /) -> int:
        with _told_as(self.target):
            return super().write(data)


def _new_file(target: Path, named: bool) -> io.BufferedWriter:
    """A file of mode 0600; its ``name`` is a number where it can do without one."""
    raw = None if named else _nameless(target.parent)
    if raw is None:
        # Opened with O_EXCL: a name that someone prepared in a shared folder is never used.
        descriptor, name = tempfile.mkstemp(prefix=_PREFIX, suffix=_SUFFIX, dir=target.parent)
        os.close(descriptor)
        raw = _RawFile(name, "r+")
        with suppress(OSError):  # no such locks here: then nothing is removed here either
            fcntl.flock(raw, fcntl.LOCK_EX | fcntl.LOCK_NB)
    raw.target = target
    return io.BufferedWriter(raw)


def _nameless(folder: Path) -> _RawFile | None:
    """A file without a name, if one of this folder can be had and get a name later."""
    if not hasattr(os, "O_TMPFILE"):
        return None
    flags = os.O_WRONLY | os.O_TMPFILE | os.O_CLOEXEC
    try:
        with _RawFile(os.open(folder, flags, 0o600), "w") as probe:
            _link(probe.fileno(), name := _free_name(folder))
            name.unlink()
        return _RawFile(os.open(folder, flags, 0o600), "w")
    except OSError:
        return None


def _free_name(folder: Path) -> Path:
    return folder / f"{_PREFIX}{secrets.token_hex(8)}{_SUFFIX}"


def _link(descriptor: int, name: Path) -> None:
    """Name a nameless file, or raise ``FileExistsError``."""
    # A folder's descriptor makes Python call linkat, which can follow the link in /proc.
    folder = os.open(name.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.link(f"/proc/self/fd/{descriptor}", name.name, dst_dir_fd=folder)
    finally:
        os.close(folder)


def _give_name(descriptor: int, target: Path, overwrite: bool) -> None:
    if not overwrite:
        _link(descriptor, target)
        return
    _link(descriptor, name := _free_name(target.parent))
    try:
        name.replace(target)
    except BaseException:
        name.unlink()
        raise


def _rename(source: str, target: Path, overwrite: bool) -> None:
    """Rename; unless ``overwrite``, refuse a name that was taken meanwhile.

    A hard link refuses a taken name in one step. Android denies links to apps, and some file
    systems have none: there an empty file takes the name first, which others may see for an
    instant, and a kill in that instant leaves.
    """
    if overwrite:
        os.replace(source, target)
        return
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


def _remove_left_behind(folder: Path) -> None:
    """Remove what a killed process of this user left: old, and locked by nobody."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if not (entry.name.startswith(_PREFIX) and entry.name.endswith(_SUFFIX)):
                continue
            with suppress(OSError):
                status = entry.stat(follow_symlinks=False)
                if (
                    stat.S_ISREG(status.st_mode)
                    and status.st_uid == os.geteuid()
                    and status.st_mtime < time.time() - _ABANDONED_SECONDS
                ):
                    with open(entry.path, "rb") as file:
                        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                        os.unlink(entry.path)


def _used_by_others(status: os.stat_result) -> bool:
    return status.st_uid != os.geteuid() or bool(status.st_mode & (stat.S_IRWXG | stat.S_IRWXO))


def _keeps_permissions(folder: Path) -> bool:
    """Whether a file that is made private stays so here; ``True`` where none can be made."""
    try:
        file = _new_file(folder / "probe", named=False)
    except OSError:
        return True
    with file:
        if isinstance(file.name, str):
            os.unlink(file.name)
        return not os.fstat(file.fileno()).st_mode & (stat.S_IRWXG | stat.S_IRWXO)
