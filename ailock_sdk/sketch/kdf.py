"""From a message to keys: Argon2id, then HKDF-Expand (SPEC section 7)."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from ailock_sdk import constants
from ailock_sdk.errors import PepperError, ProfileError
from ailock_sdk.secret import Secret


@dataclass(frozen=True)
class KdfCost:
    """What one Argon2id evaluation costs (RFC 9106).

    Raises :class:`ProfileError` above the ceilings of ``constants`` or below Argon2's own minimum
    of 8 KiB per lane: a record from outside cannot ask for more than this device may spend.
    """

    time_cost: int
    """Passes over the memory, 1 to 16."""
    memory_cost_kib: int
    """Memory in KiB, 8 * lanes to 1,048,576 (1 GiB)."""
    lanes: int
    """Independent lanes, 1 to 16."""

    def __post_init__(self) -> None:
        if not (
            1 <= self.time_cost <= constants.ARGON2_TIME_COST_MAX
            and 1 <= self.lanes <= constants.ARGON2_LANES_MAX
            and 8 * self.lanes <= self.memory_cost_kib <= constants.ARGON2_MEMORY_COST_KIB_MAX
        ):
            raise ProfileError(f"Argon2id cost out of range: {self}")


RFC9106_LOW_MEMORY = KdfCost(
    constants.ARGON2_TIME_COST, constants.ARGON2_MEMORY_COST_KIB, constants.ARGON2_LANES
)
"""The second recommended option of RFC 9106, section 4: 3 passes, 64 MiB, 4 lanes."""

CHEAPEST = KdfCost(time_cost=1, memory_cost_kib=8, lanes=1)
"""Only for tests."""


def derive_keys(
    message: bytes, salt: bytes, pepper: bytes | None, cost: KdfCost, associated_data: bytes
) -> tuple[bytes, Secret]:
    """The check tag (4 bytes) and the secret of a serialised message.

    ``salt`` has 16 bytes; ``pepper`` 32, or is ``None`` when the record needs none. Tag and secret
    come from one root under different labels: the public tag says nothing about the secret beyond
    what testing a guess of the message says, at one Argon2id evaluation a guess.

    Raises :class:`PepperError` for a pepper of another length.
    """
    if len(salt) != constants.SALT_LENGTH_BYTES:
        raise ValueError(f"a salt has exactly {constants.SALT_LENGTH_BYTES} bytes")
    root = Argon2id(
        salt=salt,
        length=constants.ROOT_KEY_LENGTH_BYTES,
        iterations=cost.time_cost,
        lanes=cost.lanes,
        memory_cost=cost.memory_cost_kib,
        ad=associated_data,
        secret=None if pepper is None else _checked(pepper),
    ).derive(constants.LABEL_MESSAGE + message)
    return (
        _expand(root, constants.LABEL_CHECK, constants.CHECK_TAG_LENGTH_BYTES),
        Secret(_expand(root, constants.LABEL_SECRET, constants.SECRET_LENGTH_BYTES)),
    )


def helper_mask(pepper: bytes | None, salt: bytes, lambda_bits: int) -> bytes:
    """What hides a sketch from those who lack the pepper: ceil(lambda / 8) bytes (SPEC section 6).

    Pseudo-random, unused bits of the last byte zero; all zero without a pepper. The salt is fresh
    for every record, so no mask serves twice.

    Raises :class:`PepperError` for a pepper that has not exactly 32 bytes.
    """
    length = -(-lambda_bits // 8)
    if pepper is None:
        return bytes(length)
    mask = bytearray(_expand(_checked(pepper), constants.LABEL_HELPER_MASK + salt, length))
    mask[-1] &= 0xFF << (-lambda_bits % 8) & 0xFF
    return bytes(mask)


def pepper_id(pepper: bytes) -> bytes:
    """The 8 bytes by which a record names the pepper it needs, without giving it away.

    Raises :class:`PepperError` for a pepper that has not exactly 32 bytes.
    """
    digest = hmac.new(_checked(pepper), constants.LABEL_PEPPER_ID, hashlib.sha256).digest()
    return digest[: constants.PEPPER_ID_LENGTH_BYTES]


def _checked(pepper: bytes) -> bytes:
    # An empty pepper would silently be no pepper.
    if len(pepper) != constants.PEPPER_LENGTH_BYTES:
        raise PepperError(f"a pepper has exactly {constants.PEPPER_LENGTH_BYTES} bytes")
    return pepper


def _expand(root: bytes, label: bytes, length: int) -> bytes:
    return HKDFExpand(algorithm=SHA256(), length=length, info=label).derive(root)
