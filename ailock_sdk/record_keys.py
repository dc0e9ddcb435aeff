"""From imageprints to a record and its secret, and back: sketch and record together.

Pure: salts, messages, pepper and PIN come from the caller. Photos and bundles are not known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from ailock_sdk.errors import OutOfMemoryError, UnlockError, memory_errors
from ailock_sdk.imageprint import ImagePrint
from ailock_sdk.parameters import pepper_id
from ailock_sdk.secret import Hidden, Secret
from ailock_sdk.sketch import (
    Code,
    FoundMessages,
    KdfCost,
    KeyInputs,
    ObjectSketch,
    conceal,
    find_messages,
    new_secret,
    secret_behind,
)
from ailock_sdk.store import Record, RecordHeader, RecordObject, bound_bytes


@dataclass(frozen=True)
class NewObject:
    """One object of a new record.

    Attributes
    ----------
    reference : ImagePrint
    photo_count : int
        That the reference was made of, 1 to 16.
    salt, message : bytes
        Random: 16, and as many as the code's message takes.
    """

    reference: ImagePrint
    photo_count: int
    salt: bytes = field(repr=False)
    message: Hidden


@dataclass(frozen=True)
class Maker:
    """What the objects of a new record have in common, as in :class:`RecordObject`.

    Attributes
    ----------
    runtime : int
    fingerprint : bytes
    profile : str
    code : Code
    radius : int
    """

    runtime: int
    fingerprint: bytes
    profile: str
    code: Code
    radius: int


def make_record(
    maker: Maker,
    objects: Sequence[NewObject],
    salt: bytes,
    pepper: Hidden | None,
    pin: Hidden | None,
    cost: KdfCost,
) -> tuple[Record, Secret]:
    """A new record and its secret.

    Parameters
    ----------
    maker : Maker
    objects : sequence of NewObject
    salt : bytes
        16 random bytes, of Argon2id.
    pepper, pin : Hidden or None
        The latter is one that ``parameters.check_pin`` lets pass.
    cost : KdfCost
    """
    header = RecordHeader(
        pepper_id=None if pepper is None else pepper_id(pepper),
        needs_pin=pin is not None,
        salt=salt,
        **asdict(cost),
    )
    code = maker.code
    messages, parts = [], []
    for new in objects:
        helper, message = conceal(
            code, maker.radius, new.reference.bits, new.message, new.salt, pepper
        )
        messages.append(message)
        parts.append(
            RecordObject(
                runtime=maker.runtime,
                photo_count=new.photo_count,
                fingerprint=maker.fingerprint,
                profile=maker.profile,
                lambda_bits=code.lambda_bits,
                radius=maker.radius,
                order=code.order,
                blocks=code.blocks,
                message_symbols=code.message_symbols,
                salt=new.salt,
                helper=helper,
            )
        )
    bound = bound_bytes(header, parts)
    tag, secret = new_secret(messages, KeyInputs(pin or Hidden(), salt, pepper, cost, bound))
    return Record(header, tuple(parts), tag), secret


def open_any(
    records: Sequence[Record],
    probes: Sequence[ImagePrint],
    pepper: Hidden | None,
    pin: Hidden | None,
) -> tuple[int, Secret]:
    """The first record that opens: its index and its secret.

    All are decoded. Argon2id runs for those of which every object was found; where none opens, for
    all that need a PIN, or else for the first: a refusal takes as long whatever was wrong.

    Parameters
    ----------
    records : sequence of Record
        One or more.
    probes : sequence of ImagePrint
        One for each object; all records are of that many.
    pepper, pin : Hidden or None
        Of the records that need one.

    Raises
    ------
    UnlockError, OutOfMemoryError
        None opens; for one of them there was too little memory, and no other opens.
    """
    peppers = [None if r.header.pepper_id is None else pepper for r in records]
    found = [_find(*pair, probes) for pair in zip(records, peppers, strict=True)]
    complete = [index for index, messages in enumerate(found) if messages.complete]
    # Behind a wrong PIN a right photo is told by how many of its records were tried, unless all
    # are. Without a PIN what is complete opens.
    with_pin = [index for index, record in enumerate(records) if record.header.needs_pin]
    compared, starved = False, ""
    for index in dict.fromkeys([*complete, *with_pin]) or [0]:
        try:
            with memory_errors():
                return index, _secret_of(records[index], found[index], peppers[index], pin)
        except UnlockError:
            compared = True
        except OutOfMemoryError as error:
            starved = str(error)
    if starved:
        raise OutOfMemoryError(starved, compared=compared)
    raise UnlockError


def _find(record: Record, pepper: Hidden | None, probes: Sequence[ImagePrint]) -> FoundMessages:
    sketches = [
        ObjectSketch(Code(one.lambda_bits, *one.code), one.radius, one.salt, one.helper)
        for one in record.objects
    ]
    return find_messages(sketches, [probe.margins for probe in probes], pepper)


def _secret_of(
    record: Record, found: FoundMessages, pepper: Hidden | None, pin: Hidden | None
) -> Secret:
    header = record.header
    if pin is None or not header.needs_pin:
        pin = Hidden()
    bound = bound_bytes(header, record.objects)
    inputs = KeyInputs(pin, header.salt, pepper, KdfCost(*header.cost), bound)
    return secret_behind(found, record.tag, inputs)
