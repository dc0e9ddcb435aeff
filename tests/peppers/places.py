"""A keyring, a TPM and a token, each the real program in a folder of a test's own; and a security
key, which is ours (security_key.py)."""

from __future__ import annotations

import gc
import importlib.util
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from ailock_sdk.store import Fido2Pepper, KeptPepper, KeyringPepper, Pkcs11Pepper, TpmPepper

SOFTHSM = next(
    (str(file) for file in Path("/usr/lib").glob("**/libsofthsm2.so")), "/usr/lib/libsofthsm2.so"
)
TOKEN_PIN, OWNER_PIN = "271828", "314159"
_PROGRAMS = {
    "keyring": ("dbus-daemon", "gnome-keyring-daemon"),
    "tpm": ("swtpm",),
    "fido2": (),
    "pkcs11": ("softhsm2-util", SOFTHSM),
}
_LIBRARIES = {"keyring": "keyring", "tpm": "tpm2_pytss", "fido2": "fido2", "pkcs11": "pkcs11"}
PACKAGES = "dbus gnome-keyring swtpm libtss2-dev softhsm2"
START_SECONDS = 20.0
sockets_left_open = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
"""By the library, where a keyring fails."""


def needs(kind: str) -> None:
    """Skip where the programs of a place are missing; with `CI` fail."""
    missing = [
        name for name in _PROGRAMS[kind] if not shutil.which(name) and not Path(name).exists()
    ]
    if importlib.util.find_spec(_LIBRARIES[kind]) is None:
        missing.append(f"the extra [{kind}]")
    if missing:
        how = f"needs {' and '.join(missing)}: apt-get install {PACKAGES}"
        assert not os.environ.get("CI"), how
        pytest.skip(how)


@dataclass
class Place:
    """A running place: what a vault takes, as an object and as text, and ways to break it."""

    kind: str
    provider: KeptPepper
    text: str
    folder: Path
    environment: dict[str, str]
    processes: dict[str, subprocess.Popen[bytes]]

    def stop(self, name: str) -> None:
        """End a program of the place."""
        process = self.processes[name]
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=START_SECONDS)


@contextmanager
def running(kind: str, folder: Path) -> Iterator[Place]:
    """A place of this kind, empty."""
    needs(kind)
    folder.mkdir(mode=0o700)
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        starts = {"keyring": _keyring, "tpm": _tpm, "fido2": _security_key, "pkcs11": _token}
        place = starts[kind](folder, stack)
        for name, value in place.environment.items():
            patch.setenv(name, value)
        if kind == "keyring":
            _forget_backend()
            stack.callback(_forget_backend)
            stack.callback(gc.collect)
        yield place


def _keyring(folder: Path, stack: ExitStack) -> Place:
    address = f"unix:path={folder}/bus"
    environment = {
        "DBUS_SESSION_BUS_ADDRESS": address,
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder / "data"),
        "XDG_RUNTIME_DIR": str(folder),
    }
    bus = _start(stack, ["dbus-daemon", "--session", "--nofork", "--address", address], environment)
    _wait_for(lambda: (folder / "bus").exists(), bus)
    command = ["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"]
    daemon = _start(stack, command, environment, entered=b"login password")
    _wait_for(lambda: _is_served(environment), daemon)
    provider = KeyringPepper()
    return Place(
        "keyring", provider, "keyring", folder, environment, {"bus": bus, "daemon": daemon}
    )


def _is_served(environment: dict[str, str]) -> bool:
    asked = ["dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.DBus", "/"]
    asked += ["org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.secrets"]
    done = subprocess.run(
        asked, env={**os.environ, **environment}, capture_output=True, check=False
    )
    return b"true" in done.stdout


def _forget_backend() -> None:
    """The library looks for a keyring once in a process."""
    import keyring.core

    keyring.core._keyring_backend = None


def _tpm(folder: Path, stack: ExitStack) -> Place:
    socket = folder / "tpm"
    (folder / "state").mkdir()
    command = ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={folder}/state"]
    command += ["--server", f"type=unixio,path={socket}"]
    command += ["--ctrl", f"type=unixio,path={socket}.ctrl"]
    process = _start(stack, [*command, "--flags", "not-need-init,startup-clear"])
    _wait_for(socket.exists, process)
    tcti = f"swtpm:path={socket}"
    # What a vault that remembers its TPM goes by.
    environment = {"TPM2TOOLS_TCTI": tcti}
    provider = TpmPepper(tcti, folder / "sealed")
    return Place("tpm", provider, f"tpm:{tcti}", folder, environment, {"tpm": process})


def _security_key(folder: Path, stack: ExitStack) -> Place:
    from tests.peppers import security_key

    here, pin = Path(__file__).parent, folder / "pin"
    environment = {
        security_key.PLUGGED_VARIABLE: str(folder / "key"),
        "PYTHONPATH": f"{here / 'plugged'}{os.pathsep}{here.parents[1]}",
    }
    security_key.SecurityKey(folder / "key").set_pin(TOKEN_PIN)
    pin.write_text(f"{TOKEN_PIN}\n")
    pin.chmod(0o600)
    patch = stack.enter_context(pytest.MonkeyPatch.context())
    patch.setattr("fido2.hid.CtapHidDevice.list_devices", security_key.SecurityKey.list_devices)
    stack.callback(security_key.PLUGGED.clear)
    provider = Fido2Pepper(str(pin), folder / "sealed")
    return Place("fido2", provider, f"fido2:{pin}", folder, environment, {})


def _token(folder: Path, stack: ExitStack) -> Place:
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder}/tokens\n")
    environment = {"SOFTHSM2_CONF": str(folder / "softhsm2.conf")}
    subprocess.run(
        [
            *("softhsm2-util", "--init-token", "--free", "--label", "door"),
            *("--pin", TOKEN_PIN, "--so-pin", OWNER_PIN),
        ],
        env={**os.environ, **environment},
        check=True,
        capture_output=True,
    )
    import pkcs11

    with pytest.MonkeyPatch.context() as patch:  # its library reads its settings once
        patch.setenv("SOFTHSM2_CONF", environment["SOFTHSM2_CONF"])
        pkcs11.lib(SOFTHSM).reinitialize()
    pin = folder / "pin"
    pin.write_text(f"{TOKEN_PIN}\n")
    pin.chmod(0o600)
    provider = Pkcs11Pepper(SOFTHSM, "door", str(pin))
    text = f"pkcs11:token=door?module-path={SOFTHSM}&pin-source=file:{pin}"
    return Place("pkcs11", provider, text, folder, environment, {})


def _start(
    stack: ExitStack,
    command: list[str],
    environment: dict[str, str] | None = None,
    entered: bytes | None = None,
) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        command,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL if entered is None else subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def end() -> None:
        process.kill()
        process.wait(timeout=START_SECONDS)

    stack.callback(end)
    if entered is not None:
        assert process.stdin is not None
        process.stdin.write(entered)
        process.stdin.close()
    return process


def _wait_for(is_ready: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    while not is_ready():
        assert process.poll() is None, f"{process.args!r} ended"
        assert time.monotonic() < end, f"{process.args!r} is not ready"
        time.sleep(0.02)
