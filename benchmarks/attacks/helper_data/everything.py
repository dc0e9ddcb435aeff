"""Helper-data recovery for ``run``: all scenarios, all attackers."""

from __future__ import annotations

from benchmarks.attacks.helper_data import one_object
from benchmarks.attacks.helper_data.command import paper_layer
from benchmarks.attacks.helper_data.experiment import Result, attack_records
from benchmarks.attacks.helper_data.one_object import Told, tell_alone
from benchmarks.attacks.helper_data.photo_margins import read_photos
from benchmarks.attacks.helper_data.results import PAPER_FALLS, figure, table
from benchmarks.attacks.helper_data.scenarios import BY_HYPERPLANES, PAPER, STRONGEST, scenarios
from benchmarks.attacks.protocol import Attack, Findings, Verdict
from benchmarks.attacks.setting import Setting


def run(setting: Setting) -> Findings:
    """Steal records of the first photo set, and recover their codewords without a photo."""
    lock, seed = setting.lock, setting.seed
    photos = read_photos(
        lock,
        paper_layer(lock),
        setting.photos[0],
        setting.own,
        setting.sample(100, 5),
        setting.sample(setting.limit, 50),
        seed,
    )
    attacked = scenarios(lock, photos, seed)
    results = [
        attack_records(scenario, knowledge, prior, seed)
        for scenario in attacked
        for knowledge, prior in scenario.priors.items()
    ]
    last = attacked[-1]
    alone = tell_alone(last.code, lock.radius, last.bits, last.priors[STRONGEST], seed)
    verdicts = (*map(_verdict, results), *map(_alone, alone))
    return Findings(verdicts, (table(results), one_object.table(alone), figure(results)))


ATTACK = Attack("helper data", "the record; hyperplanes, weights, photos of other objects", run)


def _verdict(one: Result) -> Verdict:
    fell, bits = one.recovered_share, one.advantage("message_bits")
    tried = f"{one.scenario.name}; thief knows: {one.knowledge}"
    found = f"{one.recovered} of {one.records} recovered, {max(0.0, bits.value):.1f} bits leak"
    if one.scenario.name == PAPER:
        wanted, holds = f"at least {PAPER_FALLS:.0%} fall", fell.value >= PAPER_FALLS
        return Verdict("irreversibility", tried, wanted, found, holds)
    if one.scenario.peppered or one.knowledge == BY_HYPERPLANES:
        return Verdict("irreversibility", tried, "none falls", found, not one.recovered)
    return Verdict("irreversibility", tried, "", found, None)


def _alone(told: Told) -> Verdict:
    with_it = "with" if told.knows_pepper else "without"
    tried = f"one object of a combination, {with_it} the pepper: right photo told from a wrong one"
    wanted = "" if told.knows_pepper else "chance, 50 %"
    holds = None if told.knows_pepper else told.is_chance
    return Verdict("irreversibility", tried, wanted, told.share, holds)
