"""``python -m ailock_sdk``: the ``ailock`` command."""

from __future__ import annotations

from ailock_sdk.cli import main

raise SystemExit(main())
