"""Every number and label that formats and decisions depend on; units are in the names."""

from __future__ import annotations

from enum import IntEnum, unique

# -- capture -----------------------------------------------------------------------------------
MAX_PHOTO_BYTES = 64 * 1024 * 1024
"""Encoded size above which a photo is refused before it is read."""
MAX_PHOTO_PIXELS = 64_000_000
"""Width times height above which a photo is refused before it is decoded."""
MIN_SHORT_SIDE_PIXELS = 128
"""Shorter side below which a photo is "too small"."""
SEGMENT_FRACTION = 0.58
"""Side of a segment over the image's side: neighbours overlap by 16 %, about 50 px of 312."""
MAX_LOOKS = 16
"""Most looks of a profile at one segment: each costs a run of the network."""

# -- sketch ------------------------------------------------------------------------------------
SALT_LENGTH_BYTES = 16
SECRET_LENGTH_BYTES = 32
ROOT_KEY_LENGTH_BYTES = 32
CHECK_TAG_LENGTH_BYTES = 4
"""50 attempts pass a wrong decode with probability at most 50 / 2**32, below 2**-26."""
PEPPER_LENGTH_BYTES = 32
PEPPER_ID_LENGTH_BYTES = 8

ARGON2_TIME_COST = 3
ARGON2_MEMORY_COST_KIB = 64 * 1024
ARGON2_LANES = 4
"""Cost when writing: the second recommended option of RFC 9106, section 4."""
ARGON2_TIME_COST_MAX = 16
ARGON2_MEMORY_COST_KIB_MAX = 1024 * 1024
ARGON2_LANES_MAX = 16
"""Cost ceilings when reading a record from outside: 1 GiB, 16 passes, 16 lanes."""


@unique
class RuntimeId(IntEnum):
    """TFLite runtimes by their number in a record: another one may round an embedding otherwise."""

    AI_EDGE_LITERT = 1
    TFLITE_RUNTIME = 2
    TENSORFLOW = 3


# -- vault -------------------------------------------------------------------------------------
MAX_REFERENCE_PHOTOS = 16
MAX_LAMBDA_BITS = 4096
SEAL_CHUNK_LENGTH_BYTES = 64 * 1024
FREE_MISSES = 5
"""Consecutive misses before the first wait (NIST SP 800-63B-4 draft, section 3.2.3)."""
MAX_MISSES = 50
"""Consecutive misses after which a lock stays closed."""
FIRST_WAIT_SECONDS = 30
MISSES_PER_DOUBLING = 5
"""The wait is 30 s from the fifth miss and doubles with every fifth miss after the ninth."""

# -- domain separation -------------------------------------------------------------------------
LABEL_PERMUTATION = b"ailock/v1/permutation"
LABEL_MESSAGE = b"ailock/v1/message"
LABEL_CHECK = b"ailock/v1/check"
LABEL_HELPER_MASK = b"ailock/v1/helper-mask"
LABEL_SECRET = b"ailock/v1/secret"
LABEL_PEPPER_ID = b"ailock/v1/pepper-id"
LABEL_SEALING_KEY = b"ailock/v1/sealing-key"
LABEL_SEAL = b"ailock/v1/seal"
LABEL_ROW = b"ailock/v1/vault-row"
LABEL_FINGERPRINT = b"ailock/v1/bundle-fingerprint"
