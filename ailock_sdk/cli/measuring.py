"""``ailock compare``, ``benchmark`` and ``doctor``; each loads what it measures."""

from __future__ import annotations

import argparse

from ailock_sdk.cli.exit_codes import ExitCode
from ailock_sdk.cli.opening import open_lock, pepper_path, profile_name, vault_path
from ailock_sdk.cli.output import report


def compare(arguments: argparse.Namespace) -> int:
    """Print how far a photo is from a reference photo."""
    lock = open_lock(arguments, None)
    reference, probe = arguments.photo
    a, b = lock.imageprint(reference, reference=True), lock.imageprint(probe)
    facts = {
        "distance_bits": a - b,
        "lambda_bits": len(a),
        "distance": round(lock.distance(a, b), 4),
        "radius_bits": lock.radius,
        "match": a - b <= lock.radius,
    }
    verdict = "would unlock" if facts["match"] else "no match"
    text = f"{facts['distance_bits']} of {len(a)} bits differ, {lock.radius} allowed: {verdict}"
    report(arguments, facts, text)
    return ExitCode.OK if facts["match"] else ExitCode.NO_MATCH


def benchmark(arguments: argparse.Namespace) -> int:
    """Time every stage of an unlock."""
    from ailock_sdk.benchmark import format_report, run

    result = run(
        photo=arguments.photo,
        runs=arguments.runs,
        threads=arguments.threads,
        profile=profile_name(arguments),
    )
    report(arguments, result, format_report(result))
    return ExitCode.OK


def doctor(arguments: argparse.Namespace) -> int:
    """Check this installation."""
    from ailock_sdk.doctor import examine
    from ailock_sdk.embedding import quiet_stderr

    with quiet_stderr():
        findings = examine(vault_path(arguments), pepper_path(arguments))
    lines = [f"{'ok  ' if f.ok else 'FAIL'} {f.what}: {f.detail}" for f in findings]
    facts = {f.what: {"ok": f.ok, "detail": f.detail} for f in findings}
    report(arguments, facts, "\n".join(lines))
    return ExitCode.OK if all(f.ok for f in findings) else ExitCode.SETUP
