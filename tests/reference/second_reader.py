"""Records opened by another team: SPEC sections 0, 4 to 8 and its text alone, NumPy, cryptography.

It shares nothing with the package, nor with the rest of this folder, which makes the vectors. Where
the text was not enough to write it, the text was mended. Its decoder takes every set of k blocks
by their likeliest symbols: enough for the vectors, slow for many blocks.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand


class RefusedError(Exception):
    """The reader refuses, by the rule that is named."""


@dataclass(frozen=True)
class Object:
    """One object of a record, by section 8's table."""

    lambda_bits: int
    radius: int
    m: int
    n: int
    k: int
    salt: bytes
    helper: bytes


@dataclass(frozen=True)
class Record:
    """What opening needs of a record."""

    flags: int
    memory_kib: int
    passes: int
    lanes: int
    salt: bytes
    pepper_id: bytes
    objects: tuple[Object, ...]
    bound: bytes
    """From offset 0 to the last helper."""
    tag: bytes


def must(holds: object, rule: str) -> None:
    """One rule."""
    if not holds:
        raise RefusedError(rule)


def expand(key: bytes, info: bytes, length: int) -> bytes:
    """Section 0: HKDF-Expand-SHA256."""
    return HKDFExpand(SHA256(), length, info).derive(key)


# -- section 8 -----------------------------------------------------------------------------------


def parse(data: bytes) -> Record:
    """Every rule of the tables and of the paragraph below them."""
    position = 0

    def take(length: int) -> bytes:
        nonlocal position
        position += length
        must(position <= len(data), "length")
        return data[position - length : position]

    def number(length: int, low: int, high: int) -> int:
        value = int.from_bytes(take(length), "big")
        must(low <= value <= high, f"range at {position}")
        return value

    must(take(4) == b"AILK", "magic")
    number(1, 1, 1)
    flags = number(1, 0, 3)
    memory_kib = number(4, 8, 1_048_576)
    passes, lanes = number(1, 1, 16), number(1, 1, 16)
    must(memory_kib >= 8 * lanes, "memory")
    salt, pepper_id = take(16), take(8)
    must((pepper_id == bytes(8)) == (flags & 1 == 0), "pepper_id")
    objects = tuple(parse_object(take, number) for _ in range(number(1, 1, 4)))
    bound = data[:position]
    tag, checksum = take(4), take(8)
    must(position == len(data), "length")
    must(hashlib.sha256(data[:-8]).digest()[:8] == checksum, "checksum")
    salts = [salt, *(one.salt for one in objects)]
    must(len(set(salts)) == len(salts), "salts")
    return Record(flags, memory_kib, passes, lanes, salt, pepper_id, objects, bound, tag)


