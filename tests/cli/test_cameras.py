"""``--camera``: rendered clips of objects stand for a camera, and streams for a phone."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

import pytest
from PIL import Image

from ailock_sdk.cli.exit_codes import ExitCode
from tests.cli.processes import Ailock
from tests.conftest import PHOTOS

pytest.importorskip("av", reason="needs the extra [camera]")
from tests.camera.streams import mjpeg_server
from tests.camera.videos import clip, frames, jpeg, write_video


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a person shows one after another: to enrol, to unlock, and something else first."""
    folder = tmp_path_factory.mktemp("videos")
    sides = ("mug-dark", "mug-home", "mug-kitchen", "mug-study", "mug-home-right")
    write_video(folder / "enrol.avi", [frames(clip(name)) for name in sides])
    raised = ("mug-dark", "card", "mug-hall")
    write_video(folder / "raised.avi", [frames(clip(name)) for name in raised])
    robot, mug = islice(frames(clip("robot-home")), 14), frames(clip("mug-hall"))
    write_video(folder / "late.avi", [robot, mug])
    return folder


@pytest.fixture(scope="module")
def ailock(videos: Path, tmp_path_factory: pytest.TempPathFactory) -> Ailock:
    """A home with the lock ``door``, enrolled by camera."""
    ailock = Ailock(tmp_path_factory.mktemp("home"))
    words = ["--camera", videos / "enrol.avi", "--recovery-file", ailock.home / "code"]
    done = ailock("enroll", "door", *words)
    assert (done.returncode, done.stdout) == (0, b"enrolled 'door' from 3 photos\n"), done.stderr
    told = done.stderr.decode().replace("ailock: ", "").splitlines()
    assert told[:4] == [
        "photo 1 of 3",
        "too dark: turn on a light",
        "good",
        "photo 2 of 3",
    ]
    assert "now turn it a little, and put it before another background" in told
    assert told[-2:] == ["now a trial: show it once more", "good"]
    return ailock


def misses(ailock: Ailock) -> int:
    return int(json.loads(ailock("show", "door", "--json").stdout)["misses"])


def test_the_enrolled_object_opens(ailock: Ailock, videos: Path) -> None:
    done = ailock("unlock", "door", "--camera", videos / "raised.avi", "--output", "hex")
    assert done.returncode == ExitCode.OK, done.stderr
    recovered = ailock("recover", "door", "--code-file", ailock.home / "code", "--output", "hex")
    assert done.stdout == recovered.stdout
    assert len(done.stdout) == 65


def test_each_burst_of_another_object_is_one_attempt(ailock: Ailock, videos: Path) -> None:
    assert misses(ailock) == 0
    done = ailock("unlock", "door", "--camera", clip("other-mug-home"))
    assert (done.returncode, done.stdout) == (ExitCode.NO_MATCH, b"")
    assert misses(ailock) == 3
    assert ailock("unlock", "door", "--camera", videos / "late.avi").returncode == ExitCode.OK
    assert misses(ailock) == 0


def test_no_camera_is_opened_for_what_cannot_be_tried(ailock: Ailock, videos: Path) -> None:
    words = ["--camera", "/dev/video77"]
    unknown = ailock("unlock", "shed", *words)
    assert unknown.returncode == ExitCode.USAGE
    assert b"no lock is named 'shed'" in unknown.stderr
    (ailock.home / "letter").write_bytes(b"dear")
    ailock("seal", "door", ailock.home / "letter", "-o", ailock.home / "sealed")
    for _ in range(2):
        ailock("unlock", "door", "--camera", clip("other-mug-home"))
    assert ailock("unlock", "door", *words).returncode == ExitCode.LOCKED_OUT
    opened = ailock("open", "door", ailock.home / "sealed", *words, "-o", ailock.home / "out")
    assert opened.returncode == ExitCode.LOCKED_OUT
    assert ailock("recover", "door", "--code-file", ailock.home / "code").returncode == 0


def test_what_shows_nothing_costs_nothing(ailock: Ailock, videos: Path) -> None:
    done = ailock("unlock", "door", "--camera", clip("mug-dark"))
    assert done.returncode == ExitCode.PHOTO_REJECTED
    name = clip("mug-dark")
    last = f"ailock: {name}: no good picture: too dark: turn on a light\n"
    assert done.stderr.decode().endswith(last)
    assert misses(ailock) == 0


def test_events_are_json_objects_a_line(ailock: Ailock, videos: Path) -> None:
    done = ailock("unlock", "door", "--camera", videos / "raised.avi", "--json")
    assert done.stderr == b""
    *events, result = done.stdout.decode().split("\n{\n", 1)
    codes = [json.loads(line)["event"] for line in events[0].splitlines()]
    assert codes == ["looking", "too_dark", "no_texture", "hold_still", "good"]
    assert json.loads("{" + result) == {"name": "door", "match": True}


