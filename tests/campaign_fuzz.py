"""Damage everything that is read from outside: ``python -m tests.campaign_fuzz --count 20000``.

Each input of each kind has to end in one of two ways: it is read, and then writes back to the very
bytes that were read, or an error of :mod:`ailock_sdk.errors`; a command line in a documented exit
status and one line. Anything else is a failure, and the exit status is 1. Photos have a campaign of
their own, ``tests.fuzz_images``; records and vault files on disk another, ``campaign_records``.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click
import numpy as np

from ailock_sdk import FilePepper
from ailock_sdk.cli.app import app
from ailock_sdk.cli.exit_codes import SIGNAL_BASE, ExitCode
from ailock_sdk.embedding.manifest import parse_manifest
from ailock_sdk.embedding.projection_file import check_projection_file, projection_hashes
from ailock_sdk.errors import AilockError, RecoveryCodeError
from ailock_sdk.store import (
    LockFile,
    LockStore,
    Record,
    RecoveryCode,
    lock_identity,
)
from tests.age import open_bytes, seal_bytes
from tests.campaign_records import (
    EXAMPLES,
    MUTATIONS,
    Mutation,
    flip_bits,
    insert,
    overwrite,
    truncate,
)
from tests.json_mutations import WRONG, encode, fields
from tests.reference.lock import SYMBOLS
from tests.reference.record import with_checksum
from tests.store.examples import CODE, LOCK, LOCK_KEY, PHOTOS_ONLY

MANIFEST = Path(__file__).resolve().parents[1] / "models/inception_v3_slim/manifest.json"


@dataclass(frozen=True)
class Target:
    """One kind of input: examples, what may happen to them, and what reads them.

    ``read`` returns a word for what it accepted; one that begins with FAILED is a failure.
    """

    examples: list[bytes]
    mutations: dict[str, Mutation]
    read: Callable[[bytes], str]


PLAIN: dict[str, Mutation] = {
    "bit flips": flip_bits,
    "overwrites": overwrite,
    "truncations": truncate,
    "insertions": insert,
}


def canonical(read: Callable[[bytes], object]) -> Callable[[bytes], str]:
    """Read, and write again."""
    return lambda data: "read" if bytes(read(data)) == data else "FAILED: not canonical"  # type: ignore[call-overload]


# -- locks: also with a damaged record inside, every checksum fitting ------------------------------


def damage_a_slot(draw: random.Random, data: bytes) -> bytes:
    """Mutate the record of a slot by what fits its checksum, and let the lock's fit too."""
    body = data[:-8]
    for inner in EXAMPLES:
        at = body.find(inner)
        if at >= 0:
            changed = draw.choice(list(MUTATIONS.values()))(draw, inner)
            length = len(changed).to_bytes(2, "big")
            return with_checksum(body[: at - 2] + length + changed + body[at + len(inner) :])
    return with_checksum(body)


def edit_byte(draw: random.Random, data: bytes) -> bytes:
    """One byte before the checksum at a value where rules begin and end; the checksum fits."""
    body = bytearray(data[:-8])
    edges = [0, 1, 2, 3, 15, 16, 17, 48, 64, 65, 127, 128, 255, draw.randrange(256)]
    body[draw.randrange(len(body))] = draw.choice(edges)
    return with_checksum(bytes(body))


# -- recovery codes -------------------------------------------------------------------------------


def mistype(draw: random.Random, data: bytes) -> bytes:
    """What fingers do: another character, a swap, one too many, one missing, capitals, spaces."""
    text = list(data.decode())
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(len(text))
        other = draw.choice([*SYMBOLS, *"1bioBIO-_. \t\n", "é", "🦈", "\u2013", "\u200b", "\x00"])
        done = draw.randrange(6)
        if done == 0:
            text[at] = other
        elif done == 1:
            text.insert(at, other)
        elif done == 2 and len(text) > 1:
            del text[at]
        elif done == 3 and at:
            text[at - 1], text[at] = text[at], text[at - 1]
        elif done == 4:
            text[at] = text[at].upper()
        else:
            text[at:at] = text[: draw.randrange(5)]
    return "".join(text).encode()


