"""Child processes start as this one did: through the launcher, and so the loader and emulator."""

import os
import sys

sys.executable = os.path.join(sys.prefix, "python")
