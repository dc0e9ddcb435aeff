"""Message bits the code carries at the paper's radii, measured beside the channel's limits.

    python -m tools.code_table [--trials 10000] [--out DIR]
    python -m tools.code_table --code LAMBDA M N K --radius C [--trials 10000]

The first form finds, for each (lambda, tau) of the paper's Table 3, the code of SPEC section 5 with
the most message bits that accepts at least 99 % of random patterns of exactly c errors, decoded
from hard decisions of equal weight, and writes codes.json, codes.md and codes.png. The second
measures one code at c and at c + 1 errors. Every trial is a whole sketch and recovery.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from scipy.special import gammaln
from scipy.stats import norm
from tqdm import tqdm

from ailock_sdk.errors import ProfileError, UnlockError
from ailock_sdk.sketch import Code, ReedMuller, correction_radius, recover, sketch

PAPER_TAUS = {
    50: "0.780", 100: "0.730", 150: "0.707", 200: "0.695", 250: "0.680",
    300: "0.687", 350: "0.680", 400: "0.685", 450: "0.687", 500: "0.682",
}  # fmt: skip
"""lambda to tau, Table 3 of the ai.lock paper."""
TARGET = 0.99
SALT_LENGTH_BYTES = 16

PAGE = """\
# Message bits at the paper's radii

Made by `python -m tools.code_table`. For each imageprint length lambda and threshold tau of the
ai.lock paper (Table 3): the code [m, n, k] of SPEC section 5 with the most message bits that
accepts at least {target:.0f} % of random patterns of exactly c = floor(lambda (1 - tau)) errors.
Every bit has equal weight here; real margins decode better. Shares are in percent of {trials:,}
trials, with Wilson's 95 % interval. More than c errors are never accepted, whatever the code.

{table}

Limits, in bits. *BSC, 1 % failure*: the normal approximation of Polyanskiy, Poor and Verdu for a
channel that flips each bit with probability c / lambda, so that the number of errors varies; a
lock that also has to stand more than c errors could not carry more. *Exactly c*: no code can carry
more on patterns of exactly c errors. It is the higher of the two because it is spared the unlucky
draws above c, which the acceptance rule refuses anyway. *Capacity*: of lambda uses of the channel.

![message bits and limits over lambda](codes.png)
"""

Parameters = tuple[int, int, int, int]
"""(lambda, m, n, k)"""


@dataclass(frozen=True)
class Share:
    """``accepted`` of ``trials``; ``mistaken`` are wrong messages within the radius.

    A mistaken message passes the sketch and is left to the check tag, which refuses it.
    """

    accepted: int
    mistaken: int
    trials: int

    @property
    def value(self) -> float:
        return self.accepted / self.trials

    def wilson(self, confidence: float = 0.95) -> tuple[float, float]:
        """Wilson's score interval for the share accepted."""
        z = norm.ppf((1 + confidence) / 2)
        centre = (self.value + z**2 / (2 * self.trials)) / (1 + z**2 / self.trials)
        spread = z / (1 + z**2 / self.trials) * math.sqrt(
            self.value * (1 - self.value) / self.trials + z**2 / (4 * self.trials**2)
        )  # fmt: skip
        return max(0.0, centre - spread), min(1.0, centre + spread)


def measure(
    parameters: Parameters,
    radius: int,
    errors: int,
    trials: int,
    give_up: Callable[[int, int], bool] = lambda failures, done: False,
) -> Share:
    """Share of ``trials`` random patterns of exactly ``errors`` bits accepted at ``radius``.

    Seeded by its arguments. Stops early when ``give_up(failures, trials done)`` says so.
    """
    code = Code(*parameters)
    rng = np.random.default_rng([*parameters, radius, errors, trials])
    accepted = mistaken = done = 0
    for done in tqdm(
        range(1, trials + 1), desc=f"{parameters}", leave=False, delay=1, disable=None
    ):
        message = rng.integers(2**code.symbol_bits, size=code.message_symbols)
        reference = rng.integers(2, size=code.lambda_bits) == 1
        salt = rng.bytes(SALT_LENGTH_BYTES)
        helper = sketch(code, reference, message, salt)
        probe = reference.copy()
        probe[rng.choice(code.lambda_bits, errors, replace=False)] ^= True
        try:
            found = recover(code, radius, helper, salt, np.where(probe, 1.0, -1.0))
        except UnlockError:
            found = None
        if found is not None:
            right = np.array_equal(found, message)
            accepted += right
            mistaken += not right
        if give_up(done - accepted, done):
            break
    return Share(accepted, mistaken, done)


