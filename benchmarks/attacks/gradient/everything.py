"""Photos changed by gradients for ``run``: some collisions and evasions."""

from __future__ import annotations

from benchmarks.attacks.gradient import command
from benchmarks.attacks.protocol import Attack, Findings, Verdict
from benchmarks.attacks.setting import Setting
from lab.statistics.intervals import wilson

LEARNING_RATE, STEPS, CHECK_EVERY = 1e-3, 2_000, 5


def run(setting: Setting) -> Findings:
    """Change photos of one object until they open the lock of another, and until they do not."""
    command.require_extra()
    import torch

    from benchmarks.attacks.gradient import collision, evasion, tables
    from benchmarks.attacks.gradient.descent import Recipe
    from benchmarks.attacks.gradient.scene import Scene

    torch.set_num_threads(1)
    scene, photos, seed = Scene(setting.lock, setting.seed), setting.labelled, setting.seed
    count, radius = setting.sample(4, 1), setting.lock.radius
    aim = collision.Aim(radius, targets=collision.RANDOM)
    pairs, targets = collision.choose_pairs(
        scene, photos, setting.cache, count, aim.targets, True, seed
    )
    recipe = Recipe(LEARNING_RATE, command.THEIR_SSIM_WEIGHT, 1.0, STEPS, CHECK_EVERY)
    out = setting.out / "changed"
    met = list(collision.collide(scene, photos, pairs, targets, "standard", aim, recipe, out))
    chosen = evasion.choose_photos(scene, photos, setting.cache, count, True, seed)
    away = Recipe(LEARNING_RATE, 5.0, 0.99, STEPS, 1)
    beyond = evasion.limits([], setting.lock.lambda_bits, radius)
    fled = list(evasion.evade(scene, photos, chosen, "standard", beyond, away, out))
    verdicts = []
    for attempts, what in ((met, "opens a random other lock"), (fled, "no longer opens its own")):
        done = sum(one.succeeded for one in attempts)
        tried = f"a photo changed until it {what}"
        verdicts.append(Verdict("false match rate", tried, "", wilson(done, len(attempts)), None))
    results = (tables.summary([*met, *fled], "Changed photos"), tables.gallery([*met, *fled]))
    return Findings(tuple(verdicts), results)


ATTACK = Attack("changed photos", "the bundle, and the reference photo or its imageprint", run)
