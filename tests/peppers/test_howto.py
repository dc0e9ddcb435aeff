"""docs/how-to/pepper.md, typed as it stands, against the real programs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.processes import Ailock
from tests.conftest import PHOTOS
from tests.docs.pages import DOCS, blocks_of
from tests.peppers.places import SOFTHSM, Place

PAGE = "how-to/pepper.md"


class Reader:
    """Who types the page's blocks, in a home with the lock `door` of a mug."""

    def __init__(self, home: Path, place: Place | None) -> None:
        self.stick = home / "stick"
        self.stick.mkdir(parents=True)
        environment = {} if place is None else place.environment
        self.ailock = Ailock(home, {**environment, "HOME": str(home)})
        self.ailock.environment.pop("XDG_DATA_HOME", None)  # of the keyring, which runs already
        self.place = place
        mug = [PHOTOS / f"mug-{view}.jpg" for view in (1, 2)]
        code = self.stick / "code"
        done = self.ailock("enroll", "door", *mug, "--recovery-file", code)
        assert done.returncode == 0, done.stderr
        self.typed: list[str] = []

    def types(self, *words: str) -> str:
        """The one block that holds all words; it begins after a NUL."""
        found = [b for b in blocks_of((DOCS / PAGE).read_text("utf-8")) if b.is_command]
        (block,) = [b.text for b in found if all(word in f"\0{b.text}" for word in words)]
        self.typed.append(block)
        script = block.replace("/media/stick", str(self.stick))
        if self.place is not None and self.place.kind in ("fido2", "pkcs11"):
            script = script.replace("/etc/ailock/key-pin", str(self.place.folder / "pin"))
            script = script.replace("/etc/ailock/token-pin", str(self.place.folder / "pin"))
            script = script.replace("/usr/lib/softhsm/libsofthsm2.so", SOFTHSM)
        status, out, err = self.ailock.shell(f"set -e\n{script}")
        assert status == 0, err
        return out

    def opens(self) -> bool:
        done = self.ailock("unlock", "door", PHOTOS / "mug-3.jpg", "--output", "hex")
        assert done.returncode in (0, 6), done.stderr
        return done.returncode == 0

    def shows(self) -> dict[str, str]:
        done = self.ailock("pepper", "show", "--json")
        shown: dict[str, str] = json.loads(done.stdout)
        return shown


@pytest.fixture
def reader(place: Place, tmp_path: Path) -> Iterator[Reader]:
    return Reader(tmp_path / "home", place)


def test_every_command_of_the_page_is_typed_here() -> None:
    source = Path(__file__).read_text("utf-8")
    found = [b for b in blocks_of((DOCS / PAGE).read_text("utf-8")) if b.is_command]
    assert len(found) == source.count("reader.types(") - 1


@pytest.mark.long
@pytest.mark.parametrize("place", ["tpm"], indirect=True)
def test_a_tpm(reader: Reader) -> None:
    reader.types("backup")
    told = reader.ailock("pepper", "replace", "--to", "tpm").stdout.decode()
    assert f"a copy lies in {reader.ailock.pepper}: delete it" in told
    assert reader.ailock("pepper", "replace", "--to", "file").returncode == 0
    out = reader.types("--to tpm", "show")
    assert "moved the pepper, now in the TPM" in out
    assert "the pepper is the vault's" in out
    assert reader.opens()
    assert not reader.ailock.pepper.exists()
    kept = reader.ailock.vault.read_bytes()
    wrong = reader.ailock("unlock", "door", PHOTOS / "clock-1.jpg")
    assert wrong.returncode == 1
    reader.ailock.vault.write_bytes(kept)
    refused = reader.ailock("unlock", "door", PHOTOS / "mug-3.jpg")
    assert refused.returncode == 5
    assert b"the vault is an older copy" in refused.stderr
    reader.types("\0ailock recover")
    assert reader.opens()


@pytest.mark.long
@pytest.mark.parametrize("place", ["keyring"], indirect=True)
def test_a_keyring_and_back(reader: Reader) -> None:
    reader.types("--to keyring")
    assert reader.shows()["place"] == "keyring"
    assert not reader.ailock.pepper.exists()
    assert reader.opens()
    reader.types("--to file")
    assert reader.shows()["place"] == "file"
    assert reader.opens()


@pytest.mark.long
@pytest.mark.parametrize("place", ["fido2"], indirect=True)
def test_a_security_key(reader: Reader, place: Place) -> None:
    reader.types("AILOCK_PEPPER=fido2:")
    assert "name its file, as fido2:" in reader.shows()["problem"]
    reader.ailock.environment["AILOCK_PEPPER"] = place.text
    assert reader.shows()["place"] == "fido2"
    done = reader.ailock("unlock", "door", PHOTOS / "mug-3.jpg", "--output", "hex")
    assert (done.returncode, done.stderr) == (0, b"ailock: touch the security key\n")
    assert not reader.ailock.pepper.exists()


@pytest.mark.long
@pytest.mark.parametrize("place", ["pkcs11"], indirect=True)
def test_a_token(reader: Reader, place: Place) -> None:
    reader.types('AILOCK_PEPPER="pkcs11:')
    assert "name it, as pkcs11:" in reader.shows()["problem"]
    reader.ailock.environment["AILOCK_PEPPER"] = place.text
    assert reader.shows()["place"] == "pkcs11"
    assert reader.opens()
    assert not reader.ailock.pepper.exists()


@pytest.mark.long
def test_it_is_gone(tmp_path: Path) -> None:
    reader = Reader(tmp_path / "home", None)
    status, _, err = reader.ailock.shell(f"ailock pepper backup {reader.stick}/pepper")
    assert status == 0, err
    reader.ailock.pepper.unlink()
    assert not reader.opens()
    reader.types("restore")
    assert reader.opens()
    reader.ailock.pepper.unlink()
    reader.types("--with", "recover door")
    assert not reader.opens(), "until photos are added anew"
    shutil.rmtree(reader.stick)
