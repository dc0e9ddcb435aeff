"""Message bits the code carries at the paper's radii, measured beside the channel's limits.

    python -m tools.code_table [--trials 10000] [--out DIR]
    python -m tools.code_table --code LAMBDA M N K --radius C [--trials 10000]

The first form finds, for each (lambda, tau) of the paper's Table 3, the code of SPEC section 5 with
the most message bits that accepts at least 99 % of random patterns of exactly c errors, decoded
from hard decisions of equal weight, and writes codes.json, codes.md, codes.png and codes.html. The
second measures one code at c and at c + 1 errors. Every trial is a whole sketch and recovery.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, astuple, dataclass
from pathlib import Path

from tqdm import tqdm

from ailock_sdk.sketch import Code, correction_radius
from lab.report.files import save
from lab.report.provenance import command_line
from lab.report.results import Chapter, Figure, Panel, Report, Series, Table
from tools.codes.limits import bsc_capacity_bits, bsc_limit_bits, exact_weight_limit_bits
from tools.codes.trials import TARGET, Parameters, Share, best_code, measure

MODULE = "tools.code_table"
NAME = "codes"
PAPER_TAUS = {
    50: "0.780", 100: "0.730", 150: "0.707", 200: "0.695", 250: "0.680",
    300: "0.687", 350: "0.680", 400: "0.685", 450: "0.687", 500: "0.682",
}  # fmt: skip
"""lambda to tau, Table 3 of the ai.lock paper."""

WHAT_IS_SHOWN = (
    "For each imageprint length lambda and threshold tau of the ai.lock paper (Table 3): the code "
    "[m, n, k] of SPEC section 5 with the most message bits that accepts at least {target:.0f} % "
    "of random patterns of exactly c = floor(lambda (1 - tau)) errors. Every bit has equal weight "
    "here; real margins decode better.",
    "Shares are of {trials:,} trials, with Wilson's 95 % interval. More than c errors are never "
    "accepted, whatever the code.",
)
WHAT_LIMITS = (
    "BSC, 1 % failure: the normal approximation of Polyanskiy, Poor and Verdu for a channel that "
    "flips each bit with probability c / lambda, so that the number of errors varies; a lock that "
    "also has to stand more than c errors could not carry more.",
    "Exactly c: no code can carry more on patterns of exactly c errors. It is the higher of the "
    "two because it is spared the unlucky draws above c, which the acceptance rule refuses anyway.",
    "Capacity: of lambda uses of the channel. Limits are in bits.",
)


@dataclass(frozen=True)
class Row:
    """One (lambda, tau) of the paper: its best code, the shortest there is, and the limits."""

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
    """Measure what one row of the table says."""
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


def report_of(rows: Sequence[Row], trials: int) -> Report:
    """The table, and message bits and limits over lambda."""
    remarks = (text.format(target=100 * TARGET, trials=trials) for text in WHAT_IS_SHOWN)
    return Report(
        "Message bits at the paper's radii",
        {"Command": command_line(MODULE, ["--trials", f"{trials}"])},
        tuple(remarks),
        (Chapter("", {}, (_table(rows), _figure(rows))),),
        document={"trials": trials, "target": TARGET, "rows": [asdict(row) for row in rows]},
    )


def _table(rows: Sequence[Row]) -> Table:
    cells = tuple(
        (
            *(row.lambda_bits, row.tau, row.radius, row.radius / row.lambda_bits),
            *(", ".join(map(str, row.code[1:])), row.message_bits, row.share.estimate),
            *(row.reed_muller_bits, row.reed_muller_share.estimate),
            *(row.bsc_limit_bits, row.exact_weight_limit_bits, row.bsc_capacity_bits),
        )
        for row in rows
    )
    formats = {
        "c / lambda": ".3f",
        "accepted at c": ".2%",
        "RM(1, m) alone: accepted at c": ".2%",
        "limit, BSC, 1 % failure": ".1f",
        "limit, exactly c": ".1f",
        "BSC capacity": ".1f",
    }
    columns = (
        *("lambda", "tau", "c", "c / lambda", "m, n, k", "message bits", "accepted at c"),
        *("RM(1, m) alone: bits", "RM(1, m) alone: accepted at c"),
        *("limit, BSC, 1 % failure", "limit, exactly c", "BSC capacity"),
    )
    title = "Codes, and the limits of the channel"
    return Table("", title, columns, cells, notes=WHAT_LIMITS, formats=formats, name="codes_table")


def _figure(rows: Sequence[Row]) -> Figure:
    def over_lambda(label: str, bits: Callable[[Row], float]) -> Series:
        return Series(label, tuple(row.lambda_bits for row in rows), tuple(map(bits, rows)))

    panel = Panel(
        "",
        "imageprint bits (lambda)",
        "message bits",
        (
            over_lambda("limit, exactly c", lambda row: row.exact_weight_limit_bits),
            over_lambda("BSC capacity", lambda row: row.bsc_capacity_bits),
            over_lambda("limit, BSC, 1 % failure", lambda row: row.bsc_limit_bits),
            over_lambda("this code, 99 % at exactly c", lambda row: row.message_bits),
            over_lambda("RM(1, m) alone", lambda row: row.reed_muller_bits),
        ),
        y_range=(0, None),
    )
    return Figure("", "Message bits and limits", (panel,), name=NAME, panel_inches=(7, 4.5))


def measure_one(parameters: Parameters, radius: int, trials: int) -> None:
    """Print how often one code recovers from c and from c + 1 errors."""
    code = Code(*parameters)
    print(f"code {parameters}: {code.message_bits} message bits, radius {radius}")
    for errors in (radius, radius + 1):
        share = measure(parameters, radius, errors, trials)
        value, low, high = (100 * part for part in astuple(share.estimate))
        print(
            f"{errors} errors: {value:.2f} ({low:.2f} to {high:.2f}) % accepted, "
            f"{share.mistaken} wrong messages left to the check tag, of {trials}"
        )


def main() -> None:
    """Measure the table and write it, or one code and print it."""
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
    save(report_of(rows, arguments.trials), arguments.out, NAME)


if __name__ == "__main__":
    main()