def all_codes(lambda_bits: int, most_bits: float) -> list[Parameters]:
    """Every code of up to ``most_bits`` message bits: most bits first, then few large blocks."""
    codes = []
    for order in reversed(range(2, lambda_bits.bit_length() + 1)):
        for blocks in range(1, min(lambda_bits, 2 ** (order + 1) - 1) + 1):
            for symbols in range(1, min(blocks, int(most_bits / (order + 1))) + 1):
                parameters = (lambda_bits, order, blocks, symbols)
                try:
                    ReedMuller(order, lambda_bits // blocks)
                    ReedMuller(order, -(-lambda_bits // blocks))
                except ProfileError:
                    break
                codes.append(parameters)
    return sorted(codes, key=lambda code: -code[3] * (code[1] + 1))


def best_code(lambda_bits: int, radius: int, trials: int) -> tuple[Parameters, Share] | None:
    """The code of most message bits that accepts 99 % at exactly ``radius``, and its share."""
    allowed = round((1 - TARGET) * trials)

    def hopeless(failures: int, done: int) -> bool:
        expected = (1 - TARGET) * done
        return failures > min(allowed, 2 + expected + 3 * math.sqrt(expected))

    for parameters in all_codes(lambda_bits, exact_weight_limit_bits(lambda_bits, radius, TARGET)):
        share = measure(parameters, radius, radius, trials, hopeless)
        if share.trials == trials and share.value >= TARGET:
            return parameters, share
    return None


def binary_entropy(p: float) -> float:
    return -p * math.log2(p) - (1 - p) * math.log2(1 - p)


def bsc_capacity_bits(lambda_bits: int, p: float) -> float:
    """Capacity of ``lambda_bits`` uses of the binary symmetric channel."""
    return lambda_bits * (1 - binary_entropy(p))


def bsc_limit_bits(lambda_bits: int, p: float, failure: float) -> float:
    """Most message bits over that channel with the given failure rate.

    The normal approximation of Polyanskiy, Poor and Verdu (2010), theorem 52:
    lambda C - sqrt(lambda V) Q^-1(failure) + log2(lambda) / 2.
    """
    dispersion = p * (1 - p) * math.log2((1 - p) / p) ** 2
    return (
        bsc_capacity_bits(lambda_bits, p)
        - math.sqrt(lambda_bits * dispersion) * norm.isf(failure)
        + math.log2(lambda_bits) / 2
    )


def exact_weight_limit_bits(lambda_bits: int, radius: int, success: float) -> float:
    """No code can carry more bits through patterns of exactly ``radius`` errors.

    Decoding regions are disjoint and each holds the share ``success`` of the C(lambda, c) patterns
    around its codeword, so ``messages * success * C(lambda, c) <= 2^lambda``.
    """
    log_patterns = (
        gammaln(lambda_bits + 1) - gammaln(radius + 1) - gammaln(lambda_bits - radius + 1)
    )
    return lambda_bits - log_patterns / math.log(2) - math.log2(success)


@dataclass(frozen=True)
class Row:
    lambda_bits: int
    tau: str
    radius: int
    code: Parameters
    message_bits: int
    share: Share
    reed_muller_code: Parameters
    reed_muller_bits: int
    reed_muller_share: Share
    bsc_limit_bits: float
    bsc_capacity_bits: float
    exact_weight_limit_bits: float


def table_row(lambda_bits: int, tau: str, trials: int) -> Row:
    radius = correction_radius(lambda_bits, tau)
    order = math.ceil(math.log2(lambda_bits))
    alone = (lambda_bits, order, 1, 1)
    alone_share = measure(alone, radius, radius, trials)
    # Where nothing reaches the target, the row shows the smallest code there is.
    code, share = best_code(lambda_bits, radius, trials) or (alone, alone_share)
    return Row(
        lambda_bits=lambda_bits,
        tau=tau,
        radius=radius,
        code=code,
        message_bits=Code(*code).message_bits,
        share=share,
        reed_muller_code=alone,
        reed_muller_bits=order + 1,
        reed_muller_share=alone_share,
        bsc_limit_bits=bsc_limit_bits(lambda_bits, radius / lambda_bits, 1 - TARGET),
        bsc_capacity_bits=bsc_capacity_bits(lambda_bits, radius / lambda_bits),
        exact_weight_limit_bits=exact_weight_limit_bits(lambda_bits, radius, TARGET),
    )


def percent(share: Share) -> str:
    low, high = share.wilson()
    return f"{100 * share.value:.2f} ({100 * low:.2f} to {100 * high:.2f})"


def markdown(rows: list[Row], trials: int) -> str:
    columns = [
        "lambda",
        "tau",
        "c",
        "c / lambda",
        "m, n, k",
        "**message bits**",
        "accepted at c",
        "RM(1, m) alone: bits",
        "accepted at c",
        "limit, BSC, 1 % failure",
        "limit, exactly c",
        "BSC capacity",
    ]
    lines = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    for row in rows:
        cells = [
            f"{row.lambda_bits}",
            row.tau,
            f"{row.radius}",
            f"{row.radius / row.lambda_bits:.3f}",
            ", ".join(map(str, row.code[1:])),
            f"**{row.message_bits}**",
            percent(row.share),
            f"{row.reed_muller_bits}",
            percent(row.reed_muller_share),
            f"{row.bsc_limit_bits:.1f}",
            f"{row.exact_weight_limit_bits:.1f}",
            f"{row.bsc_capacity_bits:.1f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return PAGE.format(target=100 * TARGET, trials=trials, table="\n".join(lines))


def plot(rows: list[Row], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    lambdas = [row.lambda_bits for row in rows]
    figure, axes = pyplot.subplots(figsize=(7, 4.5), layout="constrained")
    axes.plot(lambdas, [r.exact_weight_limit_bits for r in rows], "--", label="limit, exactly c")
    axes.plot(lambdas, [r.bsc_capacity_bits for r in rows], ":", label="BSC capacity")
    axes.plot(lambdas, [r.bsc_limit_bits for r in rows], "-.", label="limit, BSC, 1 % failure")
    axes.plot(lambdas, [r.message_bits for r in rows], "o-", label="this code, 99 % at exactly c")
    axes.plot(lambdas, [r.reed_muller_bits for r in rows], "s-", label="RM(1, m) alone")
    axes.set(xlabel="imageprint bits (lambda)", ylabel="message bits", ylim=(0, None))
    axes.legend()
    figure.savefig(path, dpi=120)


def measure_one(parameters: Parameters, radius: int, trials: int) -> None:
    code = Code(*parameters)
    print(f"code {parameters}: {code.message_bits} message bits, radius {radius}")
    for errors in (radius, radius + 1):
        share = measure(parameters, radius, errors, trials)
        print(
            f"{errors} errors: {percent(share)} % accepted, {share.mistaken} wrong messages "
            f"left to the check tag, of {trials}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--out", type=Path, default=Path("docs"), help="folder (default: docs)")
    parser.add_argument("--code", type=int, nargs=4, metavar=("LAMBDA", "M", "N", "K"))
    parser.add_argument("--radius", type=int, metavar="C")
    arguments = parser.parse_args()
    if (arguments.code is None) != (arguments.radius is None):
        parser.error("--code and --radius go together")
    if arguments.code is not None:
        measure_one(tuple(arguments.code), arguments.radius, arguments.trials)
        return
    rows = [
        table_row(lambda_bits, tau, arguments.trials)
        for lambda_bits, tau in tqdm(PAPER_TAUS.items(), desc="lambda", disable=None)
    ]
    arguments.out.mkdir(parents=True, exist_ok=True)
    document = {"trials": arguments.trials, "target": TARGET, "rows": [asdict(row) for row in rows]}
    (arguments.out / "codes.json").write_text(json.dumps(document, indent=1) + "\n")
    (arguments.out / "codes.md").write_text(markdown(rows, arguments.trials))
    plot(rows, arguments.out / "codes.png")


if __name__ == "__main__":
    main()
