"""A model cut down to some of its outputs: what remains computes the same, bit for bit."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest

from ailock_sdk.embedding import DEFAULT_BUNDLE, Bundle, Embedder, choose_runtime, find_bundle
from ailock_sdk.embedding.model_file import SIGNATURE, only_outputs


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return find_bundle(DEFAULT_BUNDLE)


@pytest.fixture(scope="module")
def model(bundle: Bundle) -> bytes:
    return bundle.read_model()


def outputs_of(bundle: Bundle, *layers: str) -> set[str]:
    return {part.output for layer in layers for part in bundle.layers[layer].parts}


def built(model: bytes) -> object:
    interpreter = choose_runtime().module.Interpreter(model_content=model, num_threads=1)
    interpreter.allocate_tensors()
    return interpreter.get_signature_runner(SIGNATURE)


def test_each_layer_alone_is_what_it_is_among_all(bundle: Bundle) -> None:
    contract, everything = bundle.input, Embedder(bundle, threads=1)
    rng = np.random.default_rng(0)
    views = rng.integers(0, 256, (3, contract.height, contract.width, 3), np.uint8)
    for layer in bundle.layers:
        alone = Embedder(bundle, threads=1, layers=[layer])
        for view in views:
            (expected,), (found,) = everything.embed(view, [layer]), alone.embed(view, [layer])
            assert found.tobytes() == expected.tobytes(), layer


def test_a_layer_that_was_not_announced_is_not_there(bundle: Bundle) -> None:
    first, *_, last = bundle.layers
    contract = bundle.input
    embedder = Embedder(bundle, threads=1, layers=[first])
    with pytest.raises(KeyError):
        embedder.embed(np.zeros((contract.height, contract.width, 3), np.uint8), [last])


def test_operators_that_lead_elsewhere_are_gone(bundle: Bundle, model: bytes) -> None:
    everything = outputs_of(bundle, *bundle.layers)
    assert only_outputs(model, everything) == model, "nothing to leave out, nothing changed"
    before = hash(model)
    only_outputs(model, [min(everything)])
    assert hash(bytes(memoryview(model))) == before, "what the caller holds was changed"
    for output in everything:
        cut = only_outputs(model, {output})
        assert len(cut) == len(model)
        assert set(built(cut).get_output_details()) == {output}
    counts = [operator_count(only_outputs(model, {output})) for output in everything]
    assert min(counts) < operator_count(model)
    assert max(counts) <= operator_count(model)


def operator_count(model: bytes) -> int:
    interpreter = choose_runtime().module.Interpreter(model_content=model, num_threads=1)
    names = [each["op_name"] for each in interpreter._get_ops_details()]
    return len(names) - names.count("DELEGATE")


def test_what_is_no_model_is_refused(model: bytes) -> None:
    for data in (b"", b"TFL3", bytes(64), b"\xff\xd8\xff\xe0JFIF", model[:4] + b"TFL4" + model[8:]):
        with pytest.raises(ValueError, match="not a TFLite model"):
            only_outputs(data, {"any"})


def test_a_damaged_model_is_refused_or_cut_but_nothing_else(model: bytes) -> None:
    """Numbers that point anywhere: never another error, and never an endless list."""
    rng = np.random.default_rng(1)
    head = np.frombuffer(model[:4096], np.uint8)
    small = model[:4096]
    for _ in range(300):
        damaged = head.copy()
        places = rng.integers(8, len(head), 8)
        damaged[places] = rng.integers(0, 256, 8)
        damaged[:4] = rng.integers(0, 256, 4)
        for data in (damaged.tobytes() + model[4096:65536], small[: rng.integers(8, 4096)]):
            with suppress(ValueError):
                assert len(only_outputs(data, {"any"})) == len(data)
