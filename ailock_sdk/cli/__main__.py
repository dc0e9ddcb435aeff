"""``python -m ailock_sdk.cli``: the ``ailock`` command."""

from __future__ import annotations

from ailock_sdk.cli import main

raise SystemExit(main())
