"""What foreign data may ask for: ceilings that a caller may set."""

from __future__ import annotations

from dataclasses import dataclass, fields

from ailock_sdk.errors import ProfileError


@dataclass(frozen=True)
class Limits:
    """Ceilings, each looked at before what it bounds is done.

    Attributes
    ----------
    photo_bytes, photo_pixels : int
        Length of an encoded photo; width times height that its header may promise.
    decoding_bytes : int
        Memory that decoding one photo may take, its encoded bytes included; see the table in
        SPEC section 1.
    projection_bytes : int
        Length of the arrays in a bundle's projection file; memory for them is four times that.

    Raises
    ------
    ProfileError
        One is no positive whole number.
    """

    photo_bytes: int = 64 * 1024 * 1024
    photo_pixels: int = 256_000_000
    decoding_bytes: int = 345_000_000
    projection_bytes: int = 256 * 1024 * 1024

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if type(value) is not int or value < 1:
                raise ProfileError(f"{field.name} is {value!r}, must be a whole number above 0")


DEFAULT_LIMITS = Limits()
