"""``ailock completion``: a script by which a shell completes commands, options, locks and files."""

from __future__ import annotations

import contextlib
import re

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
    shell_complete,
)

from ailock_sdk.cli.app import COMPLETE_VARIABLE, app
from ailock_sdk.cli.commands import Settings, command
from ailock_sdk.cli.output import report


class _Bash(BashComplete):
    """Click's, for names that the shell would split."""

    def format_completion(self, item: CompletionItem[str]) -> str:
        # Escaped for the command line, and once more for the script's `read`.
        escaped = re.sub(r"([^\w@%+=:,./-])", r"\\\\\1", item.value)
        return f"{item.type},{escaped}"


add_completion_class(_Bash)
_KINDS: dict[str, type[ShellComplete]] = {"bash": _Bash, "zsh": ZshComplete, "fish": FishComplete}


def complete(instruction: str) -> None:
    """Answer what the script asks, in silence: no message helps who pressed the tabulator."""
    with contextlib.suppress(Exception):
        shell_complete(app, {"obj": Settings()}, "ailock", COMPLETE_VARIABLE, instruction)


@command("completion", 'eval "$(ailock completion bash)"', "ailock completion fish | source")
@click.argument("shell", type=click.Choice(list(_KINDS)), help="The shell you use.")
def completion(settings: Settings, shell: str) -> None:
    """Print a script that completes ailock's command lines in a shell.

    Put the command of the example into the shell's start-up file, ~/.bashrc for example.
    """
    script = _KINDS[shell](app, {}, "ailock", COMPLETE_VARIABLE).source()
    report(settings, {"shell": shell, "script": script}, script)
