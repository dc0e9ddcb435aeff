"""``python -m benchmarks.speed``: an unlock timed by stage on devices, side by side.

Each target is timed with ``ailock benchmark`` and leaves a JSON file in the output folder. Then all
results there become one comparison: ``comparison.html``, ``.md``, ``.csv`` and ``.json``, and
``stages`` and ``threads`` as ``.png`` and ``.csv``. The exit status is 0, or 1: a target failed, or
became slower than its baseline.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from ailock_sdk import AilockError
from ailock_sdk.benchmark import format_report
from benchmarks.speed import comparison
from benchmarks.speed.adb_target import AdbTarget
from benchmarks.speed.arm_bundle import build_arm_folder
from benchmarks.speed.arm_bundle.architectures import ARCHITECTURES
from benchmarks.speed.comparison_report import (
    changes_report,
    comparison_report,
    save_comparison,
)
from benchmarks.speed.errors import SpeedError
from benchmarks.speed.measure import Settings, measure
from benchmarks.speed.results import Result, find_results, load_result, save_result
from benchmarks.speed.ssh_target import SshTarget
from benchmarks.speed.targets import EmulatedTarget, LocalTarget, Target
from lab.errors import LabError
from lab.report.files import print_report
from lab.report.provenance import command_line

MODULE = "benchmarks.speed"
ARM_FOLDERS = Path("out") / "arm"
EMULATED = "emulated-"
TIMEOUT_SECONDS = 1800.0
"""Enough for the default runs on a slow device."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, compare, or both; 0, or 1 with a message after a failure or a regression."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = _parser()
    options = parser.parse_args(given)
    if bool(options.target) == bool(options.compare):
        parser.error("give --target to measure, or --compare to look at results")
    try:
        baselines = {path.resolve(): load_result(path) for path in options.baseline}
        if options.compare:
            failed, shown = False, {path.resolve(): load_result(path) for path in options.compare}
            judged = {path: result for path, result in shown.items() if path not in baselines}
        else:
            targets = [target_of(text, options) for text in options.target]
            judged, failed = _measure_all(targets, options, command_line(MODULE, given))
            shown = {path.resolve(): load_result(path) for path in find_results(options.out)}
        if shown:
            _report(list({**baselines, **shown}.values()), options.out)
        if judged or not failed:
            passed = _judge(list(judged.values()), list(baselines.values()), options.regression)
        else:
            passed = False  # why, has been printed
    except (LabError, AilockError) as error:
        print(f"{MODULE}: {error}", file=sys.stderr)
        return 1
    return 1 if failed or not passed else 0


def target_of(text: str, options: argparse.Namespace) -> Target:
    """The target that a ``--target`` names; :class:`SpeedError` when it names none."""

    def arm_folder(arch: str) -> Path:
        return build_arm_folder(options.arm_folders / arch, arch)

    kind, _, rest = text.partition(":")
    if text == "local":
        return LocalTarget(text, options.timeout)
    if kind == "ssh":
        ssh_options = [word for given in options.ssh_option for word in shlex.split(given)]
        return SshTarget(rest, options.timeout, arm_folder, ssh_options)
    if kind == "adb" and text != "adb:":
        return AdbTarget(rest or None, options.timeout, arm_folder)
    arch = text.removeprefix(EMULATED)
    if text == EMULATED + arch and arch in ARCHITECTURES:
        return EmulatedTarget(text, options.timeout, arch, arm_folder)
    raise SpeedError(
        f"unknown target {text!r}: give local, ssh:[USER@]HOST[:PORT], adb[:SERIAL] "
        "or emulated-aarch64"
    )


def _measure_all(
    targets: Sequence[Target], options: argparse.Namespace, command: str
) -> tuple[dict[Path, Result], bool]:
    """New results by their files, and whether a target failed; its error is printed."""
    settings = Settings(options.runs, options.photo, options.threads, options.benchmark_model)
    measured: dict[Path, Result] = {}
    failed = False
    for target in targets:
        try:
            result = measure(target, settings, command)
            path = save_result(result, options.out)
            measured[path.resolve()] = result
            print(f"\n{target.name}: wrote {path}\n{format_report(result['benchmark'])}")
            if options.clean:
                target.clean()
        except (LabError, AilockError) as error:
            print(f"{MODULE}: {error}", file=sys.stderr)
            failed = True
    return measured, failed


def _report(results: Sequence[Result], out: Path) -> None:
    """Print the comparison, and write it with its figures."""
    ordered = sorted(results, key=lambda result: result["benchmark"]["when"])
    print_report(comparison_report(ordered, numbered=True))
    files = save_comparison(ordered, out)
    print(f"wrote {', '.join(file.name for file in files)} in {out}")


def _judge(results: Sequence[Result], baselines: Sequence[Result], limit: float) -> bool:
    """Print each result's changes since its baseline; whether all passed.

    A result without a baseline does not pass: a comparison that compares nothing proves nothing.
    """
    if not baselines:
        return True
    if not results:
        raise SpeedError("only baselines: there is no new result to judge by them")
    passed = True
    for result in results:
        try:
            baseline = comparison.baseline_for(result, baselines)
        except SpeedError as error:
            print(f"{MODULE}: {error}", file=sys.stderr)
            passed = False
            continue
        found = comparison.changes(result, baseline, limit)
        print_report(changes_report(result, found))
        passed = passed and not any(change.flagged for change in found)
    return passed


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        f"python -m {MODULE}",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--target",
        action="append",
        default=[],
        help="local, ssh:[USER@]HOST[:PORT], adb[:SERIAL] or emulated-aarch64; may be given again",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of results")
    parser.add_argument("--runs", type=_count, help="unlocks that are timed")
    parser.add_argument("--photo", type=Path, help="a photo; by default the model's own")
    parser.add_argument(
        "--threads",
        type=_count,
        help="CPU threads of the network; by default as unlock, and other numbers beside",
    )
    parser.add_argument(
        "--benchmark-model",
        metavar="PROGRAM",
        type=Path,
        help="TFLite's benchmark_model, built for the target, to run beside",
    )
    parser.add_argument(
        "--ssh-option",
        metavar="OPTIONS",
        action="append",
        default=[],
        help="options of ssh, as in --ssh-option='-i key'; may be given again",
    )
    parser.add_argument(
        "--arm-folders",
        metavar="DIR",
        type=Path,
        default=ARM_FOLDERS,
        help=f"where ARM folders are built and kept (default: {ARM_FOLDERS})",
    )
    parser.add_argument(
        "--clean", action="store_true", help="remove from the device what was put there"
    )
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=_positive,
        default=TIMEOUT_SECONDS,
        help=f"the longest that one step on a device may take (default: {TIMEOUT_SECONDS:.0f})",
    )
    parser.add_argument(
        "--baseline",
        metavar="RESULT",
        type=Path,
        nargs="+",
        action="extend",
        default=[],
        help="earlier results; a stage, or the unlock, that became slower on the same device with "
        "the same model, photo and threads is flagged",
    )
    parser.add_argument(
        "--regression",
        metavar="RATIO",
        type=_positive,
        default=comparison.REGRESSION_LIMIT,
        help="ratio of medians above which it is flagged "
        f"(default: {comparison.REGRESSION_LIMIT:.2f}; "
        f"a loss below {comparison.NOISE_MS} ms never is)",
    )
    parser.add_argument(
        "--compare",
        metavar="RESULT",
        type=Path,
        nargs="+",
        action="extend",
        default=[],
        help="results to compare without measuring",
    )
    return parser


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError("must be a number above 0")
    return value


if __name__ == "__main__":
    sys.exit(main())
