"""Which records a lock serves, and which are out of date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from ailock_sdk.embedding import Bundle
from ailock_sdk.errors import PinError, ProfileError, RecordMismatchError
from ailock_sdk.parameters import chance_opens, check_pin
from ailock_sdk.profiles import Profile
from ailock_sdk.secret import Hidden
from ailock_sdk.sketch import (
    KdfCost,
    correction_radius,
    is_far_off,
    measured_speed,
    work_kib,
)
from ailock_sdk.store import Record, RecordObject


@dataclass(frozen=True)
class RecordRules:
    """What a lock asks of the records that it opens.

    Attributes
    ----------
    bundle : Bundle
    profile : Profile
    lambda_bits : int
        Of the profile's imageprints.
    max_cost : KdfCost
        The most memory, passes and lanes that a record may order.
    bare : bool
        Open records that need no pepper.
    """

    bundle: Bundle
    profile: Profile
    lambda_bits: int
    max_cost: KdfCost
    bare: bool

    def check(self, record: Record) -> None:
        """Refuse a record that asks for what this lock does not give.

        Raises
        ------
        RecordMismatchError
            As told at :meth:`~ailock_sdk.lock.AiLock.check`.
        """
        for one in record.objects:
            if one.fingerprint != self.bundle.fingerprints[self.profile.name]:
                maker = self.bundle.maker_in_words(one.fingerprint, one.profile)
                raise RecordMismatchError(f"the record was made with {maker}")
            if one.lambda_bits != self.lambda_bits:
                raise RecordMismatchError("the record's lambda is not the profile's: enroll again")
            if chance_opens(one.lambda_bits, one.radius):
                raise RecordMismatchError(
                    f"the record forgives {one.radius} of {one.lambda_bits} bits, which chance "
                    "would meet too often: enroll again"
                )
        header = record.header
        if header.pepper_id is None and not self.bare:
            raise RecordMismatchError(
                "the record needs no pepper, so whoever wrote it may know its secret: if you "
                "wrote it, AiLock(allow_unpeppered=True) opens it"
            )
        for name, most in asdict(self.max_cost).items():
            if getattr(header, name) > most:
                raise RecordMismatchError(
                    f"the record orders an Argon2id {name} of {getattr(header, name)}, "
                    f"and {most} is the most that is allowed here"
                )

    def is_out_of_date(self, record: Record, runtime: int, cost: KdfCost | None) -> bool:
        """Whether the record would now be made by another runtime, or with other numbers.

        One of a lower cost is out of date; if this is ``None``, this device's speed is asked.
        """
        ordered = KdfCost(*record.header.cost)
        if cost is None:
            too_cheap = is_far_off(ordered, measured_speed())
        else:
            too_cheap = work_kib(ordered) < work_kib(cost)
        return too_cheap or any(self._is_old(one, runtime) for one in record.objects)

    def _is_old(self, one: RecordObject, runtime: int) -> bool:
        made_by = self.bundle.profiles.get(one.profile, self.profile)
        radius = correction_radius(one.lambda_bits, made_by.tau)
        return (one.runtime, one.radius, one.code) != (runtime, radius, made_by.code)


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


def check_faces(bundle: Bundle, allowed: bool) -> None:
    """Refuse to enroll faces where nobody asked for it.

    Raises
    ------
    ProfileError
    """
    if bundle.subject == "faces" and not allowed:
        raise ProfileError(
            f"bundle {bundle.name!r} reads faces, which make bad keys: a face is shown to "
            "everybody and cannot be renewed once its photo is misused. If you want it all the "
            "same: --allow-faces, or AiLock(allow_faces=True)"
        )


def check_overcomplete(profile: Profile, allowed: bool, peppered: bool) -> None:
    """Refuse to enroll with a profile whose records give the embedding away.

    Raises
    ------
    ProfileError
    """
    if not allowed:
        raise ProfileError(
            f"profile {profile.name!r} has more bits than dimensions: its records give "
            "the photo's embedding away. For experiments: AiLock(allow_overcomplete=True)"
        )
    if not peppered:
        raise ProfileError(f"profile {profile.name!r} may only be used with a pepper")
