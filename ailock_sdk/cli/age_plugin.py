"""``age-plugin-ailock``: ``age -d`` asks it for the key of a file, and it asks for the object.

It speaks the age plugin protocol (C2SP age-plugin) on its standard streams. An identity names a
lock of this user's vault; the camera is ``$AILOCK_CAMERA``, or the first. Encrypting to an identity
is encrypting to the lock's recipient.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING

from ailock_sdk.cli.cameras import attempts, check_may_try, open_camera
from ailock_sdk.cli.commands import Settings
from ailock_sdk.cli.opening import open_vault
from ailock_sdk.cli.output import prepare_streams
from ailock_sdk.errors import AilockError, SealedDataError, UnknownNameError
from ailock_sdk.secret import Hidden

if TYPE_CHECKING:
    from ailock_sdk.store.age_stanzas import Stanza
    from ailock_sdk.vault import Vault

_USAGE = """\
age-plugin-ailock: age runs this. To open files that are sealed to the lock "door":
    ailock show door --age-plugin > door.txt
    age -d -i door.txt letter.txt.age"""
_WRAPPING, _UNWRAPPING = "--age-plugin=recipient-v1", "--age-plugin=identity-v1"


def main(argv: Sequence[str] | None = None) -> int:
    """Serve one ``age``.

    Parameters
    ----------
    argv : sequence of str, optional
        The command line without the program's name; by default that of this process.

    Returns
    -------
    int
        0, or 2 if it is run as something else, or 1 if age ended or said nothing sensible.
    """
    words = sys.argv[1:] if argv is None else list(argv)
    if words not in ([_WRAPPING], [_UNWRAPPING]):
        print(_USAGE, file=sys.stderr)
        return 0 if words in (["--help"], ["-h"]) else 2
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # by which age ends a plugin; nothing is lost
    prepare_streams()
    try:
        _Plugin(sys.stdin.buffer, sys.stdout.buffer).serve(words == [_WRAPPING])
    except (SealedDataError, OSError) as error:
        print(f"age-plugin-ailock: {error}", file=sys.stderr)
        return 1
    return 0


class _Plugin:
    """The state of one conversation."""

    def __init__(self, reader: IO[bytes], writer: IO[bytes]) -> None:
        self._reader = reader
        self._writer = writer
        self._identities: list[str] = []
        self._recipients: list[str] = []
        self._files: dict[str, list[Stanza]] = {}
        self._keys: list[Hidden] = []

    def serve(self, wrapping: bool) -> None:
        """Take what age sends, then give the stanzas of the files, or their keys."""
        from ailock_sdk.store.age_stanzas import Stanza

        while (command := Stanza.read(self._reader)).words[0] != "done":
            match command.words:
                case ["add-identity", identity]:
                    self._identities.append(identity)
                case ["add-recipient", recipient]:
                    self._recipients.append(recipient)
                case ["recipient-stanza", file, *words] if words:
                    self._files.setdefault(file, []).append(Stanza(words, command.body))
                case ["wrap-file-key"]:
                    self._keys.append(Hidden(command.body))
        if self._are_sound():
            if wrapping:
                self._wrap()
            else:
                self._unwrap()
        self._send("done")

    def _are_sound(self) -> bool:
        """Say what is wrong with identities and stanzas; drop files that nobody can open."""
        from ailock_sdk.store.age_stanzas import X25519, check_stanza, named_recipient

        sound = not self._recipients
        for number in range(len(self._recipients)):
            self._fail(SealedDataError("a lock's recipient is age1..."), "recipient", str(number))
        for number, identity in enumerate(self._identities):
            try:
                named_recipient(identity)
            except SealedDataError as error:
                self._fail(error, "identity", str(number))
                sound = False
        for file, stanzas in [*self._files.items()]:
            for number, stanza in enumerate(stanzas):
                try:
                    if stanza.words[0] == X25519:
                        check_stanza(stanza)
                except SealedDataError as error:
                    self._fail(error, "stanza", file, str(number))
                    self._files.pop(file, None)
        known = {f: [s for s in all_ if s.words[0] == X25519] for f, all_ in self._files.items()}
        self._files = {file: stanzas for file, stanzas in known.items() if stanzas}
        return sound

    def _wrap(self) -> None:
        from ailock_sdk.store.age_stanzas import named_recipient, wrapped

        for file, key in enumerate(self._keys):
            for identity in self._identities:
                stanza = wrapped(key, named_recipient(identity))
                self._ask("recipient-stanza", str(file), *stanza.words, body=stanza.body)

    def _unwrap(self) -> None:
        if not self._files:
            return
        for number, identity in enumerate(self._identities):
            if not self._files:
                return
            try:
                with open_vault(Settings(), reads_photos=True) as vault:
                    key = self._open(vault, identity)
                self._give(key)
            except (AilockError, OSError) as error:
                self._fail(error, "identity", str(number))

    def _open(self, vault: Vault, identity: str) -> Hidden:
        """The age identity of the lock that is named, opened by the camera."""
        from ailock_sdk.store.age_stanzas import named_recipient

        wanted = named_recipient(identity)
        name = next((name for name in vault.names() if vault.recipient(name) == wanted), None)
        if name is None:
            raise UnknownNameError(f"no lock of {vault.path} has the recipient {wanted}")
        check_may_try(vault, name)
        pin = None
        if any(slot["needs_pin"] for slot in vault.show(name)["slots"]):
            pin = self._ask("request-secret", body=f"PIN of lock {name!r}".encode()).body or None
        with open_camera("") as camera:
            self._tell(f"show the object of lock {name!r} to the camera")
            return attempts(
                camera,
                lambda photos: vault.identity(name, photos, pin=pin and Hidden(pin)),
                lambda _, text: self._tell(text),
            )

    def _give(self, identity: Hidden) -> None:
        """Send the keys of the files that an opened lock opens, and forget these."""
        from ailock_sdk.store.age_stanzas import file_key

        for file, stanzas in [*self._files.items()]:
            for stanza in stanzas:
                key = file_key(stanza, identity)
                if key is not None:
                    self._ask("file-key", file, body=key)
                    del self._files[file]
                    break

    def _tell(self, text: str) -> None:
        self._ask("msg", body=text.encode())

    def _fail(self, error: Exception, *place: str) -> None:
        self._ask("error", *place, body=str(error).encode())

    def _ask(self, *words: str, body: bytes = b"") -> Stanza:
        from ailock_sdk.store.age_stanzas import Stanza

        self._send(*words, body=body)
        return Stanza.read(self._reader)

    def _send(self, *words: str, body: bytes = b"") -> None:
        from ailock_sdk.store.age_stanzas import Stanza

        self._writer.write(Stanza(words, body).encode())
        self._writer.flush()
