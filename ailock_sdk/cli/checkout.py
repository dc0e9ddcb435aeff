"""Programs of a checkout of the source, which the wheel does not carry: found by name."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

from ailock_sdk.errors import BundleError


def import_module(name: str, doing: str, extra: str, packages: dict[str, str]) -> Any:
    """A module of the checkout.

    Parameters
    ----------
    name : str
        Such as ``tools.convert_tflite``.
    doing : str
        What it is for, as the error begins: ``building``.
    extra : str
        Of ailock-sdk, which brings ``packages``.
    packages : dict of str to str
        What they are called, by the names they are imported by.

    Raises
    ------
    BundleError
        This is no checkout, or a package is missing.
    """
    checkout = Path(__file__).resolve().parents[2]
    if not checkout.joinpath(*name.split(".")).with_suffix(".py").is_file():
        raise BundleError(
            f"{doing} needs a checkout of the source, which this installation is not: "
            f"in one, pip install -e '.[{extra}]'"
        )
    sys.path.insert(0, str(checkout))
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = (error.name or "").split(".")[0]
        if missing not in packages:
            raise
        raise BundleError(
            f"{doing} needs {packages[missing]}: pip install 'ailock-sdk[{extra}]' ({error})"
        ) from None
