"""A pepper under a FIDO2 security key's hmac-secret; the key is ours (security_key.py)."""

from __future__ import annotations

import hmac
import logging
import random
import traceback
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ailock_sdk.errors import PepperError
from ailock_sdk.parameters import pepper_id
from ailock_sdk.secret import Hidden
from ailock_sdk.store import Fido2Pepper, fido2_pepper, pepper_provider, read_pepper
from tests.peppers import security_key
from tests.peppers.places import TOKEN_PIN, Place, running
from tests.peppers.security_key import PLUGGED_VARIABLE, SecurityKey

OTHER = Hidden(bytes(range(32)))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setattr(fido2_pepper, "_REFUSED", set())
    with running("fido2", tmp_path / "p") as place:
        yield place


@pytest.fixture
def key(place: Place) -> SecurityKey:
    """The one that is plugged in."""
    (key,) = SecurityKey.list_devices()
    assert isinstance(key, SecurityKey)
    return key


def sealed(place: Place) -> Path:
    return place.folder / "sealed" / "pepper.fido2"


@pytest.mark.parametrize("protocol", [1, 2])
@pytest.mark.parametrize("with_pin", [False, True])
def test_what_is_sealed_is_what_the_specification_says(
    place: Place, key: SecurityKey, protocol: int, with_pin: bool
) -> None:
    """SPEC section 9.5 once more, by hand, with the key's own master secret."""
    key.change(protocols=[protocol], **({} if with_pin else {"pin": None}))
    provider = Fido2Pepper(str(place.folder / "pin") if with_pin else None, place.folder / "sealed")
    pepper = provider.create()
    blob = sealed(place).read_bytes()
    assert sealed(place).stat().st_mode & 0o777 == 0o600
    assert blob[:6] == b"AILF\x01" + bytes([with_pin])
    length = int.from_bytes(blob[6:8], "big")
    credential, salt, rest = blob[8:][:length], blob[8 + length :][:32], blob[40 + length :]
    kind = b"with uv" if with_pin else b"without uv"
    given = hmac.digest(
        hmac.digest(bytes.fromhex(key.is_like["master"]), kind + credential, sha256), salt, sha256
    )
    derived = HKDF(SHA256(), 32, None, b"ailock/v1/fido2-pepper").derive(given)
    assert ChaCha20Poly1305(derived).decrypt(bytes(12), rest, blob[: 40 + length]) == pepper


