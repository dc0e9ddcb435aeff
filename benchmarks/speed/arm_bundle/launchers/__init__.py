"""What starts the folder's Python: two shell scripts, and the module that tells it its own name."""

from __future__ import annotations

import shutil
from pathlib import Path

_HERE = Path(__file__).resolve().parent


def write_launchers(folder: Path, loader: str, python: str) -> None:
    """Put the launchers into a folder.

    Parameters
    ----------
    folder : of the layout that ``layout.py`` describes
    loader : file name of the dynamic loader in ``lib``
    python : version of the standard library's folder, as ``"3.11"``
    """
    for name in ("python", "ailock"):
        text = (_HERE / f"{name}.sh").read_text("utf-8")
        (folder / name).write_text(text.replace("@LOADER@", loader), encoding="utf-8")
        (folder / name).chmod(0o755)
    library = folder / "lib" / f"python{python}"
    shutil.copyfile(_HERE / "sitecustomize.py", library / "sitecustomize.py")
