"""Fuzzy extractor: reference bits to a secret, and back from a near probe (SPEC sections 6 and 7).

Pure functions: the salt and the message's randomness come from the caller.
"""

from __future__ import annotations

import hashlib
import hmac
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
class HelperData:
    """The public part of a lock that depends on its secret.

    Attributes
    ----------
    helper : bytes
        ceil(lambda / 8) bytes: the code-offset sketch, masked if there is a pepper.
    tag : bytes
        4 bytes: tells the right message from a wrong one.
    """

    helper: bytes
    tag: bytes


def generate(
    code: Code,
    radius: int,
    reference_bits: npt.NDArray[np.bool_],
    message: Hidden,
    salt: bytes,
    pepper: Hidden | None,
    cost: KdfCost,
    header: bytes,
) -> tuple[HelperData, Secret]:
    """Helper data and a new secret of a reference. Counterpart of :func:`reproduce`.

    Parameters
    ----------
    code : Code
    radius : int
        Most bits that a probe may differ in.
    reference_bits : ndarray, bool, shape (lambda_bits,)
    message : bytes
        ``message_length_bytes(code)`` uniformly random bytes, fresh for every record.
    salt : bytes
        16 uniformly random bytes, fresh for every record.
    pepper : bytes or None
        32 bytes.
    cost : KdfCost
    header : bytes
        The record's bytes before the helper. Header and helper are bound into the secret: changing
        either loses it.

    Returns
    -------
    helper_data : HelperData
        Public.
    secret : Secret

    Raises
    ------
    ProfileError
        No probe could be held against this radius.
    PepperError
        The pepper has another length.
    """
    check_radius(code, radius)
    symbols = symbols_from_random(code, message)
    helper = _masked(sketch(code, reference_bits, symbols, salt), pepper, salt, code)
    tag, secret = derive_keys(
        message_bytes(code, symbols), salt, pepper, cost, _associated_data(header, helper)
    )
    return HelperData(bytes(helper), tag), secret


def reproduce(
    code: Code,
    radius: int,
    probe_margins: npt.NDArray[np.floating],
    helper_data: HelperData,
    salt: bytes,
    pepper: Hidden | None,
    cost: KdfCost,
    header: bytes,
) -> Secret:
    """The secret that :func:`generate` gave, from a near probe.

    Parameters
    ----------
    code : Code
    radius : int
        Most bits that may be corrected.
    probe_margins : ndarray of float, shape (lambda_bits,)
        Finite: the bits are the signs, and the sizes guide the decoder.
    helper_data : HelperData
    salt : bytes
    pepper : bytes or None
    cost : KdfCost
    header : bytes
        All as for :func:`generate`.

    Raises
    ------
    UnlockError
        More than ``radius`` bits differ, or the tag refuses: another object, pepper, header or
        helper. Always the same.
    ProfileError, PepperError
        As :func:`generate`.
    """
    try:
        helper = _masked(helper_data.helper, pepper, salt, code)
        symbols = recover(code, radius, helper, salt, probe_margins)
        message = message_bytes(code, symbols)
        decoded = True
    except UnlockError:
        # Spend the same Argon2id on a message of zeros, so that the time taken says little about
        # which check refused. What remains visible is the microseconds of the paths around it.
        message = Hidden(message_length_bytes(code))
        decoded = False
    tag, secret = derive_keys(
        message, salt, pepper, cost, _associated_data(header, helper_data.helper)
    )
    if not (hmac.compare_digest(tag, helper_data.tag) and decoded):
        raise UnlockError
    return secret


def _masked(helper: bytes, pepper: Hidden | None, salt: bytes, code: Code) -> Hidden:
    """Put the mask on, or take it off."""
    mask = helper_mask(pepper, salt, code.lambda_bits)
    return Hidden(np.bitwise_xor(*(np.frombuffer(x, np.uint8) for x in (helper, mask))).tobytes())


def _associated_data(header: bytes, helper: bytes) -> bytes:
    return hashlib.sha256(header + helper).digest()
