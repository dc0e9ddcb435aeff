"""`age-plugin-ailock`, started by the real `age`, and spoken to by a client that cheats."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pyrage
import pytest

from ailock_sdk import RecoveryCode, Vault
from ailock_sdk.errors import SealedDataError
from ailock_sdk.secret import Hidden
from ailock_sdk.store import age_identity, age_recipient, lock_identity, lock_recipient
from ailock_sdk.store.age_stanzas import (
    Stanza,
    check_stanza,
    file_key,
    named_recipient,
    plugin_identity,
)
from tests.age import age, needs_age
from tests.cli.processes import Ailock
from tests.conftest import PHOTOS
from tests.programs.real import blocks, install

KEY = Hidden(range(32))
RECIPIENT = age_recipient(lock_recipient(KEY))
LETTER = b"under the blue flower pot"


@dataclass
class Age:
    """A home with the lock ``door`` of a book, and a camera before which something lies."""

    ailock: Ailock
    installed: Path

    def before_the_camera(self, photo: str) -> None:
        camera = self.ailock.home / "camera"
        shutil.rmtree(camera, ignore_errors=True)
        camera.mkdir()
        shutil.copy(PHOTOS / photo, camera)

    @property
    def environment(self) -> dict[str, str]:
        return {
            **self.ailock.environment,
            "PATH": f"{self.installed / 'bin'}:{os.environ['PATH']}",
            "AILOCK_CAMERA": str(self.ailock.home / "camera"),
        }

    def sh(self, script: str) -> subprocess.CompletedProcess[bytes]:
        words = ["bash", "-ec", script]
        return subprocess.run(
            words, env=self.environment, cwd=self.ailock.home, capture_output=True, check=False
        )

    @property
    def misses(self) -> int:
        with_misses = self.sh("ailock show door --json | grep misses").stdout
        return int(with_misses.split(b":")[1].strip(b" ,\n"))


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Age:
    pytest.importorskip("av", reason="needs the extra [camera]")
    installed = install(tmp_path_factory.mktemp("installed") / "venv")
    ailock = Ailock(tmp_path_factory.mktemp("home"))
    photos = [PHOTOS / f"book-{view}.jpg" for view in (1, 2)]
    done = ailock("enroll", "door", *photos, "--recovery-file", ailock.home / "code")
    assert done.returncode == 0, done.stderr
    return Age(ailock, installed)


@pytest.fixture(scope="module")
def sealed(here: Age) -> Age:
    """What the how-to's commands leave, which need no photo."""
    (here.ailock.home / "letter.txt").write_bytes(LETTER)
    for each in blocks("age.md")[:2]:
        done = here.sh(each)
        assert done.returncode == 0, done.stderr
    return here


@needs_age
def test_the_howto_opens_a_file_by_photo(sealed: Age) -> None:
    sealed.before_the_camera("book-3.jpg")
    opening = blocks("age.md")[2]
    assert "age -d -i door.txt" in opening
    done = sealed.sh(opening)
    assert done.returncode == 0, done.stderr
    assert LETTER in done.stdout
    assert b"show the object of lock 'door' to the camera" in done.stderr
    assert b"AGE-SECRET-KEY" not in done.stdout + done.stderr
    assert sealed.misses == 0


@pytest.mark.long
@pytest.mark.long
@needs_age
@pytest.mark.parametrize(
    "more", ["-a", "-r age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"]
)
def test_what_is_sealed_in_another_way_opens(sealed: Age, more: str) -> None:
    """Armoured, and to several; by another name of the lock."""
    sealed.before_the_camera("book-3.jpg")
    script = (
        f'age -e {more} -r "$(grep -o age1.* door.txt)" -o more.age letter.txt; '
        "ailock rename door shed; trap 'ailock rename shed door' EXIT; "
        "age -d -i door.txt more.age"
    )
    done = sealed.sh(f"exec 3>&1; {{ {script} >&3; }}")
    assert done.returncode == 0, done.stderr
    assert LETTER in done.stdout
    assert b"lock 'shed'" in done.stderr


