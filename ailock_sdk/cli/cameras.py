"""``ailock cameras``, and photos that ``--camera`` takes for other commands.

Advice is one line each time it changes: on standard error, or with ``--json`` a JSON object a line
on standard output, before that of the result.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import click

from ailock_sdk.cli import options
from ailock_sdk.cli.asking import Opener
from ailock_sdk.cli.commands import FILE, Settings, command
from ailock_sdk.cli.files import open_output
from ailock_sdk.cli.output import report, shown, tell
from ailock_sdk.constants import CAMERA_VARIABLE
from ailock_sdk.errors import (
    CameraError,
    EnrollmentError,
    LockedOutError,
    PhotoQualityError,
    UnlockError,
)

if TYPE_CHECKING:
    from ailock_sdk.camera import Camera
    from ailock_sdk.capture import PhotoSource
    from ailock_sdk.secret import Hidden
    from ailock_sdk.vault import Vault

PROBE_SECONDS = 15.0
"""How long an object is looked for."""
PROBE_BURSTS = 3
"""Attempts that one command makes of it: the throttle's free ones are five."""
REFERENCES = 3
REFERENCE_SECONDS = 60.0
"""How long there is time to move the object."""

Result = TypeVar("Result")
Event: TypeAlias = "Callable[[str, str], object]"
"""Told what happens: a stable code, and a text for people."""


def open_camera(source: str) -> Camera:
    """The camera of ``--camera``, else of the environment, else the first; or a ``CameraError``."""
    from ailock_sdk import camera

    return camera.open_camera(source or os.environ.get(CAMERA_VARIABLE) or None)


def one_photo_source(photos: tuple[str, ...], camera: str | None) -> None:
    """Refuse a command line with photos and a camera, or with neither."""
    if bool(photos) == (camera is not None):
        raise click.UsageError(
            "photos and --camera exclude each other" if photos else "give photos, or --camera"
        )


def opened(
    settings: Settings, opener: Opener, opened_by: Any, attempt: Callable[[Any], Result]
) -> Result:
    """What ``attempt`` gives for ``opened_by``, or for the first photos of a camera that match.

    Parameters
    ----------
    settings : Settings
    opener : Opener
    opened_by : PhotoSources or RecoveryCode
        What the opener has read.
    attempt : callable
        Takes photos or a code; an ``UnlockError`` if they do not match.

    Raises
    ------
    UnlockError
        They do not match, or none did; each burst of photos was one attempt.
    CameraError
        The camera failed, or showed nothing that could be used.
    """
    if opener.camera is None:
        return attempt(opened_by)
    with open_camera(opener.camera) as camera:
        _event(settings, "looking", "show the object to the camera")
        return attempts(camera, attempt, partial(_event, settings))


def check_may_try(vault: Vault, name: str) -> None:
    """Refuse a lock that no photos can open now, before anybody is asked to show an object.

    Raises
    ------
    LockedOutError, UnknownNameError, PepperError
        Or another error of :meth:`~ailock_sdk.vault.Vault.show`.
    """
    wait = vault.show(name)["retry_after_seconds"]
    if wait != 0:
        raise LockedOutError(wait)


def attempts(
    camera: Camera, attempt: Callable[[list[PhotoSource]], Result], event: Event
) -> Result:
    """What ``attempt`` gives for the first burst that matches; see :func:`opened`."""
    from ailock_sdk.viewfinder import bursts

    missed: UnlockError | PhotoQualityError = UnlockError()
    found = bursts(camera, PROBE_SECONDS, tell=lambda advice: event(advice.value, advice.text))
    for _, burst in zip(range(PROBE_BURSTS), found, strict=False):
        try:
            return attempt([glance.frame.pixels for glance in burst])
        except (UnlockError, PhotoQualityError) as error:
            missed = error
            event("no_match", "no match yet: show another side of it")
    raise missed


class Enrolling:
    """Takes references by a camera and tries them; a context manager.

    Parameters
    ----------
    settings : Settings
    source : str
        Of ``--camera``.
    vault : Vault
        Whose model says whether the photos show one object.
    """

    def __init__(self, settings: Settings, source: str, vault: Vault) -> None:
        self._settings = settings
        self._vault = vault
        self._camera = open_camera(source)

    def __enter__(self) -> Enrolling:
        return self

    def __exit__(self, *_: object) -> None:
        self._camera.close()

    def references(self) -> list[Any]:
        """Photos of one object from different sides, before different backgrounds.

        Raises
        ------
        CameraError
            The camera failed, or nothing usable or new was shown in time.
        """
        from ailock_sdk.viewfinder import bursts

        settings, lock = self._settings, self._vault.lock
        taken: list[Any] = []
        imageprints: list[Any] = []
        while len(taken) < REFERENCES:
            _event(settings, "reference", f"photo {len(taken) + 1} of {REFERENCES}")
            moment = bursts(
                self._camera,
                REFERENCE_SECONDS,
                references=taken,
                frames=1,
                tell=lambda advice: _tell_advice(settings, advice),
            )
            (glance,) = next(moment)
            try:
                new = lock.imageprint(glance.frame.pixels, reference=True)
                lock.reference([*imageprints, new])
            except (EnrollmentError, PhotoQualityError):
                _event(settings, "another_object", "this looks like another object: show it again")
                continue
            taken.append(glance)
            imageprints.append(new)
        return [glance.frame.pixels for glance in taken]

    def trial(self, name: str, pin: Hidden | None) -> bool | None:
        """Whether the lock opens now; ``None`` if the camera shows nothing any more."""
        _event(self._settings, "trial", "now a trial: show it once more")
        try:
            attempts(
                self._camera,
                lambda photos: self._vault.unlock(name, photos, pin=pin),
                partial(_event, self._settings),
            )
        except (UnlockError, PhotoQualityError):
            _event(
                self._settings,
                "trial_failed",
                f"it did not open: add photos by `ailock slots add {name} --camera --code`",
            )
            return False
        except CameraError:
            return None
        return True


def _tell_advice(settings: Settings, advice: Any) -> None:
    _event(settings, advice.value, advice.text)


def _event(settings: Settings, code: str, text: str) -> None:
    if settings.json:
        print(json.dumps({"event": code, "text": text}), flush=True)
    else:
        tell(text)


@command("cameras", "ailock cameras", "ailock cameras --snapshot here.png /dev/video0")
@click.argument("source", type=FILE, required=False, help=options.CAMERA_SOURCES)
@options.file_option("--snapshot", help="Take a picture of SOURCE, as PNG, to look at.")
@options.force
def cameras(settings: Settings, source: str | None, snapshot: str | None, force: bool) -> None:
    """List the cameras of this device, or take a picture with one."""
    from ailock_sdk.camera import list_cameras
    from ailock_sdk.capture import encode_png

    if snapshot is None:
        if source is not None:
            raise click.UsageError("say where the picture goes: --snapshot FILE")
        found = list_cameras()
        text = "\n".join(f"{each.source}  {shown(each.description)}" for each in found)
        facts = {"cameras": [{**vars(each)} for each in found]}
        report(settings, facts, text or "none found; streams and video files work too")
        return
    with open_camera(source or "") as camera, open_output(snapshot, force=force) as file:
        frame = next(camera, None)
        if frame is None:
            raise CameraError(f"{camera.name}: there is no picture in it")
        file.write(encode_png(frame.pixels))
    height, width = frame.pixels.shape[:2]
    taken = {"source": camera.name, "snapshot": snapshot, "width": width, "height": height}
    report(settings, taken, f"took {width} x {height} pixels with {shown(camera.name)}")
