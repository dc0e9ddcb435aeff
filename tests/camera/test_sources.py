"""Frames from files, folders, streams, devices and phones, and what is said when none come."""

from __future__ import annotations

import shutil
import sys
import time
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ailock_sdk import CameraError
from ailock_sdk.camera import CameraInfo, list_cameras, open_camera, sources
from ailock_sdk.limits import Limits
from tests.camera.streams import mjpeg_server
from tests.camera.videos import FRAMES_A_SECOND, hand_held, jpeg, write_video
from tests.conftest import PHOTOS

pytest.importorskip("av", reason="needs the extra [camera]")
MUG = PHOTOS / "mug-1.jpg"


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("video") / "mug.avi", [hand_held(MUG, 1)])


def pictures(count: int = 5) -> list[bytes]:
    return [jpeg(pixels) for _, pixels in zip(range(count), hand_held(MUG, 1), strict=False)]


def test_a_recording_gives_every_frame_with_its_time(video: Path) -> None:
    with open_camera(video) as camera:
        frames = list(camera)
    assert not camera.live
    seconds = [frame.seconds for frame in frames]
    assert seconds == pytest.approx(np.arange(FRAMES_A_SECOND) / FRAMES_A_SECOND, abs=1e-3)
    for frame, sent in zip(frames, hand_held(MUG, 1), strict=True):
        assert frame.pixels.dtype == np.uint8
        assert frame.pixels.shape == sent.shape
        assert np.abs(frame.pixels.astype(int) - sent).mean() < 4  # red is red, and up is up


def test_a_folder_gives_its_pictures_by_name(tmp_path: Path) -> None:
    for name in ("b", "a"):
        grey = np.full((64, 80, 3), 200 if name == "a" else 20, np.uint8)
        Image.fromarray(grey).save(tmp_path / f"{name}.png")
    (tmp_path / "notes.txt").write_text("no picture")
    with open_camera(tmp_path) as camera:
        assert [int(frame.pixels.mean()) for frame in camera] == [200, 20]


def test_a_stream_gives_its_newest_frame() -> None:
    with mjpeg_server(pictures(), "repeat") as address, open_camera(address) as camera:
        assert camera.live
        first = next(camera)
        time.sleep(0.5)
        assert next(camera).seconds - first.seconds > 0.2, "frames were kept for a slow reader"


@pytest.mark.parametrize(
    ("then", "said"), [("freeze", "no picture for 1 s"), ("end", "."), ("break", ".")]
)
def test_a_stream_that_dies_is_told_in_one_line(then: str, said: str) -> None:
    with mjpeg_server(pictures(), then) as address:
        start = time.monotonic()
        with (
            open_camera(address, silence_seconds=1) as camera,
            pytest.raises(CameraError, match=said) as caught,
        ):
            for _ in camera:
                pass
        assert time.monotonic() - start < 10
    assert str(caught.value).startswith(f"{address}: ")
    assert "\n" not in str(caught.value)


def test_a_source_that_never_answers_is_given_up_and_left_alone() -> None:
    """As a device whose driver hangs: its thread cannot be ended, and holds nobody up."""

    def hang() -> Any:
        time.sleep(30)
        yield

    camera = sources.Camera("/dev/video9", hang, live=True, silence_seconds=0.2)
    start = time.monotonic()
    with pytest.raises(CameraError, match=r"^/dev/video9: no picture for 0.2 s: .*unplugged"):
        next(camera)
    camera.close()
    assert time.monotonic() - start < 10
    assert list(camera) == []


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("no-such-file.mp4", "No such file"),
        ("77", "/dev/video77|77: No such file"),
        ("a\0b", "no such name"),
        ("picamera2:front", "number"),
        ("picamera2", "Raspberry Pi OS"),
        ("termux", "Termux:API"),
        ("http://127.0.0.1:9/video", "refused"),
    ],
)
def test_what_is_no_source_is_named(source: str, said: str) -> None:
    with pytest.raises(CameraError, match=said) as caught, open_camera(source) as camera:
        next(camera)
    assert "\n" not in str(caught.value)


