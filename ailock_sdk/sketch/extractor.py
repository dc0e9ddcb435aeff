"""Fuzzy extractor: reference bits to a secret, and back from near probes (SPEC sections 6 and 7).

Pure functions: salts and messages come from the caller. One object's part is its helper; the
messages of all objects of a record, and the PIN, go into one key derivation under one tag, so that
nothing tells which of them was wrong.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ailock_sdk.errors import UnlockError
from ailock_sdk.secret import Hidden, Secret
from ailock_sdk.sketch.code import Code
from ailock_sdk.sketch.kdf import KdfCost, derive_keys, helper_mask
from ailock_sdk.sketch.message import message_bytes, message_length_bytes, symbols_from_random
from ailock_sdk.sketch.secure_sketch import check_radius, recover, sketch


@dataclass(frozen=True)
class ObjectSketch:
    """The public part of one object.

    Attributes
    ----------
    code : Code
    radius : int
        Most bits that a probe may differ in.
    salt, helper : bytes
        16, and ceil(lambda / 8) bytes: the code-offset sketch, masked if there is a pepper.
    """

    code: Code
    radius: int
    salt: bytes
    helper: bytes


@dataclass(frozen=True)
class FoundMessages:
    """The objects' messages, serialised in the record's order; zeros for what was not found.

    ``complete`` if one was found for every object; each may still be a wrong one.
    """

    joined: Hidden
    complete: bool


@dataclass(frozen=True)
class KeyInputs:
    """What the key derivation takes beside the messages (SPEC section 7).

    Attributes
    ----------
    pin : Hidden
        Empty if the record needs none.
    salt : bytes
        16 bytes, the record's.
    pepper : Hidden or None
    cost : KdfCost
    bound : bytes
        The record's bytes up to its last helper: changing any loses the secret.
    """

    pin: Hidden
    salt: bytes
    pepper: Hidden | None
    cost: KdfCost
    bound: bytes


def conceal(
    code: Code,
    radius: int,
    reference_bits: npt.NDArray[np.bool_],
    message: Hidden,
    salt: bytes,
    pepper: Hidden | None,
) -> tuple[bytes, Hidden]:
    """The helper of one object's reference, and its message as :func:`new_secret` takes it.

    Parameters
    ----------
    code : Code
    radius : int
        Most bits that a probe may differ in; a ``ProfileError`` if no probe could be.
    reference_bits : ndarray, bool, shape (lambda_bits,)
    message, salt : bytes
        Uniformly random: ``message_length_bytes(code)``, fresh for every record, and 16, fresh for
        every object of every record.
    pepper : Hidden or None
    """
    check_radius(code, radius)
    symbols = symbols_from_random(code, message)
    helper = _masked(sketch(code, reference_bits, symbols), pepper, salt, code)
    return bytes(helper), message_bytes(code, symbols)


def new_secret(messages: Sequence[Hidden], inputs: KeyInputs) -> tuple[bytes, Secret]:
    """The tag and the secret of a new record, from what :func:`conceal` gave for its objects."""
    return _keys(Hidden(b"".join(messages)), inputs)


def find_messages(
    objects: Sequence[ObjectSketch],
    probe_margins: Sequence[npt.NDArray[np.floating]],
    pepper: Hidden | None,
) -> FoundMessages:
    """Decode every object's helper with its probe, whatever becomes of the others.

    There is one array (lambda_bits,) of finite margins for each object; see
    :func:`~ailock_sdk.sketch.secure_sketch.recover`.
    """
    found = [
        _message(one, margins, pepper) for one, margins in zip(objects, probe_margins, strict=True)
    ]
    zeros = [Hidden(message_length_bytes(one.code)) for one in objects]
    messages = [zero if one is None else one for one, zero in zip(found, zeros, strict=True)]
    return FoundMessages(Hidden(b"".join(messages)), None not in found)


def secret_behind(found: FoundMessages, tag: bytes, inputs: KeyInputs) -> Secret:
    """The secret that :func:`new_secret` gave, if the messages and the PIN are those.

    One Argon2id, also where decoding has refused already: the time taken says little about which
    check refused, or which object. What remains visible is the microseconds of the paths around it.

    Raises
    ------
    UnlockError
        An object was not found, or the tag refuses: another message, PIN, pepper or record.
    """
    derived, secret = _keys(found.joined, inputs)
    if not (hmac.compare_digest(derived, tag) and found.complete):
        raise UnlockError
    return secret


def _message(
    one: ObjectSketch, margins: npt.NDArray[np.floating], pepper: Hidden | None
) -> Hidden | None:
    helper = _masked(one.helper, pepper, one.salt, one.code)
    try:
        return message_bytes(one.code, recover(one.code, one.radius, helper, margins))
    except UnlockError:
        return None


def _keys(messages: Hidden, inputs: KeyInputs) -> tuple[bytes, Secret]:
    password = Hidden(messages + inputs.pin)
    return derive_keys(password, inputs.salt, inputs.pepper, inputs.cost, inputs.bound)


def _masked(helper: bytes, pepper: Hidden | None, salt: bytes, code: Code) -> Hidden:
    """Put the mask on, or take it off."""
    mask = helper_mask(pepper, salt, code.lambda_bits)
    return Hidden(np.bitwise_xor(*(np.frombuffer(x, np.uint8) for x in (helper, mask))).tobytes())