def read_code(data: bytes) -> str:
    try:
        code = RecoveryCode.parse(data)
    except RecoveryCodeError as error:
        typed = data.decode("utf-8", "replace")[7:]
        if any(typed[at : at + 9] in str(error) for at in range(max(0, len(typed) - 9))):
            return "FAILED: the message shows the code"
        raise
    return "read" if RecoveryCode.parse(code.shown()) == code else "FAILED: another code"


# -- manifests and projection files ---------------------------------------------------------------


def edit_json(draw: random.Random, data: bytes) -> bytes:
    """Put into one field what no such field may hold, or leave it out."""
    document = json.loads(data)
    path, value = draw.choice(list(fields(document)))
    inside = document
    for step in path[:-1]:
        inside = inside[step]
    wrong = WRONG.get(type(value), WRONG[str])
    if draw.random() < 0.2:
        del inside[path[-1]]
    else:
        inside[path[-1]] = draw.choice([*wrong, value])
    return encode(document)


def read_manifest(data: bytes) -> str:
    parse_manifest(data)
    return "read"


def projections() -> bytes:
    stream = io.BytesIO()
    rng = np.random.default_rng(1)
    arrays = {}
    for name, spec in TINY.projections.items():
        rows, columns = spec.lambda_bits, TINY.layers[name].dimensions
        arrays[f"{name}/weights"] = rng.normal(size=(rows, columns)).astype(np.float16)
        arrays[f"{name}/offsets"] = rng.normal(size=rows)
    np.savez(stream, **arrays)
    return stream.getvalue()


def tiny_manifest() -> bytes:
    """The shipped one with projections of a few bytes."""
    document = json.loads(MANIFEST.read_bytes())
    for name, parts in document["layers"].items():
        document["layers"][name] = [{**parts[0], "shape": [4], "pooling": "flatten"}]
    for spec in document["projections"].values():
        spec.update(window=[0, 4], lambda_bits=3)
    for profile in document["profiles"].values():
        profile["code"] = [2, 1, 1]
    document["self_test"] = None
    return json.dumps(document).encode()


def read_projections(data: bytes) -> str:
    with tempfile.NamedTemporaryFile(suffix=".npz", dir=MEMORY) as file:
        file.write(data)
        file.flush()
        path = Path(file.name)
        check_projection_file(path, TINY.projections, TINY.layers)
        projection_hashes(path, TINY.projections)
    return "read"


# -- age files ------------------------------------------------------------------------------------


def edit_line(draw: random.Random, data: bytes) -> bytes:
    """Damage the header by lines: twice, missing, swapped, longer, or with another word."""
    lines = data.split(b"\n")
    at = draw.randrange(min(len(lines), 5))
    done = draw.randrange(6)
    if done == 0:
        lines.insert(at, lines[at])
    elif done == 1:
        del lines[at]
    elif done == 2:
        lines[at] += draw.choice([b" ", b"=", b"A", b"\r", bytes(1), b"x" * 70_000])
    elif done == 3:
        lines[at] = draw.choice(
            [b"", b"-> ssh-ed25519 AAAA", b"-> scrypt AAAA 99", b"---", b"-> X25519"]
        )
    elif done == 4:
        lines[0] = draw.choice([b"age-encryption.org/v2", b"age-encryption.org/v1 ", b"AILS"])
    else:
        lines[at:at] = [lines[at]] * draw.choice([10, 500])
    return b"\n".join(lines)


def open_sealed(data: bytes) -> str:
    return "read" if open_bytes(data, lock_identity(LOCK_KEY)) == TEXT else "FAILED: another text"


MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
TEXT = b"the key is under the mug"
TINY = parse_manifest(tiny_manifest())
TARGETS = {
    "record": Target(EXAMPLES, MUTATIONS, canonical(Record.from_bytes)),
    "lock": Target(
        [bytes(LOCK), bytes(PHOTOS_ONLY)],
        {
            **{kind: each for kind, each in MUTATIONS.items() if "field" not in kind},
            "byte edits, checksum fits": edit_byte,
            "a damaged record, checksums fit": damage_a_slot,
        },
        canonical(LockFile.from_bytes),
    ),
    "recovery code": Target([CODE.shown().encode()], {**PLAIN, "typing": mistype}, read_code),
    "manifest": Target(
        [MANIFEST.read_bytes()],
        {**PLAIN, "fields": edit_json, "more fields": edit_json},
        read_manifest,
    ),
    "npz": Target([projections()], PLAIN, read_projections),
    "age file": Target(
        [seal_bytes(TEXT, LOCK.recipient, armor=armor) for armor in (False, True)],
        {**PLAIN, "lines": edit_line},
        open_sealed,
    ),
}


def run(name: str, count: int, seed: int) -> Counter[str]:
    """How often each outcome came for one kind of input."""
    target, draw = TARGETS[name], random.Random(f"{name} {seed}")
    outcomes: Counter[str] = Counter()
    for _ in range(count):
        mutation = draw.choice(list(target.mutations.values()))
        outcomes[outcome(target, mutation(draw, draw.choice(target.examples)))] += 1
    return outcomes


def outcome(target: Target, data: bytes) -> str:
    """What became of one input, in a word."""
    try:
        return target.read(data)
    except AilockError as error:
        return type(error).__name__
    except Exception as error:
        return f"FAILED: {error!r} of {data[:200].hex()}"


# -- command lines --------------------------------------------------------------------------------

SLOW = {"benchmark", "doctor", "build", "compare", "serve", "facenet"}
"""Commands that measure, load much (TensorFlow) or run for long, whatever they are told."""
OTHERS = [
    *(
        "door",
        "door",
        "code.txt",
        "gate",
        "",
        " ",
        "a\nb",
        "\u202e",
        "\udcff",
        "x" * 300,
        "photo.jpg",
        "missing.jpg",
    ),
    *(
        "folder",
        "letter.txt",
        "sealed.age",
        "/dev/null",
        "-",
        "--",
        "+",
        "0",
        "1",
        "-1",
        "1e9",
        "none",
    ),
    *(
        "vault.db",
        "new",
        "raw",
        "hex",
        "age-identity",
        "true",
        "/proc/self/mem",
        "a=b",
        "--no-such",
    ),
]


Commands = dict[tuple[str, ...], click.Command]


def all_commands(group: click.Group, before: tuple[str, ...] = ()) -> Commands:
    """Every command by the words that name it; a group is one too."""
    found: Commands = {}
    context = click.Context(group)
    for name in set(group.list_commands(context)) - SLOW:
        inner = group.get_command(context, name)
        assert inner is not None
        found[(*before, name)] = inner
        if isinstance(inner, click.Group):
            found |= all_commands(inner, (*before, name))
    return dict(sorted(found.items()))


def command_line(draw: random.Random, commands: Commands) -> list[str]:
    """A command with options of its own, or of another one, and some words."""
    words, command = draw.choice(list(commands.items()))
    if draw.random() < 0.2:
        command = draw.choice(list(commands.values()))
    line: list[list[str]] = [[draw.choice(OTHERS)] for _ in range(draw.randrange(5))]
    options = [one for one in command.params if isinstance(one, click.Option)]
    for option in draw.choices(options, k=draw.randrange(3)):
        takes = not option.is_flag and draw.random() < 0.9
        line.append([draw.choice(option.opts), *([draw.choice(OTHERS)] if takes else [])])
    draw.shuffle(line)
    return [*words, *(word for part in line for word in part)]


