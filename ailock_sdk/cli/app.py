"""The ``ailock`` command line: which commands there are, and where."""

from __future__ import annotations

import click

from ailock_sdk import __version__
from ailock_sdk.cli.commands import Group
from ailock_sdk.cli.exit_codes import SIGNAL_BASE, ExitCode

COMPLETE_VARIABLE = "_AILOCK_COMPLETE"
"""Environment variable by which the shells' completion scripts ask."""

_SECTIONS = {
    "Locks": {
        "enroll": "locks:enroll",
        "unlock": "locks:unlock",
        "recover": "locks:recover",
        "list": "locks:list_names",
        "show": "locks:show",
        "rename": "locks:rename",
        "remove": "locks:remove",
        "slots": "slots:slots",
        "export": "slots:export",
        "import": "slots:import_",
    },
    "Files": {"seal": "sealing:seal", "open": "sealing:open_sealed"},
    "Other programs": {"pam": "pam:pam"},
    "Phone page": {
        "serve": "serving:serve",
        "wait": "serving:wait",
        "devices": "serving:devices",
    },
    "This device": {
        "cameras": "cameras:cameras",
        "compare": "measuring:compare",
        "hash": "measuring:hash_",
        "benchmark": "measuring:benchmark",
        "doctor": "measuring:doctor",
        "models": "models:models",
        "pepper": "peppers:pepper",
        "completion": "completion:completion",
    },
}


class _Ailock(Group):
    """The whole command line; its help ends with the exit statuses."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_epilog(ctx, formatter)
        rows = [(str(int(code)), code.meaning) for code in ExitCode]
        with formatter.section("Exit status"):
            formatter.write_dl([*rows, (f"{SIGNAL_BASE}+n", "ended by signal n")])


app = _Ailock(
    "ailock",
    sections=_SECTIONS,
    help="A photo of an everyday object is the key.",
    examples=(
        "ailock enroll door mug1.jpg mug2.jpg mug3.jpg",
        "ailock unlock door new-photo.jpg",
        "ailock seal door letter.txt",
        "ailock open door letter.txt.sealed new-photo.jpg",
    ),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
click.version_option(__version__, prog_name="ailock", message="%(prog)s %(version)s")(app)
