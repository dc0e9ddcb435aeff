from __future__ import annotations

import hashlib
import hmac
from dataclasses import FrozenInstanceError

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from ailock_sdk.errors import PepperError, ProfileError
from ailock_sdk.parameters import pepper_id
from ailock_sdk.sketch import CHEAPEST, RFC9106_LOW_MEMORY, KdfCost
from ailock_sdk.sketch.kdf import derive_keys

SALT, PEPPER = bytes(16), bytes(range(32))


def test_the_library_computes_argon2id() -> None:
    """RFC 9106, section 5.3."""
    tag = Argon2id(
        salt=b"\x02" * 16,
        length=32,
        iterations=3,
        lanes=4,
        memory_cost=32,
        secret=b"\x03" * 8,
        ad=b"\x04" * 12,
    ).derive(b"\x01" * 32)
    assert tag.hex() == "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"


def test_default_cost_is_the_rfcs_second_option() -> None:
    assert KdfCost(time_cost=3, memory_cost_kib=65536, lanes=4) == RFC9106_LOW_MEMORY


@pytest.mark.parametrize(
    "cost",
    [
        *((0, 8, 1), (17, 8, 1), (1, 7, 1), (1, 15, 2), (1, 1024 * 1024 + 1, 1)),
        *((1, 1024, 0), (1, 1024, 17), (-1, 8, 1)),
    ],
)
def test_costs_out_of_range_are_refused(cost: tuple[int, int, int]) -> None:
    with pytest.raises(ProfileError):
        KdfCost(*cost)


def test_costs_at_the_limits_exist_and_are_frozen() -> None:
    KdfCost(16, 1024 * 1024, 16)
    KdfCost(1, 128, 16)
    with pytest.raises(FrozenInstanceError):
        CHEAPEST.time_cost = 2  # type: ignore[misc]


def test_every_input_changes_tag_and_secret() -> None:
    results = [
        derive_keys(b"message", SALT, None, CHEAPEST, b"ad"),
        derive_keys(b"massage", SALT, None, CHEAPEST, b"ad"),
        derive_keys(b"message", bytes(15) + b"\1", None, CHEAPEST, b"ad"),
        derive_keys(b"message", SALT, PEPPER, CHEAPEST, b"ad"),
        derive_keys(b"message", SALT, PEPPER[::-1], CHEAPEST, b"ad"),
        derive_keys(b"message", SALT, None, KdfCost(2, 8, 1), b"ad"),
        derive_keys(b"message", SALT, None, KdfCost(1, 16, 1), b"ad"),
        derive_keys(b"message", SALT, None, KdfCost(1, 16, 2), b"ad"),
        derive_keys(b"message", SALT, None, CHEAPEST, b"da"),
    ]
    assert len({tag for tag, _ in results}) == len(results)
    assert len({bytes(secret) for _, secret in results}) == len(results)
    assert all(bytes(secret)[:4] != tag for tag, secret in results)


def test_pepper_id_names_the_pepper() -> None:
    digest = hmac.new(PEPPER, b"ailock/v1/pepper-id", hashlib.sha256).digest()
    assert pepper_id(PEPPER) == digest[:8]


@pytest.mark.parametrize("pepper", [b"", bytes(31), bytes(33)])
def test_pepper_of_another_length_is_refused(pepper: bytes) -> None:
    with pytest.raises(PepperError):
        pepper_id(pepper)
    with pytest.raises(PepperError):
        derive_keys(b"message", SALT, pepper, CHEAPEST, b"")


def test_salt_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="salt"):
        derive_keys(b"message", bytes(8), None, CHEAPEST, b"")
