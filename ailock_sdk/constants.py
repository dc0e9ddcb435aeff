"""Numbers and labels that several modules share; units are in the names.

A number with one user stands beside that user. Imported by the command line at every start: this
module loads nothing but ``enum``.
"""

from __future__ import annotations

from enum import IntEnum, unique

# -- records -----------------------------------------------------------------------------------
SALT_LENGTH_BYTES = 16
CHECK_TAG_LENGTH_BYTES = 4
"""50 attempts pass a wrong decode with probability at most 50 / 2**32, below 2**-26."""
PEPPER_LENGTH_BYTES = 32
PEPPER_ID_LENGTH_BYTES = 8
MAX_LAMBDA_BITS = 4096
MAX_REFERENCE_PHOTOS = 16
MAX_PROBE_PHOTOS = 8
"""Most photos of one unlock: more add time and little else."""
MAX_OBJECTS = 4
"""Of one record: they open together."""


@unique
class RuntimeId(IntEnum):
    """Runtimes by their number in a record: another one may round an embedding otherwise."""

    AI_EDGE_LITERT = 1
    TFLITE_RUNTIME = 2
    TENSORFLOW = 3
    ONNXRUNTIME = 4

    @property
    def package(self) -> str:
        """The name of the package that brings this runtime, such as ``ai-edge-litert``."""
        return self.name.lower().replace("_", "-")


# -- command line and library -------------------------------------------------------------------
VAULT_PATH_VARIABLE = "AILOCK_VAULT"
"""Environment variable: the vault file of the ``ailock`` command."""
PEPPER_VARIABLE = "AILOCK_PEPPER"
"""Environment variable: where the ``ailock`` command finds the pepper, as ``--pepper`` says it."""
MODELS_PATH_VARIABLE = "AILOCK_MODELS"
"""Environment variable: folders searched for bundles before the shipped ones."""
CAMERA_VARIABLE = "AILOCK_CAMERA"
"""Environment variable: the camera where none is named."""
DEFAULT_BENCHMARK_RUNS = 20

# -- domain separation: together, so that nobody gives one label two purposes -------------------
LABEL_PERMUTATION = b"ailock/v1/permutation"
LABEL_MESSAGE = b"ailock/v1/message"
LABEL_CHECK = b"ailock/v1/check"
LABEL_HELPER_MASK = b"ailock/v1/helper-mask"
LABEL_SECRET = b"ailock/v1/secret"
LABEL_PEPPER_ID = b"ailock/v1/pepper-id"
LABEL_ROW = b"ailock/v1/vault-row"
LABEL_STATE = b"ailock/v1/vault-state"
LABEL_COUNTER = b"ailock/v1/tpm-counter"
LABEL_SECURITY_KEY = b"ailock/v1/fido2-pepper"
LABEL_FINGERPRINT = b"ailock/v1/fingerprint"
LABEL_IDENTITY = b"ailock/v1/identity"
LABEL_SSH_KEY = b"ailock/v1/ssh-key"
LABEL_LOCK_SECRET = b"ailock/v1/lock-secret"
LABEL_RECOVERY = b"ailock/v1/recovery"
LABEL_SLOT = b"ailock/v1/slot"
LABEL_SLOT_KEY = b"ailock/v1/slot-key"
