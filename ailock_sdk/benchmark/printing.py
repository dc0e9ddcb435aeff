"""Results of the benchmark as text for people."""

from __future__ import annotations

from typing import Any

from ailock_sdk.benchmark.unlocking import STAGES


def format_table(result: dict[str, Any]) -> str:
    """The stages, as :func:`result_of` or :func:`run` gives them, for people."""
    device, model, photo = result["device"], result["model"], result["photo"]
    lines = [
        f"{model['bundle']} {model['version']} ({model['profile']}, {model['fingerprint'][:16]})",
        f"{result['software']['runtime']}, {_threads(result['threads'])}, {device['cores']} cores",
        f"{device['model'] or device['machine']}, {device['processor']}, {device['os']}",
        f"photo {photo['width']} x {photo['height']}, {photo['bytes'] / 1e6:.2f} MB",
        "",
        f"{'milliseconds':12}  {'p50':>8} {'p90':>8} {'p99':>8} {'first':>8}",
        *(_row(stage, result["stages_ms"][stage]) for stage in STAGES),
        _row("unlock", result["unlock_ms"]),
        "",
        f"model load {result['load_ms']:.0f} ms, peak memory {result['peak_memory_mib']:.0f} MiB, "
        f"{result['runs']} warm runs",
    ]
    return "\n".join(lines)


def format_report(result: dict[str, Any]) -> str:
    """A result of :func:`run` for people: the stages, and what follows from them."""
    process, state = result["process_ms"], result["state"]
    lines = [
        format_table(result),
        "",
        "as a new process, milliseconds, median",
        f"{'python':20} {process['python']:8.1f}",
        f"{'import ailock_sdk':20} {process['import']:8.1f}",
        f"{'ailock unlock':20} {process['unlock']:8.1f}"
        f"  peak memory {result['unlock_memory_mib']:.0f} MiB",
        "",
        f"{'by threads':12}  {'network':>10} {'imageprint':>10}  milliseconds, median",
    ]
    for count, row in result["by_threads"].items():
        network, imageprint = row["network_ms"]["p50"], row["imageprint_ms"]["p50"]
        lines.append(f"{count:>12}  {network:10.2f} {imageprint:10.2f}")
    lines += ["", _interpretation(result)]
    for moment in ("before", "after"):
        if facts := _state_text(state[moment]):
            lines.append(f"{moment:7} {facts}")
    if any(state[moment]["throttled"] for moment in state):
        lines.append(
            "The clocks were held below the processor's maximum: another moment may be faster."
        )
    return "\n".join(lines)


def format_tuning(result: dict[str, Any]) -> str:
    """A result of :func:`tuning` for people."""
    cost = result["cost"]
    return (
        f"Argon2id fills {result['mib_per_second']:.0f} MiB a second here. New records take "
        f"{cost['memory_cost_kib'] // 1024} MiB, {cost['time_cost']} passes, {cost['lanes']} lanes:"
        f" {result['measured_ms']:.0f} ms, of {result['target_ms']:.0f} ms aimed at."
    )


def _interpretation(result: dict[str, Any]) -> str:
    """What the medians say, a sentence a line."""
    medians = {stage: result["stages_ms"][stage]["p50"] for stage in STAGES}
    unlock, process = result["unlock_ms"]["p50"], result["process_ms"]["unlock"]
    argon2id, network = medians["Argon2id"] / unlock, medians["network"] / unlock
    lines = [
        f"Of an unlock's {unlock:.0f} ms the network takes {100 * network:.0f} %, and Argon2id, "
        f"slow on purpose as every guess must pay for it, {100 * argon2id:.0f} %.",
        f"A new process takes {process / unlock:.1f} times as long.",
    ]
    networks = {int(n): row["network_ms"]["p50"] for n, row in result["by_threads"].items()}
    if len(networks) > 1:
        best = min(networks, key=lambda count: networks[count])
        gain = f", {networks[1] / networks[best]:.1f} times as fast as one" if best > 1 else ""
        lines.append(f"The network is fastest with {_threads(best)}{gain}.")
    return "\n".join(lines)


def _state_text(state: dict[str, Any]) -> str:
    facts = []
    if temperatures := state["temperature_c"]:
        zone = max(temperatures, key=lambda name: temperatures[name])
        facts.append(f"{temperatures[zone]:.0f} degrees C ({zone}, the warmest)")
    if clocks := [mhz for mhz in state["mhz"] if mhz is not None]:
        facts.append(f"{min(clocks):.0f} to {max(clocks):.0f} MHz")
    if state["throttled"] is not None:
        facts.append("throttled" if state["throttled"] else "not throttled")
    return ", ".join(facts)


def _row(name: str, figures: dict[str, float]) -> str:
    values = (f"{figures[column]:8.2f}" for column in ("p50", "p90", "p99", "first"))
    return f"{name:12}  {' '.join(values)}"


def _threads(count: int) -> str:
    return f"{count} thread{'s' if count > 1 else ''}"
