"""Where a report comes from, in words: the facts at its head and at the head of each chapter."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ailock_sdk.embedding import Bundle
from benchmarks.accuracy.paper.default_profile import DefaultProfile
from benchmarks.accuracy.paper.paper_values import CITATION
from benchmarks.accuracy.paper.protocol import Study
from benchmarks.accuracy.paper.recipe import PAPER_COMPONENTS, PAPER_WINDOW, WHOLE
from benchmarks.accuracy.paper.roles import REFERENCE, ROLES, UNLABELLED, RolePhotos
from benchmarks.accuracy.paper.split import FOLDS, HOLDOUT_SHARE
from lab.report import provenance


def shared_facts(photos: Mapping[str, RolePhotos], seed: int, command: str) -> dict[str, str]:
    """What all chapters share: command, machine, photos with their hashes, split, versions."""
    facts = {}
    for role, those in photos.items():
        counts = f"{len(those):,} photos of {len(set(those.objects)):,} objects"
        repeated = sum(those.repeated.values())
        left = f", {repeated:,} that occur before left out" if repeated else ""
        facts[f"Photos, {role}"] = f"{provenance.photos_line(those)}: {counts}{left}"
    if missing := [role for role in ROLES if role not in photos]:
        facts["Roles not given"] = ", ".join(missing)
    facts["Split"] = (
        f"by object, {HOLDOUT_SHARE * 100:g} % held out, {FOLDS} folds of the rest; seed "
        f"{seed}; checked: no object and no photo on two sides"
    )
    return {**provenance.facts(provenance.record(command), facts), "Paper": CITATION}


def bundle_facts(bundle: Bundle, study: Study, beside: DefaultProfile | None) -> dict[str, str]:
    """What a chapter's figures depend on: model hash, layers, components, hold-out."""
    settings, fitted = study.settings, study.features
    facts = {
        "Model SHA-256": bundle.model_sha256,
        "Bundle": f"{bundle.name} {bundle.version}",
        "Source": bundle.source,
        "Layers": f"{settings.layers[0]} (single layer)"
        + "".join(f", {layer}" for layer in settings.layers[1:]),
        "Variants": ", ".join(study.variants),
        "Components": f"{study.window_text}{',' if study.scaled else ''} of "
        f"{fitted.fitted_photos():,} training photos or more, "
        f"of the roles {', '.join(fitted.fitted_roles)}",
        "Bootstrap": f"{settings.replicates:,} replicates of objects",
    }
    for role, (embeddings, split) in study.roles.items():
        if role == UNLABELLED:
            continue
        held = np.unique(embeddings.objects[split.holdout])
        line = f"{int(split.holdout.sum()):,} of {len(embeddings):,} photos, {len(held):,} objects"
        if embeddings.left_out or embeddings.copies:
            line += f"; {embeddings.left_out} unreadable and {embeddings.copies} copies left out"
        facts[f"Hold-out, {role}"] = line
    if beside is not None:
        facts["Runtime"] = beside.lock.runtime
    return facts


def recommendation(study: Study) -> tuple[str, ...]:
    """What would give the paper's own windows, where these photos do not."""
    if not study.scaled or not study.components:
        return ()
    reference, _ = study.roles[REFERENCE]
    dimensions = min(reference.read(name, WHOLE, 0, 1).shape[1] for name in study.settings.layers)
    more = (
        f"At least {PAPER_WINDOW.stop + 1 - study.features.fitted_photos()} photos of other "
        "things, any folder or zip of them without labels, give the paper's own windows: "
        "--unlabelled SET."
        if dimensions >= PAPER_WINDOW.stop
        else f"A layer has {dimensions} dimensions, so no photos give the paper's own windows."
    )
    return (
        f"The paper cuts components {PAPER_WINDOW} of {PAPER_COMPONENTS}. Here there are "
        f"{study.components}, so all windows are scaled to the same share of them: "
        f"{study.window}. {more}",
    )