def test_touches_and_salts(
    place: Place, key: SecurityKey, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    pepper = place.provider.create()
    assert key.touches == 3, "to make a credential, to use it, and to see that it works"
    first = sealed(place).read_bytes()
    assert place.provider.find(pepper_id(pepper)) == pepper
    assert key.touches == 4
    assert not place.provider.is_empty()
    assert key.touches == 4
    assert [r.getMessage() for r in caplog.records].count("touch the security key") == 4
    place.provider.forget(pepper)
    place.provider.create()
    second = sealed(place).read_bytes()
    length = int.from_bytes(first[6:8], "big")
    assert first[8:][:length] != second[8:][:length]
    assert first[8 + length :][:32] != second[8 + length :][:32]


def test_another_key_or_none_or_two(
    place: Place, key: SecurityKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    pepper = place.provider.create()
    other = place.folder / "other"
    both = f"{other}:{place.folder / 'key'}"
    monkeypatch.setenv(PLUGGED_VARIABLE, both)
    assert place.provider.pepper() == pepper, "the one that made it is found"
    with pytest.raises(PepperError, match="several security keys"):
        place.provider.prepare(OTHER)
    monkeypatch.setenv(PLUGGED_VARIABLE, str(other))
    with pytest.raises(PepperError, match=r"cannot unseal .* \(none that is plugged in made it\)"):
        place.provider.pepper()
    monkeypatch.setenv(PLUGGED_VARIABLE, "")
    with pytest.raises(PepperError, match="no security key is plugged in"):
        place.provider.pepper()
    monkeypatch.setenv(PLUGGED_VARIABLE, str(place.folder / "key"))
    (place.folder / "key").unlink()
    with pytest.raises(PepperError, match="if the security key was cleared or exchanged, restore"):
        place.provider.pepper()


def test_keys_without_the_extension(place: Place, key: SecurityKey) -> None:
    key.change(extensions=["credProtect"])
    with pytest.raises(PepperError, match="no security key that is plugged in has FIDO2's"):
        place.provider.create()
    key.change(extensions=["hmac-secret"], refuses=True)  # as some software does
    with pytest.raises(PepperError, match="makes no credential with hmac-secret"):
        place.provider.create()
    key.change(refuses=False, forgets=True)
    with pytest.raises(PepperError, match="gives no hmac-secret"):
        place.provider.create()
    key.change(forgets=False, secret_length=0)
    with pytest.raises(PepperError, match="hmac-secret of 0 bytes"):
        place.provider.create()
    key.change(protocols=[3])
    with pytest.raises(PepperError, match=r"does not answer as CTAP2 has it \(ValueError\)"):
        place.provider.create()
    assert not sealed(place).exists()


def test_a_wrong_pin_is_tried_once(place: Place, key: SecurityKey) -> None:
    pepper = place.provider.create()
    pin = place.folder / "pin"
    pin.write_text("000000\n")
    for told in ("correct it before too many wrong ones", "refuses the PIN in that file: correct"):
        with pytest.raises(PepperError, match=told) as caught:
            place.provider.pepper()
        assert "000000" not in str(caught.value)
        assert key.is_like["retries"] == security_key.RETRIES - 1
    for wrong in ("1111", "2222"):
        pin.write_text(wrong)
        with pytest.raises(PepperError) as caught:
            place.provider.pepper()
    assert "take it out, put it in again" in str(caught.value)
    pin.write_text(TOKEN_PIN)
    with pytest.raises(PepperError, match="take it out"):
        place.provider.pepper()
    security_key.PLUGGED.clear()
    assert place.provider.pepper() == pepper
    key.change(retries=0)
    with pytest.raises(PepperError, match="only a reset opens it"):
        place.provider.pepper()
    pin.chmod(0o644)
    with pytest.raises(PepperError, match="chmod 600"):
        place.provider.pepper()


def test_no_frame_of_an_error_holds_the_pin(place: Place, key: SecurityKey) -> None:
    """Crash reporters print the locals of every frame, also of what an error came from."""
    key.change(retries=0)
    with pytest.raises(PepperError) as caught:
        place.provider.create()
    error: BaseException | None = caught.value
    frames = 0
    while error is not None:
        for frame, _ in traceback.walk_tb(error.__traceback__):
            if "/tests/" not in frame.f_code.co_filename:
                frames += 1
                assert TOKEN_PIN not in repr(frame.f_locals), frame
        error = error.__cause__ or error.__context__
    assert frames > 4


def test_with_and_without_pin_are_two_secrets(place: Place, key: SecurityKey) -> None:
    by_touch = Fido2Pepper(None, place.folder / "sealed")
    with pytest.raises(PepperError, match="wants its PIN: name the file that has it, as fido2:"):
        by_touch.create()
    pepper = place.provider.create()
    with pytest.raises(PepperError, match="sealed with the security key's PIN: name its file"):
        by_touch.pepper()
    place.provider.forget(pepper)
    key.change(pin=None)
    with pytest.raises(PepperError, match="has no PIN"):
        place.provider.create()
    pepper = by_touch.create()
    key.set_pin(TOKEN_PIN)
    assert by_touch.pepper() == pepper, "one that is set later changes nothing"
    with pytest.raises(PepperError, match="sealed without the security key's PIN"):
        place.provider.pepper()
    key.change(always_uv=True)
    with pytest.raises(PepperError, match="wants its PIN"):
        by_touch.pepper()


def test_nobody_touches_it(place: Place, key: SecurityKey) -> None:
    key.change(touched=False)
    with pytest.raises(PepperError, match="was not touched in time: try again"):
        place.provider.create()
    assert place.provider.is_empty()


def test_a_damaged_file_is_refused_in_words(place: Place, key: SecurityKey) -> None:
    place.provider.create()
    file, rng = sealed(place), random.Random(1)
    good = file.read_bytes()
    for number in range(60):
        raw = bytearray(good)
        if number % 2:
            raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
        else:
            del raw[rng.randrange(len(raw)) :]
        file.write_bytes(raw)
        with pytest.raises(PepperError):
            place.provider.pepper()
    file.write_bytes(good + b"x")
    with pytest.raises(PepperError, match="cannot unseal"):
        place.provider.pepper()
    file.write_bytes(bytes(5000))
    with pytest.raises(PepperError, match="longer than"):
        place.provider.pepper()


def test_its_text(tmp_path: Path) -> None:
    assert pepper_provider("fido2") == Fido2Pepper()
    assert pepper_provider(f"fido2:{tmp_path}/pin") == Fido2Pepper(f"{tmp_path}/pin")
    with pytest.raises(PepperError, match="no pepper in the security key"):
        read_pepper(Fido2Pepper(folder=tmp_path))