@contextlib.contextmanager
def captured() -> Iterator[Callable[[], str]]:
    """Nothing on standard input; what is written to 1 and 2 is kept instead."""
    kept = [os.dup(number) for number in (0, 1, 2)]
    with open(os.devnull) as nothing, tempfile.TemporaryFile(dir=MEMORY) as out:
        os.dup2(nothing.fileno(), 0)
        os.dup2(out.fileno(), 1)
        os.dup2(out.fileno(), 2)
        streams = sys.stdout, sys.stderr  # a test's own, perhaps
        sys.stdout, sys.stderr = (os.fdopen(number, "w", closefd=False) for number in (1, 2))

        def written() -> str:
            sys.stdout.flush()
            sys.stderr.flush()
            out.seek(0)
            text = out.read().decode(errors="replace")
            out.seek(0)
            out.truncate()
            return text

        try:
            yield written
        finally:
            written()
            sys.stdout, sys.stderr = streams
            for number, copy in enumerate(kept):
                os.dup2(copy, number)
                os.close(copy)


def run_command_lines(count: int, seed: int) -> Counter[str]:
    """Random command lines, in this process and the folder it is in; see :func:`command_lines`."""
    draw = random.Random(f"command lines {seed}")
    commands = all_commands(app)
    with captured() as written:
        return Counter(obey(command_line(draw, commands), written) for _ in range(count))


def obey(line: list[str], written: Callable[[], str]) -> str:
    """What became of one command line, in a word."""
    from ailock_sdk.cli import main as command

    known = {int(code) for code in ExitCode} - {int(ExitCode.UNEXPECTED)}
    try:
        status = command(line)
    except BaseException as error:
        written()
        return f"FAILED: {line}: {error!r}"
    text = written()
    if "Traceback" in text or not (status in known or status > SIGNAL_BASE):
        return f"FAILED: {line}: {status}, {text[-300:]!r}"
    if status != 0 and not text.strip():
        return f"FAILED: {line}: {status} without a word"
    return f"status {status}"


def command_lines(count: int, seed: int) -> Counter[str]:
    """Random command lines, in a process and a home of their own."""
    with tempfile.TemporaryDirectory() as name:
        places = furnish(Path(name))
        root = str(Path(__file__).resolve().parents[1])
        done = subprocess.run(
            [sys.executable, "-m", "tests.campaign_fuzz", "--inside", str(count), str(seed)],
            cwd=name,
            env={**os.environ, **places, "PYTHONPATH": root},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    return Counter(json.loads(done.stdout.splitlines()[-1]))


def furnish(folder: Path) -> dict[str, str]:
    """Make a home with a lock and some files; the environment that leads there."""
    (folder / "folder").mkdir()
    (folder / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0 no photo")
    (folder / "letter.txt").write_bytes(TEXT)
    (folder / "sealed.age").write_bytes(seal_bytes(TEXT, LOCK.recipient))
    (folder / "code.txt").write_text(CODE.shown())
    places = {"XDG_CONFIG_HOME": folder / "config", "XDG_DATA_HOME": folder / "data"}
    pepper = FilePepper(places["XDG_CONFIG_HOME"] / "ailock" / "pepper").create()
    with LockStore.create(places["XDG_DATA_HOME"] / "ailock" / "vault.db") as store:
        store.add("door", LOCK, pepper)
    return {"HOME": str(folder), **{name: str(place) for name, place in places.items()}}


def failures(outcomes: Counter[str]) -> int:
    """Count the failures; that nothing was tried is one too."""
    return sum(number for outcome, number in outcomes.items() if "FAILED" in outcome) + (
        not outcomes
    )


def main() -> int:
    """Command line; the exit status is 1 if anything failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--count", type=int, default=20_000, help="inputs of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=[*TARGETS, "command line"], action="append")
    parser.add_argument("--inside", nargs=2, type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        print(json.dumps(run_command_lines(*arguments.inside)))
        return 0
    failed = 0
    for name in arguments.only or [*TARGETS, "command line"]:
        among = command_lines if name == "command line" else partial(run, name)
        found = among(arguments.count, arguments.seed)
        shown = ", ".join(f"{outcome} {number}" for outcome, number in sorted(found.items()))
        print(f"{name:14} {sum(found.values()):6}  {shown}", flush=True)
        failed += failures(found)
    print(f"seed {arguments.seed}: {failed} failures")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
