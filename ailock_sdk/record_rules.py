"""Which records a lock serves, and which are out of date."""

from __future__ import annotations

from collections.abc import Sequence

from ailock_sdk.embedding import Bundle
from ailock_sdk.errors import CaptureError, PinError, ProfileError, RecordMismatchError
from ailock_sdk.imageprint import ImagePrint
from ailock_sdk.parameters import check_pin, pepper_id
from ailock_sdk.profiles import Profile
from ailock_sdk.secret import Hidden
from ailock_sdk.sketch import KdfCost, correction_radius
from ailock_sdk.store import Record, RecordObject


def check_maker(record: Record, bundle: Bundle, profile: Profile, lambda_bits: int) -> None:
    """Refuse a record whose imageprints are not the profile's.

    Parameters
    ----------
    record : Record
    bundle : Bundle
    profile : Profile
        One of the bundle's.
    lambda_bits : int
        Of the profile's imageprints.

    Raises
    ------
    RecordMismatchError
        Made with another model, or a profile of other layers, segments or looks.
    """
    for one in record.objects:
        if one.fingerprint != bundle.fingerprints[profile.name]:
            maker = bundle.maker_in_words(one.fingerprint, one.profile)
            raise RecordMismatchError(f"the record was made with {maker}")
        if one.lambda_bits != lambda_bits:
            raise RecordMismatchError("the record's lambda is not the profile's: enroll again")


def check_pepper(record: Record, pepper: Hidden | None) -> None:
    """Refuse a record that was made with another pepper, or needs one where there is none.

    Raises
    ------
    RecordMismatchError
    """
    needed = record.header.pepper_id
    if needed is None:
        return
    if pepper is None:
        raise RecordMismatchError("the record needs the pepper it was made with")
    if needed != pepper_id(pepper):
        raise RecordMismatchError("the record was made with another pepper")


def check_inputs(
    records: Sequence[Record], probes: Sequence[ImagePrint], pin: Hidden | None
) -> None:
    """Refuse probes and a PIN that no comparison can be made with.

    Raises
    ------
    CaptureError
        A record is of another number of objects.
    PinError
        As :func:`check_pin_for`.
    """
    check_pin_for(records, pin)
    for record in records:
        if len(record.objects) != len(probes):
            raise CaptureError(
                f"photos of {len(probes)} objects were given, but the record is of "
                f"{len(record.objects)}: give a list of photos for each"
            )


def check_pin_for(records: Sequence[Record], pin: Hidden | None) -> None:
    """Refuse what is no PIN, and none where a record needs one.

    Raises
    ------
    PinError
    """
    if pin is not None:
        check_pin(pin)
    elif any(record.header.needs_pin for record in records):
        raise PinError("this lock needs its PIN beside the photos")


def is_out_of_date(
    record: Record, bundle: Bundle, profile: Profile, runtime: int, cost: KdfCost
) -> bool:
    """Whether the record would now be made by another runtime, or with other numbers.

    Parameters
    ----------
    record : Record
    bundle : Bundle
        Its profile of the name that an object gives tells the radius and the code of today.
    profile : Profile
        The one for objects whose profile the bundle no longer has.
    runtime : int
        Number of the ``RuntimeId`` in use.
    cost : KdfCost
        A record of a lower one is out of date.
    """

    def is_old(one: RecordObject) -> bool:
        made_by = bundle.profiles.get(one.profile, profile)
        radius = correction_radius(one.lambda_bits, made_by.tau)
        return (one.runtime, one.radius, one.code) != (runtime, radius, made_by.code)

    header = record.header
    cheaper = header.time_cost * header.memory_cost_kib < cost.time_cost * cost.memory_cost_kib
    return cheaper or any(is_old(one) for one in record.objects)


def check_overcomplete(profile: Profile, allowed: bool, peppered: bool) -> None:
    """Refuse to enroll with a profile whose records give the embedding away.

    Raises
    ------
    ProfileError
        It was not allowed, or there is no pepper.
    """
    if not allowed:
        raise ProfileError(
            f"profile {profile.name!r} has more bits than dimensions: its records give "
            "the photo's embedding away. For experiments: AiLock(allow_overcomplete=True)"
        )
    if not peppered:
        raise ProfileError(f"profile {profile.name!r} may only be used with a pepper")
