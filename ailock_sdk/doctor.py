"""Does this installation work? One finding for each thing that can be wrong."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ailock_sdk.benchmark import format_tuning, tuning
from ailock_sdk.embedding import (
    DEFAULT_BUNDLE,
    choose_runtime,
    find_bundle,
    list_bundles,
    load_bundle,
)
from ailock_sdk.errors import AilockError
from ailock_sdk.lock import AiLock
from ailock_sdk.secret import Hidden
from ailock_sdk.store import (
    LockStore,
    PepperSource,
    described,
    pepper_provider,
    read_pepper,
    remembered_provider,
)


@dataclass(frozen=True)
class Finding:
    """One examined thing; ``detail`` says in one line what was found, or what to do."""

    what: str
    ok: bool
    detail: str


def examine(vault_path: Path, pepper: PepperSource | None) -> list[Finding]:
    """Examine runtime, bundles, self-test, Argon2id, pepper and vault; creates nothing."""
    checks: dict[str, Callable[[], str]] = {"python": _python, "runtime": _runtime}
    for name in list_bundles() or [DEFAULT_BUNDLE]:
        checks[f"bundle {name}"] = partial(_bundle, name)
        checks[f"self-test {name}"] = partial(_self_test, name)
    checks["Argon2id"] = lambda: format_tuning(tuning())
    checks["vault"] = partial(_vault, vault_path, pepper)
    return [_finding(what, check) for what, check in checks.items()]


def _finding(what: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(what, True, check())
    except AilockError as error:
        return Finding(what, False, str(error))


def _python() -> str:
    return f"{platform.python_version()} on {platform.machine()}"


def _runtime() -> str:
    runtime = choose_runtime()
    return f"{runtime.name} {runtime.version}"


def _bundle(name: str) -> str:
    bundle = load_bundle(find_bundle(name).path)
    return f"version {bundle.version}, model {bundle.model_sha256[:16]}"


def _self_test(name: str) -> str:
    """The bundle's photo must give the stored imageprint, bit for bit."""
    bundle = find_bundle(name)
    if bundle.self_test is None:
        return "the bundle has none"
    for profile, expected in bundle.self_test.imageprints.items():
        lock = AiLock(bundle, profile)
        actual = bytes(lock.imageprint(bundle.path / bundle.self_test.photo))
        if actual != expected:
            wrong = (int.from_bytes(actual, "big") ^ int.from_bytes(expected, "big")).bit_count()
            raise AilockError(
                f"profile {profile!r}: {wrong} of {lock.lambda_bits} bits differ from the model's "
                "reference: locks made on other machines may open less often here"
            )
    return "every bit as on the reference machine"


def _vault(vault_path: Path, source: PepperSource | None) -> str:
    if not vault_path.exists():
        return f"none yet at {vault_path}"
    with LockStore.open(vault_path) as store:
        names = store.names()
        named = None if source is None else pepper_provider(source)
        provider = named or remembered_provider(store.pepper_place())
        pepper = read_pepper(provider, store.pepper_id()) if names else Hidden()
        for name in names:
            store.get(name, pepper)
    return f"{len(names)} locks at {vault_path}, the pepper in {described(provider)}"
