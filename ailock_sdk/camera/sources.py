"""Where frames come from: devices, phones, streams, recordings, folders; PyAV reads them all."""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ailock_sdk.camera.camera import SILENCE_SECONDS, Camera, Pixels, Producer
from ailock_sdk.errors import CameraError
from ailock_sdk.limits import DEFAULT_LIMITS, Limits

_URL = re.compile(r"(https?|rtsps?|rtmps?|tcp|udp|srt)://", re.IGNORECASE)
_PICTURES = {".jpg", ".jpeg", ".png", ".webp"}
_WANTED_SIZE = "1280x720"
_FOLDER_SECONDS = 0.35
"""Between pictures of a folder: as if taken one after another, too far apart to show a shake."""
_TERMUX = "termux"
_PICAMERA = "picamera2"
_DEVICES = Path("/sys/class/video4linux")
_Sized = tuple[Pixels, "float | None"]


@dataclass(frozen=True)
class CameraInfo:
    """A camera of this device.

    Attributes
    ----------
    source : str
        What :func:`open_camera` takes.
    description : str
        As the system calls it.
    """

    source: str
    description: str


def open_camera(
    source: str | os.PathLike[str] | None = None,
    *,
    silence_seconds: float = SILENCE_SECONDS,
    limits: Limits = DEFAULT_LIMITS,
) -> Camera:
    """Open a camera; its frames come when it is iterated.

    Parameters
    ----------
    source : str or path-like, optional
        A device (``/dev/video0`` or ``0``), a stream's address (``http://``, ``rtsp://``, ...), a
        video file, a folder of pictures, ``picamera2`` or ``picamera2:1`` on Raspberry Pi OS,
        ``termux`` or ``termux:1`` on Android; by default the first that :func:`list_cameras` finds.
    silence_seconds : float
        Longest wait for a picture.
    limits : Limits
        Its ceiling on pixels holds for frames too.

    Raises
    ------
    CameraError
        There is no such source, or what reads it is not installed.
    """
    name = os.fspath(source) if source is not None else _first()
    produce, live = _producer(name, silence_seconds, limits.photo_pixels)
    return Camera(name, produce, live=live, silence_seconds=silence_seconds)


def list_cameras() -> tuple[CameraInfo, ...]:
    """The cameras of this device, those that are meant for programs like this first."""
    return (*_picameras(), *_termux_cameras(), *_devices())


def _first() -> str:
    for found in list_cameras():
        return found.source
    raise CameraError("no camera was found: name one, a video file or a stream's address")


def _producer(name: str, silence_seconds: float, most_pixels: int) -> tuple[Producer, bool]:
    """What gives the frames of a source, and whether it is a live one."""
    kind, _, number = name.partition(":")
    if kind == _PICAMERA:
        return lambda: _picamera(_index(name, number)), True
    if kind == _TERMUX:
        camera = _index(name, number)
        return lambda: _termux(camera, silence_seconds, most_pixels), True
    av = _av()
    timeouts = (silence_seconds, silence_seconds)
    if _URL.match(name):
        return lambda: _recording(av, name, timeouts, most_pixels, live=True), True
    path = Path(f"/dev/video{name}" if name.isdecimal() else name)
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no such name"
        raise CameraError(f"{name}: {reason}: `ailock cameras` lists what is here") from None
    if stat.S_ISCHR(mode):
        return lambda: _device(av, path, timeouts, most_pixels), True
    if stat.S_ISDIR(mode):
        return lambda: _folder(av, path, most_pixels), False
    return lambda: _recording(av, str(path), timeouts, most_pixels, live=False), False


def _index(name: str, number: str) -> int:
    if number and not number.isdecimal():
        raise CameraError(f"{name}: a camera's number stands behind the colon")
    return int(number or 0)


def _av() -> Any:
    try:
        return importlib.import_module("av")
    except ImportError:
        raise CameraError("cameras need PyAV: pip install 'ailock-sdk[camera]'") from None


def _recording(
    av: Any, name: str, timeouts: tuple[float, float], most_pixels: int, *, live: bool
) -> Iterator[_Sized]:
    with av.open(name, timeout=timeouts) as container:
        for frame in _frames(av, container, most_pixels):
            yield _upright(frame), None if live else float(frame.time or 0.0)


