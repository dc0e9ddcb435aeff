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
from ailock_sdk.sketch.reed_muller import ReedMuller
from ailock_sdk.sketch.reed_solomon import ReedSolomon
from ailock_sdk.sketch.secure_sketch import correction_radius, permutation, recover, sketch
from ailock_sdk.sketch.tuning import (
    TARGET_SECONDS,
    is_far_off,
    measured_speed,
    tune,
    tuned_cost,
    work_kib,
)

__all__ = ["ReedMuller", "ReedSolomon", "Code"]
__all__ += ["correction_radius", "permutation", "sketch", "recover"]
__all__ += ["ObjectSketch", "FoundMessages", "KeyInputs", "message_length_bytes"]
__all__ += ["conceal", "new_secret", "find_messages", "secret_behind"]
__all__ += ["KdfCost", "RFC9106_LOW_MEMORY", "CHEAPEST", "HIGHEST_COST"]
__all__ += ["derive_keys", "helper_mask"]
__all__ += ["TARGET_SECONDS", "tune", "tuned_cost", "work_kib", "measured_speed", "is_far_off"]
