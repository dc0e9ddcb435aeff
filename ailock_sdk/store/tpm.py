"""A TPM 2.0: seals bytes and counts. The home of the library tpm2-pytss (SPEC section 9.5)."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ailock_sdk.errors import PepperError
from ailock_sdk.secret import Hidden

TCTI_VARIABLE = "TPM2TOOLS_TCTI"
"""How tpm2-tools are told where the TPM is; we go the same way."""

_PRIMARY = "ecc256:aes128cfb"
_NV_INDICES = range(0x01800000, 0x01C00000)
"""Those that owners give away (TCG's registry of reserved handles)."""
_COUNTER_LENGTH_BYTES = 8
_NO_SUCH_HANDLE = 0x08B
"""TPM_RC_HANDLE."""
_WRONG_AUTH = (0x0A2, 0x08E)
"""TPM_RC_BAD_AUTH, TPM_RC_AUTH_FAIL."""


@dataclass(frozen=True)
class Tpm:
    """A TPM; each method connects to it and lets it go.

    Every method raises :class:`PepperError` if it is not there or refuses.

    Attributes
    ----------
    tcti : str or None
        How to reach it, as tpm2-tools' ``--tcti``; by default ``$TPM2TOOLS_TCTI``, or the resource
        manager, ``/dev/tpmrm0`` and ``/dev/tpm0`` in turn.
    """

    tcti: str | None = None

    def seal(self, secret: Hidden) -> bytes:
        """Encrypt up to 128 bytes so that only this TPM can :meth:`unseal` them."""
        with self._connected() as (esys, tss), _primary(esys, tss) as (primary, session):
            sensitive = tss.TPM2B_SENSITIVE_CREATE(
                tss.TPMS_SENSITIVE_CREATE(data=tss.TPM2B_SENSITIVE_DATA(bytes(secret)))
            )
            has = tss.TPMA_OBJECT
            public = tss.TPM2B_PUBLIC.parse(
                "keyedhash",
                objectAttributes=has.FIXEDTPM | has.FIXEDPARENT | has.USERWITHAUTH | has.NODA,
            )
            private, made, *_ = esys.create(primary, sensitive, public, session1=session)
            return bytes(made.marshal()) + bytes(private.marshal())

    def unseal(self, blob: bytes) -> Hidden:
        """What was sealed.

        Raises
        ------
        ValueError
            Sealed by another TPM, or before this one was cleared; or damaged.
        """
        with self._connected() as (esys, tss):
            try:
                public, used = tss.TPM2B_PUBLIC.unmarshal(blob)
                private, rest = tss.TPM2B_PRIVATE.unmarshal(blob[used:])
            except tss.TSS2_Exception as error:
                raise ValueError("damaged") from error
            if used + rest != len(blob):
                raise ValueError("damaged")
            with _primary(esys, tss) as (primary, session):
                try:
                    handle = esys.load(primary, private, public, session1=session)
                except tss.TSS2_Exception as error:
                    if not error.parameter:
                        raise
                    raise ValueError("of another TPM") from error
                with _flushed(esys, handle):
                    return Hidden(bytes(esys.unseal(handle, session1=session)))

    def new_counter(self, auth: Hidden) -> int:
        """Make a counter that only who knows ``auth``, 32 bytes, can read or step; its index."""
        with self._connected() as (esys, tss):
            may = tss.TPMA_NV
            kind = tss.TPM2_NT.COUNTER << may.TPM2_NT_SHIFT
            index = secrets.choice(_NV_INDICES)  # one that is taken is an error, and so rare
            public = tss.TPMS_NV_PUBLIC(
                nvIndex=index,
                nameAlg=tss.TPM2_ALG.SHA256,
                attributes=may.AUTHREAD | may.AUTHWRITE | may.NO_DA | kind,
                dataSize=_COUNTER_LENGTH_BYTES,
            )
            with _primary(esys, tss) as (_, session):  # encrypts `auth` on its way
                handle = esys.nv_define_space(
                    bytes(auth), tss.TPM2B_NV_PUBLIC(public), session1=session
                )
                esys.tr_set_auth(handle, bytes(auth))
                esys.nv_increment(handle, session1=session)
        return index

    def count(self, index: int, auth: Hidden) -> int | None:
        """A counter's value; ``None`` if there is no such counter of ``auth``."""
        with self._counter(index, auth) as found:
            if found is None:
                return None
            esys, handle, session, tss = found
            try:
                value = esys.nv_read(handle, _COUNTER_LENGTH_BYTES, session1=session)
            except tss.TSS2_Exception as error:
                if error.error in _WRONG_AUTH:
                    return None
                raise
            return int.from_bytes(bytes(value), "big")

    def step(self, index: int, auth: Hidden) -> None:
        """Count one more: nothing and nobody counts back.

        Raises
        ------
        PepperError
        """
        with self._counter(index, auth) as found:
            if found is None:
                raise PepperError("the TPM's counter is gone")
            esys, handle, session, _ = found
            esys.nv_increment(handle, session1=session)

    def remove_counter(self, index: int) -> None:
        """Free the index of a counter, which takes the owner's authorisation (empty)."""
        with self._connected() as (esys, _):
            esys.nv_undefine_space(esys.tr_from_tpmpublic(index))

    @contextmanager
    def _counter(self, index: int, auth: Hidden) -> Iterator[tuple[Any, Any, Any, Any] | None]:
        with self._connected() as (esys, tss):
            try:
                handle = esys.tr_from_tpmpublic(index)
            except tss.TSS2_Exception as error:
                if error.error != _NO_SUCH_HANDLE:
                    raise
                yield None
                return
            esys.tr_set_auth(handle, bytes(auth))
            # Unsalted: `auth` alone has 256 bits, and is the key of the responses' HMAC.
            none = tss.ESYS_TR.NONE
            with _session(esys, tss, none) as session:
                yield esys, handle, session, tss

    @contextmanager
    def _connected(self) -> Iterator[tuple[Any, Any]]:
        os.environ.setdefault("TSS2_LOG", "all+NONE")  # its libraries write to standard error
        try:
            import tpm2_pytss as tss
        except ImportError as error:
            raise PepperError(
                "the pepper is in the TPM: apt-get install libtss2-dev; pip install "
                f"'ailock-sdk[tpm]' ({error})"
            ) from error
        tcti = self.tcti or os.environ.get(TCTI_VARIABLE)
        try:
            with tss.ESAPI(tcti) as esys:
                yield esys, tss
        except tss.TSS2_Exception as error:
            raise PepperError(_explained(str(error), tcti)) from error


def _explained(told: str, tcti: str | None) -> str:
    where = "the TPM" if tcti is None else f"the TPM at {tcti}"
    if told.startswith("tcti:"):
        return f"{where} does not answer: may you use /dev/tpmrm0 (group tss)? ({told})"
    if "out of memory" in told:
        return f"{where} has no room: use its resource manager, or power it off and on ({told})"
    if "authorization" in told:
        return (
            f"{where} refuses: its owner's password has to be empty, as it is by default ({told})"
        )
    return f"{where} refuses: {told}"


@contextmanager
def _primary(esys: Any, tss: Any) -> Iterator[tuple[Any, Any]]:
    """The storage key, and a session salted with it that encrypts what goes over the bus."""
    primary, *_ = esys.create_primary(None, _PRIMARY)
    with _flushed(esys, primary), _session(esys, tss, primary) as session:
        yield primary, session


@contextmanager
def _session(esys: Any, tss: Any, key: Any) -> Iterator[Any]:
    session = esys.start_auth_session(
        key, tss.ESYS_TR.NONE, tss.TPM2_SE.HMAC, "aes128cfb", tss.TPM2_ALG.SHA256
    )
    with _flushed(esys, session):
        has = tss.TPMA_SESSION
        esys.trsess_set_attributes(session, has.CONTINUESESSION | has.ENCRYPT | has.DECRYPT)
        yield session


@contextmanager
def _flushed(esys: Any, handle: Any) -> Iterator[None]:
    try:
        yield
    finally:
        esys.flush_context(handle)
