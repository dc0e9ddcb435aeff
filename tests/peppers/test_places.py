"""Peppers in a keyring, a TPM and a token, against the real programs; for security keys see
test_security_key.py."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

import pytest

from ailock_sdk.errors import PepperError
from ailock_sdk.parameters import pepper_id
from ailock_sdk.secret import Hidden
from ailock_sdk.store import pepper_provider, read_pepper
from ailock_sdk.store.tpm import Tpm
from tests.peppers.places import Place, sockets_left_open

pytestmark = sockets_left_open

OTHER = Hidden(bytes(range(32)))


def test_a_pepper_is_made_once_kept_and_found_by_its_id(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    provider = place.provider
    with pytest.raises(PepperError, match="no pepper in"):
        provider.pepper()
    assert provider.is_empty(), "reading makes none"
    pepper = provider.create()
    assert (len(pepper), type(pepper)) == (32, Hidden)
    assert provider.create() == provider.pepper() == pepper
    assert not provider.is_empty()
    messages = [record.getMessage() for record in caplog.records]
    (told,) = [each for each in messages if each != "touch the security key"]
    assert "back it up" in told
    assert pepper.hex() not in told + repr(provider)

    for _ in range(2):
        provider.prepare(OTHER)
    assert provider.pepper() == pepper
    for each in (pepper, OTHER):
        assert read_pepper(provider, pepper_id(each)) == each
    with pytest.raises(PepperError, match=f"no pepper {bytes(8).hex()}"):
        provider.find(bytes(8))

    provider.forget(OTHER)
    with pytest.raises(PepperError, match="no pepper"):
        provider.find(pepper_id(OTHER))
    assert provider.pepper() == pepper
    provider.forget(pepper)
    assert provider.is_empty()


def test_the_text_of_a_place_means_it(place: Place) -> None:
    named = pepper_provider(place.text)
    assert type(named) is type(place.provider)
    place.provider.create()
    if place.kind not in ("tpm", "fido2"):  # whose texts have no folder
        assert named == place.provider
        assert read_pepper(named) == place.provider.pepper()


def test_nothing_in_a_place_holds_the_pepper_in_the_clear(place: Place) -> None:
    pepper = place.provider.create()
    files = [file for file in place.folder.rglob("*") if file.is_file()]
    assert files
    for file in files:
        data = file.read_bytes()
        assert bytes(pepper) not in data, file
        assert pepper.hex().encode() not in data, file


@pytest.mark.parametrize("module", ["keyring", "tpm2_pytss", "fido2", "pkcs11"])
def test_a_library_that_is_missing_is_named(
    module: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = {
        "keyring": "keyring",
        "tpm2_pytss": "tpm",
        "fido2": "fido2",
        "pkcs11": f"pkcs11:token=a?module-path=/m.so&pin-source={tmp_path}/pin",
    }[module]
    for name in [module, *(each for each in sys.modules if each.startswith(f"{module}."))]:
        monkeypatch.setitem(sys.modules, name, None)
    extra = text.split(":")[0]
    for name, sealed in (("tpm", b"AILT\x01"), ("fido2", b"AILF\x01" + bytes(99))):
        (tmp_path / f"pepper.{name}").write_bytes(sealed)
        (tmp_path / f"pepper.{name}").chmod(0o600)
    monkeypatch.setattr("ailock_sdk.store.sealed_pepper.config_folder", lambda: tmp_path)
    with pytest.raises(PepperError, match=rf"pip install 'ailock-sdk\[{extra}\]'"):
        read_pepper(pepper_provider(text))


@pytest.mark.parametrize(
    "uri",
    [
        "pkcs11:",
        "pkcs11:token=a",
        "pkcs11:token=a?module-path=/m&pin-value=1234",
        "pkcs11:token=a?module-path=/m&pin-source=/p&pin-value=1234",
        "pkcs11:token=a;token=b?module-path=/m&pin-source=/p",
    ],
)
def test_a_token_is_named_as_rfc_7512_has_it_without_its_pin(uri: str) -> None:
    with pytest.raises(PepperError, match="with these three and no others") as caught:
        pepper_provider(uri)
    assert "1234" not in str(caught.value)


def test_files_of_these_names_are_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tpm").write_bytes(OTHER)
    (tmp_path / "tpm").chmod(0o600)
    for path in ("./tpm", Path("tpm")):
        assert read_pepper(pepper_provider(path)) == OTHER


# -- faults -------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["keyring"], indirect=True)
def test_a_keyring_that_is_locked_or_gone(place: Place) -> None:
    import secretstorage

    pepper = place.provider.create()
    connection = secretstorage.dbus_init()
    collection = secretstorage.get_default_collection(connection)
    collection.lock()
    connection.close()
    with pytest.raises(PepperError, match="the keyring is locked: unlock it"):
        place.provider.pepper()
    with pytest.raises(PepperError, match="the keyring is locked"):
        place.provider.prepare(OTHER)
    place.stop("daemon")
    with pytest.raises(PepperError, match="keyring") as caught:
        place.provider.pepper()
    place.stop("bus")
    with pytest.raises(PepperError, match="keyring"):
        place.provider.pepper()
    assert pepper.hex() not in str(caught.value)


def test_where_no_keyring_runs_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = pytest.importorskip("keyring", reason="needs the extra [keyring]")
    fail = importlib.import_module("keyring.backends.fail")
    monkeypatch.setattr(keyring.core, "_keyring_backend", fail.Keyring())
    with pytest.raises(PepperError, match="no keyring is running"):
        read_pepper(pepper_provider("keyring"))


@pytest.mark.parametrize("place", ["keyring"], indirect=True)
def test_what_is_no_pepper_is_refused(place: Place) -> None:
    import keyring

    keyring.set_password("ailock", "pepper", "correct horse")
    with pytest.raises(PepperError, match="is no pepper"):
        place.provider.pepper()
    keyring.set_password("ailock", "pepper", "00" * 31)
    with pytest.raises(PepperError, match="exactly 32 bytes"):
        place.provider.pepper()


@pytest.mark.parametrize("place", ["pkcs11"], indirect=True)
def test_a_wrong_pin_is_tried_once_and_a_token_may_be_away(place: Place) -> None:
    place.provider.create()
    pin = place.folder / "pin"
    pin.write_text("000000\n")
    again = pepper_provider(place.text)
    with pytest.raises(PepperError, match="before too many wrong ones") as caught:
        read_pepper(again)
    with pytest.raises(PepperError, match=r"refuses the PIN in .*: correct it$"):
        read_pepper(again)  # SoftHSM would not lock, cards do
    assert "000000" not in str(caught.value)
    pin.chmod(0o644)
    with pytest.raises(PepperError, match="chmod 600"):
        place.provider.pepper()
    pin.chmod(0o600)
    pin.unlink()
    with pytest.raises(PepperError, match=r"the token's PIN in .* cannot be read"):
        place.provider.pepper()
    pin.write_text("271828\n")
    pin.chmod(0o600)
    away = pepper_provider(place.text.replace("token=door", "token=gate"))
    with pytest.raises(PepperError, match="'gate' is not there: insert it"):
        read_pepper(away)
    with pytest.raises(PepperError, match="cannot be used by /nowhere"):
        read_pepper(pepper_provider(place.text.replace("module-path=/", "module-path=/nowhere/")))


def test_a_tpm_that_is_away_cleared_or_another(tpm: Place) -> None:
    from tpm2_pytss import ESAPI, ESYS_TR

    tpm.provider.create()
    tpm.provider.prepare(OTHER)
    blob = tpm.folder / "sealed" / "pepper.tpm"
    assert blob.stat().st_mode & 0o777 == 0o600
    sealed = blob.read_bytes()
    for wrong, told in (
        (b"", "is no sealed pepper"),
        (sealed[:-1], "cannot unseal"),
        (sealed + b"x", "cannot unseal"),
        (sealed[:-1] + bytes([sealed[-1] ^ 1]), "cannot unseal"),
        (sealed[:20] + bytes([sealed[20] ^ 1]) + sealed[21:], "cannot unseal"),
        (bytes(5000), "longer than"),
    ):
        blob.write_bytes(wrong)
        with pytest.raises(PepperError, match=told):
            tpm.provider.pepper()
    blob.write_bytes(sealed)
    assert len(tpm.provider.pepper()) == 32
    with ESAPI(os.environ["TPM2TOOLS_TCTI"]) as esys:
        esys.clear(ESYS_TR.LOCKOUT)
    with pytest.raises(PepperError, match="if the TPM was cleared or exchanged, restore"):
        tpm.provider.pepper()
    tpm.provider.prepare(OTHER)  # a backup comes back
    assert tpm.provider.find(pepper_id(OTHER)) == OTHER
    tpm.stop("tpm")
    with pytest.raises(PepperError, match="does not answer"):
        tpm.provider.pepper()


def test_a_counter_is_read_and_removed_by_who_may(tpm: Place) -> None:
    device, auth = Tpm(os.environ["TPM2TOOLS_TCTI"]), Hidden(bytes(32))
    index = device.new_counter(auth)
    first = device.count(index, auth)
    assert first is not None
    device.step(index, auth)
    assert device.count(index, auth) == first + 1
    assert device.count(index, OTHER) is None, "of somebody else"
    with pytest.raises(PepperError, match="refuses"):
        device.step(index, OTHER)
    device.remove_counter(index)
    assert device.count(index, auth) is None
    with pytest.raises(PepperError, match="counter is gone"):
        device.step(index, auth)
    again = device.count(device.new_counter(auth), auth)
    assert again is not None
    assert again > first, "one that is made anew does not count back"


def test_a_tpm_leaves_nothing_loaded_and_tells_nothing_on_standard_error(
    tpm: Place, capfd: pytest.CaptureFixture[str]
) -> None:
    tpm.provider.create()
    for _ in range(4):  # it has room for three objects at a time
        tpm.provider.pepper()
    with pytest.raises(PepperError):
        tpm.provider.find(bytes(8))
    assert capfd.readouterr().err == ""