def test_a_sealed_file_opens_after_a_first_miss(ailock: Ailock, videos: Path) -> None:
    (ailock.home / "letter").write_bytes(bytes(300_000))
    assert ailock("seal", "door", ailock.home / "letter").returncode == 0
    words = ["--camera", videos / "late.avi", "-o", ailock.home / "opened"]
    done = ailock("open", "door", ailock.home / "letter.sealed", *words)
    assert done.returncode == ExitCode.OK, done.stderr
    assert b"no match yet" in done.stderr
    assert (ailock.home / "opened").read_bytes() == bytes(300_000)


def test_a_phones_stream_opens_and_a_frozen_one_ends(ailock: Ailock) -> None:
    pictures = [jpeg(pixels) for pixels in frames(clip("mug-hall"))]
    with mjpeg_server(pictures, "repeat") as address:
        assert ailock("unlock", "door", "--camera", address).returncode == ExitCode.OK
    with mjpeg_server(pictures[:3], "freeze") as address:
        done = ailock("unlock", "door", "--camera", address)
    assert done.returncode == ExitCode.PHOTO_REJECTED
    assert done.stderr.decode().splitlines()[-1].startswith(f"ailock: {address}: ")


def test_a_slot_is_added_by_camera(ailock: Ailock, videos: Path) -> None:
    words = ["--camera", videos / "enrol.avi", "--code-file", ailock.home / "code"]
    done = ailock("slots", "add", "door", *words, "--label", "again")
    assert (done.returncode, done.stdout) == (0, b"added slot 3 to 'door'\n"), done.stderr


def test_comparing_takes_one_moment(ailock: Ailock, videos: Path) -> None:
    done = ailock("compare", PHOTOS / "mug-1.jpg", "--camera", videos / "raised.avi", "--json")
    result = json.loads("{" + done.stdout.decode().split("\n{\n", 1)[1])
    assert done.returncode == ExitCode.OK
    assert result["match"] is True


def test_another_object_is_not_taken_for_a_reference(tmp_path: Path) -> None:
    both = [frames(clip(name)) for name in ("mug-home", "robot-home")]
    done = Ailock(tmp_path)("enroll", "door", "--camera", write_video(tmp_path / "v.avi", both))
    assert done.returncode == ExitCode.PHOTO_REJECTED
    assert b"this looks like another object" in done.stderr
    assert not Ailock(tmp_path).vault.exists()


def test_a_name_that_is_taken_is_told_before_photos_are_taken(ailock: Ailock, videos: Path) -> None:
    done = ailock("enroll", "door", "--camera", videos / "enrol.avi")
    assert done.returncode == ExitCode.USAGE
    assert b"photo 1" not in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["unlock", "door"], "say what opens the lock"),
        (["unlock", "door", "x.jpg", "--camera"], "exclude each other"),
        (["open", "door", "letter", "--camera", "v.avi", "--code"], "exclude each other"),
        (["enroll", "shed"], "give photos, or --camera"),
        (["enroll", "shed", "x.jpg", "--camera"], "exclude each other"),
        (["slots", "add", "door", "--camera", "--recovery", "--code"], "takes no photos"),
        (["compare", "x.jpg"], "give photos, or --camera"),
        (["cameras", "/dev/video0"], "--snapshot FILE"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_meant_is_said(ailock: Ailock, words: list[str], said: str) -> None:
    done = ailock(*words)
    assert done.returncode == ExitCode.USAGE
    assert said in done.stderr.decode()


def test_a_camera_that_is_not_there_is_told(ailock: Ailock) -> None:
    done = ailock("unlock", "door", "--camera", "/dev/video77")
    assert done.returncode == ExitCode.PHOTO_REJECTED
    assert b"/dev/video77: No such file or directory" in done.stderr


def test_cameras_lists_them_and_takes_a_picture(ailock: Ailock, videos: Path) -> None:
    assert isinstance(json.loads(ailock("cameras", "--json").stdout)["cameras"], list)
    picture = ailock.home / "here.png"
    words = ["cameras", clip("other-mug-home"), "--snapshot", picture]
    done = ailock(*words)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"took 640 x 480 pixels")
    with Image.open(picture) as image:
        assert image.size == (640, 480)
    nothing = ailock("cameras", "/dev/null", "--snapshot", ailock.home / "nothing.png")
    assert nothing.returncode == ExitCode.PHOTO_REJECTED
    assert ailock(*words).returncode == ExitCode.USAGE  # it is there
    assert ailock(*words, "--force").returncode == ExitCode.OK
