"""Imageprint bits to a secret: error-correcting code, secure sketch, fuzzy extractor."""

from ailock_sdk.sketch.code import Code
from ailock_sdk.sketch.extractor import (
    FoundMessages,
    KeyInputs,
    ObjectSketch,
    conceal,
    find_messages,
    new_secret,
    secret_behind,
)
from ailock_sdk.sketch.kdf import (
    CHEAPEST,
    HIGHEST_COST,
    RFC9106_LOW_MEMORY,
    KdfCost,
    derive_keys,
    helper_mask,
)
from ailock_sdk.sketch.message import message_length_bytes
from ailock_sdk.sketch.permutation import permutation
from ailock_sdk.sketch.radius import correction_radius
from ailock_sdk.sketch.reed_muller import ReedMuller
from ailock_sdk.sketch.reed_solomon import ReedSolomon
from ailock_sdk.sketch.secure_sketch import recover, sketch
from ailock_sdk.sketch.tuning import (
    TARGET_SECONDS,
    is_far_off,
    measured_speed,
    tune,
    tuned_cost,
    work_kib,
)

__all__ = [
    "correction_radius",
    "ReedMuller",
    "ReedSolomon",
    "Code",
    "permutation",
    "sketch",
    "recover",
    "ObjectSketch",
    "FoundMessages",
    "KeyInputs",
    "conceal",
    "new_secret",
    "find_messages",
    "secret_behind",
    "message_length_bytes",
    "KdfCost",
    "RFC9106_LOW_MEMORY",
    "CHEAPEST",
    "HIGHEST_COST",
    "derive_keys",
    "helper_mask",
    "TARGET_SECONDS",
    "tune",
    "tuned_cost",
    "work_kib",
    "measured_speed",
    "is_far_off",
]