@needs_age
def test_another_object_opens_nothing_and_is_counted(sealed: Age) -> None:
    sealed.before_the_camera("robot-1.jpg")
    done = sealed.sh("age -d -i door.txt letter.txt.age")
    assert done.returncode == 1
    assert done.stdout == b""
    assert b"no match" in done.stderr
    assert sealed.misses == 1


@pytest.mark.long
@needs_age
def test_a_file_of_another_lock_is_told(sealed: Age) -> None:
    sealed.before_the_camera("book-3.jpg")
    (sealed.ailock.home / "other.age").write_bytes(age("-r", RECIPIENT, data=LETTER))
    done = sealed.sh("age -d -i door.txt other.age")
    assert done.returncode == 1
    assert b"no identity matched" in done.stderr


@needs_age
def test_a_lock_that_is_not_here_is_told(sealed: Age) -> None:
    (sealed.ailock.home / "other.txt").write_text(plugin_identity(RECIPIENT) + "\n")
    done = sealed.sh("age -d -i other.txt letter.txt.age")
    assert done.returncode == 1
    assert f"has the recipient {RECIPIENT}".encode() in done.stderr


@needs_age
def test_encrypting_to_the_identity_is_to_the_recipient(sealed: Age) -> None:
    done = sealed.sh("age -e -i door.txt letter.txt")
    assert done.returncode == 0, done.stderr
    code = RecoveryCode.parse((sealed.ailock.home / "code").read_text())
    with Vault.open(sealed.ailock.vault, pepper=sealed.ailock.pepper) as vault:
        assert vault.open_sealed("door", done.stdout, code) == LETTER


@dataclass
class Told:
    """What pyrage calls back for, as a person at rage's terminal is told and asked."""

    messages: list[str] = field(default_factory=list)

    def display_message(self, message: str) -> None:
        self.messages.append(message)

    def confirm(self, *_: str) -> None:
        raise AssertionError("nothing is to be confirmed")

    request_public_string = request_passphrase = confirm