def _device(
    av: Any, path: Path, timeouts: tuple[float, float], most_pixels: int
) -> Iterator[_Sized]:
    try:
        container = av.open(
            str(path), format="v4l2", timeout=timeouts, options={"video_size": _WANTED_SIZE}
        )
    except av.error.ValueError:  # a camera without this size gives one of its own
        container = av.open(str(path), format="v4l2", timeout=timeouts)
    with container:
        for frame in _frames(av, container, most_pixels):
            yield _upright(frame), None


def _folder(av: Any, path: Path, most_pixels: int) -> Iterator[_Sized]:
    names = sorted(p for p in path.iterdir() if p.suffix.lower() in _PICTURES)
    if not names:
        raise CameraError("no pictures in this folder")
    for number, each in enumerate(names):
        yield _picture(av, each, most_pixels), number * _FOLDER_SECONDS


def _picture(av: Any, path: Path, most_pixels: int) -> Pixels:
    with av.open(str(path)) as container:
        for frame in _frames(av, container, most_pixels):
            return _upright(frame)
    raise CameraError(f"{path.name}: not a picture")


def _frames(av: Any, container: Any, most_pixels: int) -> Iterator[Any]:
    if not container.streams.video:
        raise CameraError("there is no picture in it")
    stream = container.streams.video[0]
    if stream.width * stream.height > most_pixels:
        raise CameraError(f"its pictures have more than {most_pixels / 1e6:.4g} megapixels")
    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except av.error.InvalidDataError:
            continue  # one that arrived damaged; a stream of such falls silent


def _upright(frame: Any) -> Pixels:
    pixels = frame.to_ndarray(format="rgb24")
    turns = round(frame.rotation / 90) % 4  # counter-clockwise, as a phone's video says
    return np.ascontiguousarray(np.rot90(pixels, turns)) if turns else pixels


def _picamera(number: int) -> Iterator[_Sized]:
    try:
        module: Any = importlib.import_module(_PICAMERA)
    except ImportError:
        raise CameraError("needs Raspberry Pi OS: apt install python3-picamera2") from None
    with module.Picamera2(number) as camera:
        # picamera2 names formats as memory is read backwards: this one is RGB in an array.
        width, height = map(int, _WANTED_SIZE.split("x"))
        size = {"format": "BGR888", "size": (width, height)}
        camera.configure(camera.create_video_configuration(size))
        camera.start()
        while True:
            yield camera.capture_array(), None


def _picameras() -> Iterator[CameraInfo]:
    try:
        found = importlib.import_module(_PICAMERA).Picamera2.global_camera_info()
    except Exception:  # whatever a driver says: then there is none
        return
    for each in found:
        yield CameraInfo(f"{_PICAMERA}:{each['Num']}", str(each.get("Model", "camera")))


def _termux(number: int, silence_seconds: float, most_pixels: int) -> Iterator[_Sized]:
    av = _av()
    with tempfile.TemporaryDirectory(prefix="ailock-") as folder:
        photo = Path(folder) / "photo.jpg"
        while True:
            words = ["termux-camera-photo", "-c", str(number), str(photo)]
            _call(words, silence_seconds)
            try:
                yield _picture(av, photo, most_pixels), None
            finally:
                photo.unlink(missing_ok=True)


def _termux_cameras() -> Iterator[CameraInfo]:
    if shutil.which("termux-camera-info") is None:
        return
    try:
        found = json.loads(_call(["termux-camera-info"], SILENCE_SECONDS))
        infos = [CameraInfo(f"{_TERMUX}:{each['id']}", str(each["facing"])) for each in found]
    except (CameraError, ValueError, LookupError, TypeError):
        return
    yield from infos


def _call(words: list[str], seconds: float) -> bytes:
    try:
        done = subprocess.run(words, capture_output=True, timeout=seconds, check=False)
    except FileNotFoundError:
        raise CameraError("needs Termux:API: pkg install termux-api") from None
    except subprocess.TimeoutExpired:
        raise CameraError(f"no answer for {seconds:g} s: has Termux:API the permission?") from None
    if done.returncode != 0:
        raise CameraError(f"{words[0]} failed with status {done.returncode}")
    return done.stdout


def _devices() -> Iterator[CameraInfo]:
    """The first node of each V4L2 device; others give metadata."""
    for folder in sorted(_DEVICES.glob("video*"), key=lambda p: (len(p.name), p.name)):
        try:
            if (folder / "index").read_text().strip() == "0":
                yield CameraInfo(f"/dev/{folder.name}", (folder / "name").read_text().strip())
        except OSError:
            continue
