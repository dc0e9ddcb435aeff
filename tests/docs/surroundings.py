"""The folder in which a page's commands are typed."""

from __future__ import annotations

import shutil
from pathlib import Path

from PIL import Image

from ailock_sdk.camera import open_camera
from tests.conftest import PHOTOS

VIDEOS = PHOTOS.parent / "videos"


def furnish(place: Path) -> Path:
    """A home with what a reader has by then: photos of a mug and of other things.

    ``mug1.jpg`` and so on are the committed photos, ``other.jpg`` is one of another thing;
    ``mug.mp4`` is the mug before a camera in another room, and ``new.jpg`` a picture of that.
    ``my-photos`` has a folder for each thing.
    """
    home = place / "home"
    home.mkdir()
    for photo in sorted(PHOTOS.glob("*-[0-9].jpg")):
        name, _, number = photo.stem.rpartition("-")
        shutil.copy(photo, home / f"{name}{number}.jpg")
        of_its_thing = home / "my-photos" / name / f"{number}.jpg"
        of_its_thing.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(photo, of_its_thing)
    shutil.copy(PHOTOS / "clock-1.jpg", home / "other.jpg")
    shutil.copy(VIDEOS / "mug-home.mp4", home / "mug.mp4")
    with open_camera(VIDEOS / "mug-kitchen.mp4") as camera:
        Image.fromarray(next(iter(camera)).pixels).save(home / "new.jpg", quality=92)
    return home