@pytest.mark.long
def test_rages_client_is_served_too(sealed: Age, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other implementation of age, which pyrage brings; both state machines."""
    sealed.before_the_camera("book-3.jpg")
    for name in ("PATH", "HOME", "AILOCK_CAMERA"):
        monkeypatch.setenv(name, sealed.environment[name])
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    text = (sealed.ailock.home / "door.txt").read_text().splitlines()[-1]
    told, identity = Told(), pyrage.plugin.Identity.from_str(text)
    recipient = pyrage.plugin.RecipientPluginV1("ailock", [], [identity], told)
    opener = pyrage.plugin.IdentityPluginV1("ailock", [identity], told)
    assert pyrage.decrypt(pyrage.encrypt(LETTER, [recipient]), [opener]) == LETTER
    assert any("show the object of lock 'door'" in message for message in told.messages)


class Client:
    """age's part of the conversation, as a test writes it."""

    def __init__(
        self,
        here: Age,
        *stanzas: Stanza,
        answers: Callable[[Stanza], Stanza],
        machine: str = "identity-v1",
    ) -> None:
        self.said: list[Stanza] = []
        plugin = subprocess.Popen(
            [here.installed / "bin" / "age-plugin-ailock", f"--age-plugin={machine}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=here.environment,
        )
        assert plugin.stdin
        assert plugin.stdout
        with plugin:
            for stanza in (*stanzas, Stanza(["done"])):
                plugin.stdin.write(stanza.encode())
            plugin.stdin.flush()
            while (said := Stanza.read(plugin.stdout)).words != ["done"]:
                self.said.append(said)
                plugin.stdin.write(answers(said).encode())
                plugin.stdin.flush()
        assert plugin.returncode == 0

    def of(self, kind: str) -> list[Stanza]:
        return [stanza for stanza in self.said if stanza.words[0] == kind]


def agree(_: Stanza) -> Stanza:
    return Stanza(["ok"])


def header(recipient: str) -> Stanza:
    """The X25519 stanza of a file that pyrage sealed."""
    sealed = pyrage.encrypt(b"", [pyrage.x25519.Recipient.from_str(recipient)])
    stream = io.BytesIO(sealed)
    assert stream.readline() == b"age-encryption.org/v1\n"
    return Stanza.read(stream)


def of_file(number: int, stanza: Stanza) -> Stanza:
    return Stanza(["recipient-stanza", str(number), *stanza.words], stanza.body)


def test_several_files_and_what_nobody_knows(sealed: Age) -> None:
    """One photo opens all that are the lock's; grease and other stanzas are passed over."""
    sealed.before_the_camera("book-3.jpg")
    identity = (sealed.ailock.home / "door.txt").read_text().splitlines()[-1]
    mine = named_recipient(identity)
    unknown = Stanza(["ssh-ed25519", "abc"], bytes(70))
    client = Client(
        sealed,
        Stanza(["grease-1", "7"], bytes(48)),
        Stanza(["add-identity", identity]),
        of_file(0, header(RECIPIENT)),
        of_file(1, unknown),
        of_file(1, header(RECIPIENT)),
        of_file(1, header(mine)),
        of_file(2, unknown),
        of_file(3, header(mine)),
        answers=lambda _: Stanza(["unsupported"]),
    )
    assert [stanza.words[1] for stanza in client.of("file-key")] == ["1", "3"]
    assert {len(stanza.body) for stanza in client.of("file-key")} == {16}
    assert client.of("error") == []


@pytest.mark.long
def test_a_pin_is_asked_for(here: Age, tmp_path: Path) -> None:
    pin = tmp_path / "pin"
    pin.write_text("4711 0815\n")
    photos = [PHOTOS / f"book-{view}.jpg" for view in (1, 2)]
    enrolled = here.ailock("enroll", "safe", *photos, "--pin-file", pin, "--no-recovery")
    assert enrolled.returncode == 0, enrolled.stderr
    here.before_the_camera("book-3.jpg")
    (_, identity) = here.ailock("show", "safe", "--age-plugin").stdout.decode().splitlines()
    stanzas = [Stanza(["add-identity", identity]), of_file(0, header(named_recipient(identity)))]

    def typed(said: Stanza) -> Stanza:
        if said.words != ["request-secret"]:
            return agree(said)
        assert said.body == b"PIN of lock 'safe'"
        return Stanza(["ok"], b"4711 0815")

    assert len(Client(here, *stanzas, answers=typed).of("file-key")) == 1
    refused = Client(here, *stanzas, answers=lambda _: Stanza(["fail"]))
    assert refused.of("file-key") == []
    assert [stanza.body for stanza in refused.of("error")] == [
        b"this lock needs its PIN beside the photos"
    ]


@pytest.mark.parametrize(
    ("words", "length"),
    [
        (["X25519"], 32),
        (["X25519", "A" * 43, "more"], 32),
        (["X25519", "A" * 42], 32),
        (["X25519", "A" * 42 + "B"], 32),  # bits that mean nothing are set
        (["X25519", "A" * 43 + "="], 32),
        (["X25519", "A" * 43], 31),
        (["X25519", "A" * 43], 48),
    ],
)
def test_a_malformed_stanza_is_told_before_any_photo(
    here: Age, words: list[str], length: int
) -> None:
    stanza = Stanza(words, bytes(length))
    with pytest.raises(SealedDataError):
        check_stanza(stanza)
    client = Client(
        here,
        Stanza(["add-identity", plugin_identity(RECIPIENT)]),
        of_file(0, header(RECIPIENT)),
        of_file(0, stanza),
        answers=agree,
    )
    (error,) = client.said
    assert error.words == ["error", "stanza", "0", "1"]


@pytest.mark.parametrize(
    "identity",
    [
        "AGE-PLUGIN-OTHER-1QQQ",
        plugin_identity(RECIPIENT)[:-1] + "Q",
        plugin_identity(RECIPIENT)[:30],
        age_identity(lock_identity(KEY)).decode(),
    ],
)
def test_a_foreign_identity_is_told_before_any_photo(here: Age, identity: str) -> None:
    client = Client(
        here,
        Stanza(["add-identity", plugin_identity(RECIPIENT)]),
        Stanza(["add-identity", identity]),
        of_file(0, header(RECIPIENT)),
        answers=agree,
    )
    (error,) = client.said
    assert error.words == ["error", "identity", "1"]
    assert b"ailock show NAME --age-plugin" in error.body


@pytest.mark.parametrize("identity", ["AGE-PLUGIN-OTHER-1QQQ", None])
def test_what_cannot_be_encrypted_to_is_told_and_nothing_wrapped(
    here: Age, identity: str | None
) -> None:
    wrong = ["add-recipient", "age1ailock1q"] if identity is None else ["add-identity", identity]
    client = Client(
        here,
        Stanza(["add-identity", plugin_identity(RECIPIENT)]),
        Stanza(wrong),
        Stanza(["wrap-file-key"], bytes(16)),
        Stanza(["extension-labels"]),
        answers=agree,
        machine="recipient-v1",
    )
    (error,) = client.said
    assert error.words == (
        ["error", "recipient", "0"] if identity is None else ["error", "identity", "1"]
    )


@pytest.mark.parametrize("words", [[], ["--age-plugin=recipient-v2"], ["door"]])
def test_who_runs_it_otherwise_is_told_how(here: Age, words: list[str]) -> None:
    script = " ".join(["age-plugin-ailock", *words])
    done = here.sh(script)
    assert done.returncode == 2
    assert b"ailock show door --age-plugin" in done.stderr
    assert here.sh("age-plugin-ailock --age-plugin=identity-v1 </dev/null").returncode == 1
    assert here.sh("age-plugin-ailock --help").returncode == 0


def test_a_file_key_is_what_pyrage_wrapped() -> None:
    """By the key that wraps it, and by no other; a point of low order is refused."""
    stanza = header(RECIPIENT)
    identity = age_identity(lock_identity(KEY))
    key = file_key(stanza, identity)
    assert key is not None
    assert type(key) is Hidden
    assert len(key) == 16
    assert file_key(stanza, age_identity(Hidden(bytes(32)))) is None
    low = Stanza(["X25519", b64encode(bytes(32)).decode().rstrip("=")], bytes(32))
    with pytest.raises(SealedDataError):
        file_key(low, identity)


@pytest.mark.parametrize("length", [0, 1, 47, 48, 49, 96, 1000])
def test_stanzas_come_back(length: int) -> None:
    stanza = Stanza(["some", "words"], bytes(i % 256 for i in range(length)))
    stream = io.BytesIO(stanza.encode() * 2)
    for _ in range(2):
        read = Stanza.read(stream)
        assert (read.words, read.body) == (stanza.words, stanza.body)
    assert all(len(line) <= 64 for line in stanza.encode().splitlines()[1:])
    assert str(stanza.body) not in repr(stanza)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"-> a",
        b"->  a\n\n",
        b"-> a \n\n",
        b"a\n\n",
        b"-> a\nAAAA",
        b"-> a\nA\n",
        b"-> a\n" + b"A" * 65 + b"\n\n",
        b"-> a\n" + (b"A" * 64 + b"\n") * 2000,
        b"-> " + b"a" * 5000 + b"\n\n",
        b"-> \xc3\xbc\n\n",
    ],
)
def test_what_is_no_stanza_is_refused(sent: bytes) -> None:
    with pytest.raises(SealedDataError):
        Stanza.read(io.BytesIO(sent))
