"""From a message to keys: Argon2id, then HKDF-Expand (SPEC section 7)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InternalError
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from ailock_sdk.constants import (
    CHECK_TAG_LENGTH_BYTES,
    LABEL_CHECK,
    LABEL_HELPER_MASK,
    LABEL_MESSAGE,
    LABEL_SECRET,
    SALT_LENGTH_BYTES,
)
from ailock_sdk.errors import OutOfMemoryError, ProfileError
from ailock_sdk.parameters import (
    ARGON2_LANES_MAX,
    ARGON2_MEMORY_COST_KIB_MAX,
    ARGON2_TIME_COST_MAX,
    checked_pepper,
    helper_length_bytes,
    kdf_ranges,
)
from ailock_sdk.secret import SECRET_LENGTH_BYTES, Hidden, Secret

_ROOT_KEY_LENGTH_BYTES = 32


@dataclass(frozen=True)
class KdfCost:
    """What one Argon2id evaluation costs (RFC 9106).

    Attributes
    ----------
    time_cost : int
        Passes over the memory, 1 to 16.
    memory_cost_kib : int
        8 * lanes, Argon2's own least, to 1,048,576 (1 GiB).
    lanes : int
        1 to 16.

    Raises
    ------
    ProfileError
        Outside these ranges: no record from outside may order what a device cannot spend.
    """

    time_cost: int
    memory_cost_kib: int
    lanes: int

    def __post_init__(self) -> None:
        for name, allowed in kdf_ranges(self.lanes).items():
            if getattr(self, name) not in allowed:
                raise ProfileError(f"Argon2id cost out of range: {self}")


RFC9106_LOW_MEMORY = KdfCost(time_cost=3, memory_cost_kib=64 * 1024, lanes=4)
"""The second recommended option of RFC 9106, section 4: 3 passes, 64 MiB, 4 lanes."""

HIGHEST_COST = KdfCost(ARGON2_TIME_COST_MAX, ARGON2_MEMORY_COST_KIB_MAX, ARGON2_LANES_MAX)
"""What a record may order at most: 16 passes, 1 GiB, 16 lanes."""

CHEAPEST = KdfCost(time_cost=1, memory_cost_kib=8, lanes=1)
"""Only for tests."""


def derive_keys(
    message: Hidden, salt: bytes, pepper: Hidden | None, cost: KdfCost, bound: bytes
) -> tuple[bytes, Secret]:
    """The check tag, 4 bytes, and the secret of serialised messages and a PIN.

    Tag and secret come from one root under different labels: the public tag says nothing about the
    secret beyond what testing a guess of the message says, at one Argon2id evaluation a guess.

    Parameters
    ----------
    message : Hidden
        Those of all objects, and the PIN, joined.
    salt : bytes
        16 bytes.
    pepper : Hidden or None
        32 bytes, or ``None`` when the record needs none.
    cost : KdfCost
    bound : bytes
        What is bound into both results by its SHA-256: a record up to its last helper.

    Raises
    ------
    OutOfMemoryError
        Argon2id could not get its memory.
    """
    if len(salt) != SALT_LENGTH_BYTES:
        raise ValueError(f"a salt has exactly {SALT_LENGTH_BYTES} bytes")
    argon2id = Argon2id(
        salt=salt,
        length=_ROOT_KEY_LENGTH_BYTES,
        iterations=cost.time_cost,
        lanes=cost.lanes,
        memory_cost=cost.memory_cost_kib,
        ad=hashlib.sha256(bound).digest(),
        secret=None if pepper is None else checked_pepper(pepper),
    )
    try:
        root = Hidden(argon2id.derive(LABEL_MESSAGE + message))
    except (MemoryError, InternalError):  # the second in older versions of cryptography
        raise OutOfMemoryError(
            f"too little memory: Argon2id needs {cost.memory_cost_kib // 1024} MiB. Close other "
            "programs, and try again"
        ) from None
    return (
        bytes(_expand(root, LABEL_CHECK, CHECK_TAG_LENGTH_BYTES)),
        Secret(_expand(root, LABEL_SECRET, SECRET_LENGTH_BYTES)),
    )


def helper_mask(pepper: Hidden | None, salt: bytes, lambda_bits: int) -> Hidden:
    """What hides a sketch from those who lack the pepper (SPEC section 6).

    ceil(lambda / 8) pseudo-random bytes, unused bits of the last one zero; all zero without a
    pepper. The salt is fresh for every record, so no mask serves twice.
    """
    length = helper_length_bytes(lambda_bits)
    if pepper is None:
        return Hidden(length)
    mask = _expand(checked_pepper(pepper), LABEL_HELPER_MASK + salt, length)
    return Hidden(mask[:-1] + bytes([mask[-1] & 0xFF << (-lambda_bits % 8)]))


def _expand(root: Hidden, label: bytes, length: int) -> Hidden:
    return Hidden(HKDFExpand(algorithm=SHA256(), length=length, info=label).derive(root))