def test_what_is_no_video_is_named(tmp_path: Path) -> None:
    text = tmp_path / "letter.txt"
    text.write_text("no video")
    empty = tmp_path / "pictures"
    empty.mkdir()
    for source in (text, empty):
        with pytest.raises(CameraError, match=source.name), open_camera(source) as camera:
            next(camera)


def test_frames_have_a_ceiling(video: Path) -> None:
    small = Limits(photo_pixels=100_000)
    with pytest.raises(CameraError, match="megapixels"), open_camera(video, limits=small) as camera:
        next(camera)


def test_a_recording_damaged_in_the_middle_goes_on(video: Path, tmp_path: Path) -> None:
    data = bytearray(video.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 200] = bytes(200)
    (tmp_path / "damaged.avi").write_bytes(data)
    with open_camera(tmp_path / "damaged.avi") as camera:
        assert len(list(camera)) >= FRAMES_A_SECOND - 3


def test_without_pyav_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, video: Path) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(CameraError, match=r"ailock-sdk\[camera\]"):
        open_camera(video)


def test_devices_are_listed_by_their_first_node(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for number, index in ((10, 0), (0, 0), (1, 1)):
        folder = tmp_path / f"video{number}"
        folder.mkdir()
        (folder / "index").write_text(f"{index}\n")
        (folder / "name").write_text(f"Webcam {number}\n")
    monkeypatch.setattr(sources, "_DEVICES", tmp_path)
    expected = (CameraInfo("/dev/video0", "Webcam 0"), CameraInfo("/dev/video10", "Webcam 10"))
    assert list_cameras() == expected


def test_without_any_camera_that_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sources, "_DEVICES", tmp_path)
    with pytest.raises(CameraError, match="no camera was found"):
        open_camera()


def test_termux_takes_photos_and_leaves_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By a program that does what Termux:API's says."""
    monkeypatch.setenv("PATH", f"{tmp_path}:{sys.exec_prefix}/bin:/usr/bin:/bin")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    shutil.copy(MUG, tmp_path / "mug.jpg")
    photo = tmp_path / "termux-camera-photo"
    photo.write_text(f'#!/bin/sh\n[ "$1" = -c ] && [ "$2" = 1 ] && cp {tmp_path}/mug.jpg "$3"\n')
    info = tmp_path / "termux-camera-info"
    info.write_text("""#!/bin/sh\necho '[{"id": "0", "facing": "back"}]'\n""")
    for each in (photo, info):
        each.chmod(0o755)
    assert CameraInfo("termux:0", "back") in list_cameras()
    with open_camera("termux:1") as camera:
        assert next(camera).pixels.shape == np.asarray(Image.open(MUG)).shape
    with pytest.raises(CameraError, match="status 1"), open_camera("termux:0") as camera:
        next(camera)
    assert list(tmp_path.glob("ailock-*")) == []


def test_picamera2_is_used_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a module of the same interface: the library runs on Raspberry Pi OS only."""
    asked: list[Any] = []

    class Picamera2:
        def __init__(self, number: int) -> None:
            asked.append(number)

        @staticmethod
        def global_camera_info() -> list[dict[str, Any]]:
            return [{"Model": "imx708", "Num": 0}]

        def create_video_configuration(self, main: dict[str, Any]) -> dict[str, Any]:
            return main

        def configure(self, configuration: dict[str, Any]) -> None:
            asked.append(configuration)

        def start(self) -> None:
            asked.append("start")

        def capture_array(self) -> Any:
            return np.zeros((720, 1280, 3), np.uint8)

        def __enter__(self) -> Picamera2:
            return self

        def __exit__(self, *_: object) -> None:
            asked.append("closed")

    monkeypatch.setitem(sys.modules, "picamera2", types.SimpleNamespace(Picamera2=Picamera2))  # type: ignore[arg-type]
    assert CameraInfo("picamera2:0", "imx708") in list_cameras()
    with open_camera("picamera2:0") as camera:
        assert next(camera).pixels.shape == (720, 1280, 3)
    assert asked[:3] == [0, {"format": "BGR888", "size": (1280, 720)}, "start"]
