"""Which Argon2id cost new records get on this device, and why (``ailock benchmark --tune``)."""

from __future__ import annotations

from dataclasses import asdict
from time import perf_counter
from typing import Any

from ailock_sdk.benchmark.figures import milliseconds
from ailock_sdk.secret import Hidden
from ailock_sdk.sketch import TARGET_SECONDS, derive_keys, measured_speed, tuned_cost


def tuning(target_seconds: float = TARGET_SECONDS) -> dict[str, Any]:
    """The choice of :func:`ailock_sdk.sketch.tuned_cost` here, and how long it takes.

    Returns
    -------
    dict
        JSON-ready: ``mib_per_second`` that Argon2id fills, ``target_ms``, ``cost`` with the fields
        of ``KdfCost``, and ``measured_ms`` of one evaluation at that cost.
    """
    speed = measured_speed()
    cost = tuned_cost(speed, target_seconds)
    start = perf_counter()
    derive_keys(Hidden(16), bytes(16), None, cost, bytes(32))
    return {
        "mib_per_second": round(speed / 1024, 1),
        "target_ms": milliseconds(target_seconds),
        "cost": asdict(cost),
        "measured_ms": milliseconds(perf_counter() - start),
    }


def format_tuning(result: dict[str, Any]) -> str:
    """A result of :func:`tuning` for people."""
    cost = result["cost"]
    return (
        f"Argon2id fills {result['mib_per_second']:.0f} MiB a second here. New records take "
        f"{cost['memory_cost_kib'] // 1024} MiB, {cost['time_cost']} passes, {cost['lanes']} lanes:"
        f" {result['measured_ms']:.0f} ms, of {result['target_ms']:.0f} ms aimed at."
    )
