"""AiLock: photos and records. It puts the stages together and stores nothing."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from copy import copy
from functools import partial

from ailock_sdk.capture import PhotoSource
from ailock_sdk.constants import SALT_LENGTH_BYTES
from ailock_sdk.embedding import DEFAULT_BUNDLE, Bundle, find_bundle
from ailock_sdk.errors import CaptureError, RecordMismatchError, memory_errors
from ailock_sdk.imageprint import ImagePrint
from ailock_sdk.limits import DEFAULT_LIMITS, Limits
from ailock_sdk.parameters import checked_pepper, pepper_id
from ailock_sdk.photo_lists import PhotoSources, read_objects, reference_photos
from ailock_sdk.photo_reader import PhotoReader, StageObserver, timed_stage
from ailock_sdk.profiles import DEFAULT_PROFILE
from ailock_sdk.record_keys import Maker, NewObject, make_record, open_any
from ailock_sdk.record_rules import (
    RecordRules,
    check_faces,
    check_overcomplete,
    check_pin_for,
)
from ailock_sdk.secret import Hidden, Pin, Secret, hidden_pin
from ailock_sdk.sketch import (
    HIGHEST_COST,
    Code,
    KdfCost,
    message_length_bytes,
    tune,
)
from ailock_sdk.store import DEFAULT_PEPPER, PepperProvider, PepperSource, Record, pepper_provider

_KEY_STAGE = "code and Argon2id"


class AiLock(PhotoReader):
    """Turns photos into records and secrets, and back.

    Building one loads and verifies the model; keep it for as long as photos come, it stays warm,
    until :meth:`close` or the end of a ``with``. Threads may share it, and a forked process may go
    on with it.
    Its methods take their time: ``await asyncio.to_thread(lock.unlock, photo, record)``.

    Parameters
    ----------
    bundle : Bundle or str
        A bundle, or the name of an installed one.
    profile : str
        The name of one of the bundle's profiles, for new records. Records of its other profiles
        open as well, if their imageprints are the same: each within the radius it was made with.
    pepper : PepperSource or None
        32 bytes, a file, or an object that has them; by default a file of the user's own,
        ``~/.config/ailock/pepper``, made when first enrolling. Records open only where it is.
        ``None`` makes records that need none: they open anywhere, but resist a thief by the photo
        alone, and say something about the photo (docs/explanation/threat-model.md).
    cost : KdfCost, optional
        Argon2id cost of new records, by default what takes 250 ms on this device; each record
        carries its own.
    max_cost : KdfCost
        The most memory, passes and lanes that a record may order.
    threads : int, optional
        CPU threads of the network, at least 1; by default the machine's fast cores, at most four.
    check_quality : bool
        Refuse photos that are dark, blown out, blurred, textureless or too small.
    allow_unpeppered : bool
        Where there is a pepper, open records that need none too: whoever wrote such a record may
        know the secret that it gives.
    allow_overcomplete : bool
        Permit enrolling with a profile whose records give the embedding away (the paper's
        parameters); a pepper is then required.
    allow_faces : bool
        Permit enrolling with a bundle of faces, which nobody can renew.
    observe : StageObserver, optional
        Called with the name and the seconds of every stage, for benchmarks.
    limits : Limits
        What a photo may ask for, in memory above all, and a bundle that is given by name.

    Attributes
    ----------
    code : Code
        Of new records.

    Raises
    ------
    BundleError
        The bundle is missing, damaged or altered, or has no such profile.
    PepperError
        Bytes, but not 32.
    RuntimeMissingError
        No interpreter of the bundle's models is installed.
    """

    def __init__(
        self,
        bundle: Bundle | str = DEFAULT_BUNDLE,
        profile: str = DEFAULT_PROFILE,
        *,
        pepper: PepperSource | None = DEFAULT_PEPPER,
        cost: KdfCost | None = None,
        max_cost: KdfCost = HIGHEST_COST,
        threads: int | None = None,
        check_quality: bool = True,
        allow_unpeppered: bool = False,
        allow_overcomplete: bool = False,
        allow_faces: bool = False,
        observe: StageObserver | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        pepper = None if pepper is None else pepper_provider(pepper)  # no frame shows its bytes
        bundle = find_bundle(bundle, limits) if isinstance(bundle, str) else bundle
        super().__init__(bundle, bundle.profile(profile), threads, check_quality, observe, limits)
        self.cost = cost
        self.allow_overcomplete = allow_overcomplete
        self.allow_faces = allow_faces
        self._pepper = pepper
        self.code = Code(self.lambda_bits, *self.profile.code)
        runtime_id = int(self._embedder.runtime.id)
        self._maker = Maker(runtime_id, self.fingerprint, profile, self.code, self.radius)
        bare = pepper is None or allow_unpeppered
        self._rules = RecordRules(self.bundle, self.profile, self.lambda_bits, max_cost, bare)

    def enroll(
        self,
        photos: Iterable[PhotoSource] | Iterable[Sequence[PhotoSource]],
        *,
        pin: Pin = None,
    ) -> tuple[Record, Secret]:
        """Make a record and its secret; every call draws a new secret, also for the same photos.

        The record is public, but do not show it needlessly (docs/explanation/threat-model.md).

        Parameters
        ----------
        photos : iterable of PhotoSource, or list of 2 to 4 lists of PhotoSource
            1 to 16 photos of one object; or such a list for each object of a combination, which
            opens by all of them together, in this order, and tells of none alone.
        pin : str, optional
            To be typed beside the photos: 4 to 64 characters.

        Raises
        ------
        CaptureError
            A photo cannot be used, or is given twice.
        EnrollmentError
            No photo, too many, or photos that show different objects.
        PinError
            It is no PIN.
        ProfileError
            The profile is overcomplete and this was not allowed, or no pepper is set. Or the
            bundle is of faces, and this was not allowed.
        """
        pin = hidden_pin(pin)
        check_pin_for([], pin)
        objects = reference_photos(photos)
        check_faces(self.bundle, self.allow_faces)
        if self._is_exposed:
            check_overcomplete(self.profile, self.allow_overcomplete, self._pepper is not None)
        read = partial(self.imageprint, reference=True)
        references = read_objects(objects, read, self.reference, apart=True)
        # The one place where randomness enters a record; everything below is pure.
        new = [
            NewObject(
                reference,
                len(photos_of_one),
                os.urandom(SALT_LENGTH_BYTES),
                Hidden(os.urandom(message_length_bytes(self.code))),
            )
            for reference, photos_of_one in zip(references, objects, strict=True)
        ]
        salt, pepper = os.urandom(SALT_LENGTH_BYTES), self._new_pepper()
        with memory_errors(), timed_stage(self._observe, _KEY_STAGE):
            return make_record(self._maker, new, salt, pepper, pin, self.cost or tune())

    def unlock(self, photos: PhotoSources, record: Record | bytes, *, pin: Pin = None) -> Secret:
        """The record's secret if the photos show its object, and the PIN is right if it needs one.

        Several photos of an object are one opinion: their margins are averaged and compared once.

        Parameters
        ----------
        photos : PhotoSource, or list or tuple of 1 to 8 PhotoSource
            Of one object; or a list of such lists, one for each object of a combination.
        record : Record or bytes
        pin : str, optional
            Not looked at if the record needs none.

        Raises
        ------
        UnlockError
            They do not, or it is not. Nothing tells how near they were, which of several objects
            was wrong, or whether it was the PIN.
        CaptureError, PinError, RecordError, PepperError
            The comparison could not be made.
        """
        pin = hidden_pin(pin)
        record = self.check(record)
        check_pin_for([record], pin)
        return self.reproduce(self.probes(photos), record, pin=pin)

    def reproduce(
        self, imageprints: Sequence[ImagePrint], record: Record | bytes, *, pin: Pin = None
    ) -> Secret:
        """As :meth:`unlock`, from the imageprints that :meth:`probes` gave."""
        pin = hidden_pin(pin)
        return self.reproduce_any(imageprints, [record], pin=pin)[1]

    def reproduce_any(
        self,
        imageprints: Sequence[ImagePrint],
        records: Sequence[Record | bytes],
        *,
        pin: Pin = None,
    ) -> tuple[int, Secret]:
        """As :meth:`reproduce`, of the first of the records that opens: its index and its secret.

        Raises
        ------
        CaptureError
            A record is of another number of objects than there are imageprints.
        """
        pin = hidden_pin(pin)
        checked = [self.check(record) for record in records]
        check_pin_for(checked, pin)
        for record in checked:
            if len(record.objects) != len(imageprints):
                raise CaptureError(
                    f"photos of {len(imageprints)} objects were given, but the record is of "
                    f"{len(record.objects)}: give a list of photos for each"
                )
        needed = any(record.header.pepper_id is not None for record in checked)
        pepper = self._pepper_bytes() if needed else None
        with memory_errors(), timed_stage(self._observe, _KEY_STAGE):
            return open_any(checked, imageprints, pepper, pin)

    def check(self, record: Record | bytes) -> Record:
        """The parsed record if this lock can serve it, whatever the photo.

        Raises
        ------
        RecordFormatError
            Not a record, or damaged.
        RecordMismatchError
            Made with another model or pepper, or a profile of other layers, segments or looks; it
            orders or forgives too much, or needs no pepper where that was not allowed.
        """
        if not isinstance(record, Record):
            record = Record.from_bytes(record)
        self._rules.check(record)
        needed = record.header.pepper_id
        if needed is not None:
            pepper = self._pepper_bytes()
            if pepper is None:
                raise RecordMismatchError("the record needs the pepper it was made with")
            if pepper_id(pepper) != needed:
                raise RecordMismatchError("the record was made with another pepper")
        return record

    def needs_reenroll(self, record: Record | bytes) -> bool:
        """True when a new record would be stronger or fit this machine better.

        That is: another runtime than the one in use, a lower Argon2id cost than this lock's (or one
        far from what this device would choose), another radius or code than its profile now has,
        or no pepper where there is one.
        """
        record = self.check(record)
        if record.header.pepper_id is None and self._pepper is not None:
            return True
        return self._rules.is_out_of_date(record, self._maker.runtime, self.cost)

    def with_pepper(self, pepper: PepperProvider) -> AiLock:
        """The same lock with another pepper: both share the model."""
        other = copy(self)
        other._pepper = pepper
        return other

    @property
    def pepper(self) -> PepperProvider | None:
        """Where the pepper comes from; ``None`` for records that need none."""
        return self._pepper

    def _pepper_bytes(self) -> Hidden | None:
        return None if self._pepper is None else checked_pepper(self._pepper.pepper())

    def _new_pepper(self) -> Hidden | None:
        create = getattr(self._pepper, "create", None)
        return self._pepper_bytes() if create is None else checked_pepper(create())
