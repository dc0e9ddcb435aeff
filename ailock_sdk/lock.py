"""AiLock: photos and records. It puts the stages together and stores nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial

from ailock_sdk.capture import PhotoSource
from ailock_sdk.constants import MAX_REFERENCE_PHOTOS, SALT_LENGTH_BYTES
from ailock_sdk.embedding import DEFAULT_BUNDLE, Bundle, find_bundle
from ailock_sdk.errors import EnrollmentError, ProfileError, RecordMismatchError
from ailock_sdk.imageprint import ImagePrint, combine
from ailock_sdk.photo_reader import (
    PhotoReader,
    PhotoSources,
    StageObserver,
    read_each,
    read_probe,
    timed_stage,
)
from ailock_sdk.profiles import DEFAULT_PROFILE
from ailock_sdk.secret import Hidden, Secret
from ailock_sdk.sketch import (
    RFC9106_LOW_MEMORY,
    Code,
    HelperData,
    KdfCost,
    correction_radius,
    generate,
    message_length_bytes,
    pepper_id,
    reproduce,
)
from ailock_sdk.store import DEFAULT_PEPPER, PepperProvider, Record, RecordHeader

_KEY_STAGE = "code and Argon2id"


class AiLock:
    """Turns photos into records and secrets, and back.

    Building one loads and verifies the model; keep it for as long as photos come, it stays warm.
    It may be shared between threads.

    Parameters
    ----------
    bundle : Bundle or str
        A bundle, or the name of an installed one.
    profile : str
        The name of one of the bundle's profiles, for new records. Records of its other profiles
        open as well, if their imageprints are the same: each within the radius it was made with.
    pepper : PepperProvider or None
        Where the pepper comes from; by default a file of the user's own,
        ``~/.config/ailock/pepper``, made on first use. Records open only where it is. ``None``
        makes records that need none: they open anywhere, but resist a thief by the photo alone, and
        say something about the photo (docs/threat-model.md).
    cost : KdfCost
        Argon2id cost of new records; each record carries its own.
    threads : int, optional
        CPU threads of the network, at least 1; by default the machine's fast cores, at most four.
    check_quality : bool
        Refuse photos that are dark, blown out, blurred, textureless or too small.
    allow_overcomplete : bool
        Permit enrolling with a profile whose records give the embedding away (the paper's
        parameters); a pepper is then required.
    observe : StageObserver, optional
        Called with the name and the seconds of every stage, for benchmarks.

    Attributes
    ----------
    code : Code
        Of new records.
    radius : int
        Most bits of new records that a probe may differ in.

    Raises
    ------
    BundleError
        The bundle is missing, damaged or altered, or has no such profile.
    RuntimeMissingError
        No TFLite interpreter is installed.
    """

    def __init__(
        self,
        bundle: Bundle | str = DEFAULT_BUNDLE,
        profile: str = DEFAULT_PROFILE,
        *,
        pepper: PepperProvider | None = DEFAULT_PEPPER,
        cost: KdfCost = RFC9106_LOW_MEMORY,
        threads: int | None = None,
        check_quality: bool = True,
        allow_overcomplete: bool = False,
        observe: StageObserver | None = None,
    ) -> None:
        self.bundle = find_bundle(bundle) if isinstance(bundle, str) else bundle
        self.profile = self.bundle.profile(profile)
        self.cost = cost
        self.check_quality = check_quality
        self.allow_overcomplete = allow_overcomplete
        self._pepper = pepper
        self._observe = observe
        self._reader = PhotoReader(self.bundle, self.profile, threads, observe)
        order, blocks, symbols = self.profile.code
        self.code = Code(self.lambda_bits, order, blocks, symbols)
        self.radius = correction_radius(self.lambda_bits, self.profile.tau)

    @property
    def lambda_bits(self) -> int:
        """Length of an imageprint in bits."""
        return self._reader.lambda_bits

    @property
    def fingerprint(self) -> bytes:
        """Of what imageprints depend on: two locks of one open each other's records."""
        return self.bundle.fingerprints[self.profile.name]

    @property
    def threads(self) -> int:
        """CPU threads of the network."""
        return self._reader.embedder.threads

    @property
    def runtime(self) -> str:
        """The TFLite runtime in use: package name and version."""
        runtime = self._reader.embedder.runtime
        return f"{runtime.name} {runtime.version}"

    def imageprint(self, photo: PhotoSource, *, reference: bool = False) -> ImagePrint:
        """The imageprint of one photo.

        Parameters
        ----------
        photo : PhotoSource
            A path, an encoded file's bytes, a Pillow image, or uint8 RGB (H, W, 3).
        reference : bool
            Take it as a reference photo, with the profile's ``reference_looks``, as :meth:`enroll`
            does; otherwise it is a probe, with the profile's ``looks``.

        Raises
        ------
        PhotoFormatError
            Not a photo this package reads, damaged, or above a size ceiling.
        PhotoQualityError
            Too poor to use; every reason is given.
        """
        return self._reader.imageprint(photo, reference=reference, check_quality=self.check_quality)

    def distance(self, a: ImagePrint, b: ImagePrint) -> float:
        """The decision statistic: differing bits over lambda, in [0, 1]; about 0.5 is chance."""
        return (a - b) / len(a)

    def reference(self, imageprints: Sequence[ImagePrint]) -> ImagePrint:
        """One reference from the imageprints of one object's reference photos, one or more.

        Raises
        ------
        EnrollmentError
            A photo is too unlike the others to show the same object.
        """
        # Half-way between what opens and chance: references may vary, but not show two objects.
        limit = (self.radius + self.lambda_bits // 2) // 2
        for number, one in enumerate(imageprints, start=1):
            others = [*imageprints[: number - 1], *imageprints[number:]]
            if others and one - combine(others) > limit:
                raise EnrollmentError(
                    f"photo {number} is too unlike the others: "
                    "take all photos of the same side of one object, in even light"
                )
        return combine(imageprints)

    def enroll(self, photos: Sequence[PhotoSource]) -> tuple[Record, Secret]:
        """Make a record and its secret; every call draws a new secret, also for the same photos.

        Parameters
        ----------
        photos : sequence of PhotoSource
            1 to 16 photos of one object.

        Returns
        -------
        record : Record
            Public, but do not show it needlessly (docs/threat-model.md).
        secret : Secret

        Raises
        ------
        CaptureError
            A photo cannot be used.
        EnrollmentError
            No photo, too many, or photos that show different objects.
        ProfileError
            The profile is overcomplete and this was not allowed, or no pepper is set.
        """
        if isinstance(photos, str | bytes | os.PathLike):
            raise TypeError("enroll takes a list of photos: enroll([photo])")
        if not 1 <= len(photos) <= MAX_REFERENCE_PHOTOS:
            raise EnrollmentError(f"enroll with 1 to {MAX_REFERENCE_PHOTOS} photos")
        self._refuse_overcomplete()
        prints = read_each(photos, partial(self.imageprint, reference=True))
        reference = self.reference(prints)
        # The one place where randomness enters a record; everything below is pure.
        salt = os.urandom(SALT_LENGTH_BYTES)
        message = Hidden(os.urandom(message_length_bytes(self.code)))
        return self._enroll_from_parts(reference, len(prints), salt, message)

    def probe(self, photos: PhotoSources) -> ImagePrint:
        """One probe from one photo, or from several of the same object (SPEC section 3).

        Parameters
        ----------
        photos : PhotoSource, or list or tuple of 1 to 8 PhotoSource

        Raises
        ------
        CaptureError
            A photo cannot be used; of several it is named. Or there is none, or more than 8.
        """
        return read_probe(photos, self.imageprint)

    def unlock(self, photos: PhotoSources, record: Record | bytes) -> Secret:
        """The record's secret if a photo shows its object, or several photos do together.

        Several photos are one opinion: their margins are averaged and compared once.

        Parameters
        ----------
        photos : PhotoSource, or list or tuple of 1 to 8 PhotoSource
        record : Record or bytes

        Raises
        ------
        UnlockError
            They do not. Nothing tells how near they were.
        CaptureError, RecordError, PepperError
            The comparison could not be made.
        """
        record = self.check(record)
        return self.reproduce(self.probe(photos), record)

    def reproduce(self, imageprint: ImagePrint, record: Record | bytes) -> Secret:
        """As :meth:`unlock`, from a probe's imageprint already taken."""
        record = self.check(record)
        header = record.header
        cost = KdfCost(header.time_cost, header.memory_cost_kib, header.lanes)
        with timed_stage(self._observe, _KEY_STAGE):
            return reproduce(
                Code(header.lambda_bits, header.order, header.blocks, header.message_symbols),
                header.radius,
                imageprint.margins,
                HelperData(record.helper, record.tag),
                header.salt,
                None if header.pepper_id is None else self._pepper_bytes(),
                cost,
                bytes(header),
            )

    def check(self, record: Record | bytes) -> Record:
        """The parsed record if this lock can serve it, whatever the photo.

        Raises
        ------
        RecordFormatError
            Not a record, or damaged.
        RecordMismatchError
            Made with another model or pepper, or a profile of other layers, segments or looks.
        """
        if not isinstance(record, Record):
            record = Record.from_bytes(record)
        header = record.header
        if header.fingerprint != self.fingerprint:
            maker = self.bundle.maker_in_words(header.fingerprint, header.profile)
            raise RecordMismatchError(f"the record was made with {maker}")
        if header.lambda_bits != self.lambda_bits:
            raise RecordMismatchError("the record's lambda is not the profile's: enroll again")
        if header.pepper_id is not None:
            if self._pepper is None:
                raise RecordMismatchError("the record needs the pepper it was made with")
            if header.pepper_id != pepper_id(self._pepper_bytes()):
                raise RecordMismatchError("the record was made with another pepper")
        return record

    def needs_reenroll(self, record: Record | bytes) -> bool:
        """True when a new record would be stronger or fit this machine better.

        That is: another runtime than the one in use, a lower Argon2id cost, another radius or code
        than its profile now has, or no pepper where there is one.
        """
        header = self.check(record).header
        profile = self.bundle.profiles.get(header.profile, self.profile)
        return (
            header.runtime != self._reader.embedder.runtime.id
            or header.time_cost * header.memory_cost_kib
            < self.cost.time_cost * self.cost.memory_cost_kib
            or header.radius != correction_radius(self.lambda_bits, profile.tau)
            or (header.order, header.blocks, header.message_symbols) != profile.code
            or (header.pepper_id is None and self._pepper is not None)
        )

    def _enroll_from_parts(
        self, reference: ImagePrint, photo_count: int, salt: bytes, message: Hidden
    ) -> tuple[Record, Secret]:
        pepper = None if self._pepper is None else self._pepper_bytes()
        header = RecordHeader(
            runtime=int(self._reader.embedder.runtime.id),
            photo_count=photo_count,
            fingerprint=self.fingerprint,
            profile=self.profile.name,
            lambda_bits=self.lambda_bits,
            radius=self.radius,
            order=self.profile.code[0],
            blocks=self.profile.code[1],
            message_symbols=self.profile.code[2],
            memory_cost_kib=self.cost.memory_cost_kib,
            time_cost=self.cost.time_cost,
            lanes=self.cost.lanes,
            salt=salt,
            pepper_id=None if pepper is None else pepper_id(pepper),
        )
        with timed_stage(self._observe, _KEY_STAGE):
            helper_data, secret = generate(
                self.code,
                self.radius,
                reference.bits,
                message,
                salt,
                pepper,
                self.cost,
                bytes(header),
            )
        return Record(header, helper_data.helper, helper_data.tag), secret

    def _pepper_bytes(self) -> Hidden:
        assert self._pepper is not None
        return Hidden(self._pepper.pepper())

    def _refuse_overcomplete(self) -> None:
        if self._reader.independent and not self.profile.overcomplete:
            return
        if not self.allow_overcomplete:
            raise ProfileError(
                f"profile {self.profile.name!r} has more bits than dimensions: its records give "
                "the photo's embedding away. For experiments: AiLock(allow_overcomplete=True)"
            )
        if self._pepper is None:
            raise ProfileError(f"profile {self.profile.name!r} may only be used with a pepper")
