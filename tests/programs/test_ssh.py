"""docs/how-to/ssh.md with the real ssh-agent and git."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.processes import Ailock
from tests.conftest import PHOTOS
from tests.programs.real import blocks, install, needs

pytest.importorskip("av", reason="needs the extra [camera]")
pytestmark = [
    pytest.mark.long,
    needs("ssh-agent", "ssh-add", "git", package="openssh-client git"),
]


def test_a_commit_is_signed_by_photo(tmp_path: Path) -> None:
    ailock = Ailock(tmp_path / "home")
    photos = [PHOTOS / f"book-{view}.jpg" for view in (1, 2)]
    done = ailock("enroll", "git", *photos, "--recovery-file", tmp_path / "code")
    assert done.returncode == 0, done.stderr
    camera = tmp_path / "camera"
    camera.mkdir()
    shutil.copy(PHOTOS / "book-3.jpg", camera)
    script = "\n".join(
        [
            "git init -q . && git config user.name Me && git config user.email me@example.org",
            *blocks("ssh.md"),
            "ssh-add -L",
            f"ailock recover git --code-file {tmp_path / 'code'} --output ssh-key > recovered",
            "chmod 600 recovered && ssh-keygen -y -f recovered && cat ~/.ssh/ailock.pub",
            # The agent had it all along: without it nothing is signed.
            "ssh-add -q -D && ! git commit -q --allow-empty -S -m unsigned",
        ]
    )
    venv = install(tmp_path / "venv")
    repository = tmp_path / "repository"
    repository.mkdir()
    done = subprocess.run(
        ["ssh-agent", "bash", "-euo", "pipefail", "-c", script],
        env={
            **ailock.environment,
            "PATH": f"{venv / 'bin'}:{os.environ['PATH']}",
            "AILOCK_CAMERA": str(camera),
            "GIT_CONFIG_NOSYSTEM": "1",
        },
        cwd=repository,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert 'Good "git" signature for me@example.org' in done.stderr
    keys = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("ssh-ed25519 ")]
    assert len(keys) == 3
    assert len({*keys}) == 1
    assert "PRIVATE KEY" not in done.stdout + done.stderr