def parse_object(take: Any, number: Any) -> Object:
    """The second table."""
    number(1, 1, 4)
    number(1, 1, 16)
    take(32)
    name = take(number(1, 1, 32))
    must(all(chr(c) in "abcdefghijklmnopqrstuvwxyz0123456789_-" for c in name), "profile")
    lambda_bits = number(2, 8, 4096)
    radius = number(2, 0, 65535)
    must(2 * radius < lambda_bits, "radius")
    m, n, k = number(1, 2, 12), number(1, 1, 255), number(1, 1, 255)
    must(k <= n <= 2 ** (m + 1) - 1, "code")
    if n == 1:
        must(k == 1, "code")
    must(all(2 ** (m - 1) < length <= 2**m for length in block_lengths(lambda_bits, n)), "code")
    salt, helper = take(16), take((lambda_bits + 7) // 8)
    must(not any(unpacked(helper)[lambda_bits:]), "unused bits")
    return Object(lambda_bits, radius, m, n, k, salt, helper)


def may_be_tried(record: Record, has_pepper: bool) -> None:
    """What section 8 refuses before anything is decoded, as far as it is not the profile's."""
    for one in record.objects:
        near = sum(comb(one.lambda_bits, errors) for errors in range(one.radius + 1))
        must(1024 * near <= 2**one.lambda_bits, "radius that random bits meet")
    must(record.flags & 1 or not has_pepper, "needs no pepper")


# -- section 5 -----------------------------------------------------------------------------------


def block_lengths(lambda_bits: int, n: int) -> list[int]:
    """Columns of each block."""
    return [lambda_bits // n + (j < lambda_bits % n) for j in range(n)]


def unpacked(packed: bytes) -> np.ndarray[Any, Any]:
    """Bits, most significant first."""
    return np.unpackbits(np.frombuffer(packed, np.uint8))


@cache
def reed_muller(m: int) -> np.ndarray[Any, Any]:
    """The codewords of all symbols, (2^(m+1), 2^m)."""
    codewords = np.zeros((2 ** (m + 1), 2**m), np.uint8)
    for symbol in range(2 ** (m + 1)):
        for x in range(2**m):
            parity = (x & symbol & (2**m - 1)).bit_count() & 1
            codewords[symbol, x] = symbol >> m ^ parity
    return codewords


def times(a: int, b: int, m: int) -> int:
    """A product in GF(2^(m+1))."""
    product = 0
    for bit in range(m + 1):
        product ^= a << bit if b >> bit & 1 else 0
    modulus = primitive(m + 1)
    for bit in reversed(range(m + 1, 2 * m + 1)):
        product ^= modulus << bit - m - 1 if product >> bit & 1 else 0
    return product


@cache
def primitive(degree: int) -> int:
    """The smallest polynomial of this degree over GF(2) in which x generates all non-zeros."""
    for polynomial in range(2**degree + 1, 2 ** (degree + 1), 2):
        power, order = 2, 1
        while power > 1 and order < 2**degree:
            power <<= 1
            power ^= polynomial if power >> degree else 0
            order += 1
        if power == 1 and order == 2**degree - 1:
            return polynomial
    raise AssertionError


@cache
def parity_matrix(m: int, n: int, k: int) -> tuple[tuple[int, ...], ...]:
    """Row i: the parity symbols of the message whose symbol i is 1 and whose others are 0.

    Codewords are polynomials with the first symbol at x^(n-1): the remainder by the generator.
    """
    generator, root = [1], 1
    for _ in range(n - k):
        shifted = [*generator, 0]
        for i, coefficient in enumerate(generator):
            shifted[i + 1] ^= times(coefficient, root, m)
        generator, root = shifted, times(root, 2, m)
    rows = []
    for i in range(k):
        remainder = [int(j == i) for j in range(k)] + [0] * (n - k)
        for j in range(i, k):
            lead = remainder[j]
            for step, coefficient in enumerate(generator):
                remainder[j + step] ^= times(lead, coefficient, m)
        rows.append(tuple(remainder[k:]))
    return tuple(rows)


def outer_encode(message: list[int], m: int, n: int) -> list[int]:
    """Message symbols, then parity symbols."""
    rows = parity_matrix(m, n, len(message))
    parity = [0] * (n - len(message))
    for symbol, row in zip(message, rows, strict=True):
        parity = [p ^ times(symbol, r, m) for p, r in zip(parity, row, strict=True)]
    return [*message, *parity]


def message_through(known: dict[int, int], m: int, n: int, k: int) -> list[int]:
    """The message of the codeword that has k known symbols: Gauss over GF(2^(m+1))."""
    rows = parity_matrix(m, n, k)
    system = [
        [int(i == place) if place < k else rows[i][place - k] for i in range(k)] + [symbol]
        for place, symbol in known.items()
    ]
    for i in range(k):
        pivot = next(r for r in range(i, k) if system[r][i])
        system[i], system[pivot] = system[pivot], system[i]
        lead = system[i][i]
        inverse = lead
        for _ in range(m):  # lead^(2^(m+1) - 2), by squares
            inverse = times(times(inverse, inverse, m), lead, m)
        inverse = times(inverse, inverse, m)
        system[i] = [times(value, inverse, m) for value in system[i]]
        for r in range(k):
            factor = system[r][i]
            if r != i and factor:
                system[r] = [
                    a ^ times(factor, b, m) for a, b in zip(system[r], system[i], strict=True)
                ]
    return [row[-1] for row in system]


# -- sections 6 and 7 ----------------------------------------------------------------------------


def message_of(one: Object, bits: np.ndarray[Any, Any], pepper: bytes) -> bytes | None:
    """The message behind a sketch, serialised, by a probe's bits; ``None``: no match."""
    keys = np.frombuffer(
        hashlib.shake_256(b"ailock/v1/permutation").digest(8 * one.lambda_bits), ">u8"
    )
    permuted = bits[np.argsort(keys, kind="stable")]
    sketch = unpacked(one.helper)[: one.lambda_bits]
    if pepper:
        mask = expand(pepper, b"ailock/v1/helper-mask" + one.salt, len(one.helper))
        sketch = sketch ^ unpacked(mask)[: one.lambda_bits]
    word = sketch ^ permuted
    inner = reed_muller(one.m)
    lengths = block_lengths(one.lambda_bits, one.n)
    blocks = np.split(word, np.cumsum(lengths)[:-1])
    errors = [(inner[:, : len(block)] ^ block).sum(axis=1) for block in blocks]
    likeliest = [int(np.argmin(counted)) for counted in errors]
    best: tuple[int, list[int]] | None = None
    for places in combinations(range(one.n), one.k):
        message = message_through({j: likeliest[j] for j in places}, one.m, one.n, one.k)
        codeword = outer_encode(message, one.m, one.n)
        wrong = sum(int(errors[j][symbol]) for j, symbol in enumerate(codeword))
        if best is None or wrong < best[0]:
            best = wrong, message
    assert best is not None
    if best[0] > one.radius:
        return None
    return b"".join(symbol.to_bytes((one.m + 8) // 8, "big") for symbol in best[1])


def open_record(
    data: bytes, probes: list[np.ndarray[Any, Any]], pin: str | None, pepper: bytes | None
) -> bytes:
    """The secret of a record, by the bits of a probe for each object, or :class:`RefusedError`."""
    record = parse(data)
    may_be_tried(record, pepper is not None)
    used = b""
    if record.flags & 1:
        must(pepper is not None and len(pepper) == 32, "pepper")
        assert pepper is not None
        named = hmac.digest(pepper, b"ailock/v1/pepper-id", "sha256")[:8]
        must(named == record.pepper_id, "another pepper")
        used = pepper
    typed = b""
    if record.flags & 2:
        must(pin is not None, "PIN")
        typed = unicodedata.normalize("NFC", str(pin)).encode()
    must(len(probes) == len(record.objects), "objects")
    found = [message_of(one, bits, used) for one, bits in zip(record.objects, probes, strict=True)]
    messages = [
        message if message is not None else bytes(one.k * ((one.m + 8) // 8))
        for one, message in zip(record.objects, found, strict=True)
    ]
    root = Argon2id(
        salt=record.salt,
        length=32,
        iterations=record.passes,
        lanes=record.lanes,
        memory_cost=record.memory_kib,
        ad=hashlib.sha256(record.bound).digest(),
        secret=used,
    ).derive(b"ailock/v1/message" + b"".join(messages) + typed)
    matches = hmac.compare_digest(expand(root, b"ailock/v1/check", 4), record.tag)
    must(matches and None not in found, "no match")
    return expand(root, b"ailock/v1/secret", 32)
