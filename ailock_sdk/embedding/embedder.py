"""Views to embeddings, several at a time (SPEC section 2)."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ailock_sdk.embedding.bundle import Bundle
from ailock_sdk.embedding.cores import fast_cores
from ailock_sdk.embedding.model_file import only_outputs
from ailock_sdk.embedding.network import Network
from ailock_sdk.embedding.runtime import choose_runtime
from ailock_sdk.errors import BundleError
from ailock_sdk.workers import ForkLock, Workers, renew_after_fork

_MAX_DEFAULT_THREADS = 4


class Embedder:
    """A loaded model: ``uint8 (height, width, 3)`` RGB in, ``float32 (D,)`` for each layer out.

    Interpreters are kept warm: the first is built at once, others when a second photo comes. Calls
    from several threads are taken one after another. A forked process builds its own.

    Parameters
    ----------
    bundle : Bundle
        The verified model and its contract.
    threads : int, optional
        CPU threads, at least 1; by default the machine's fast cores, at most four.
    at_once : int
        Views of :meth:`embed_mean` that are computed at once, each by an interpreter of its own
        with its share of the threads; at least 1, at most ``threads`` take effect. A view alone has
        one share. Two views on a thread each take less time than one after the other on two
        threads, as threads wait for each other at every layer.
    layers : sequence of str, optional
        Names of the layers that will be asked for, by default all of the bundle; what leads to
        others only is not computed.

    Raises
    ------
    BundleError
        The model does not load, or is not what the manifest says.
    RuntimeMissingError
        No interpreter of such models is installed, or it was made for another version of NumPy.
    """

    def __init__(
        self,
        bundle: Bundle,
        threads: int | None = None,
        at_once: int = 1,
        layers: Sequence[str] | None = None,
    ) -> None:
        if threads is None:
            threads = min(_MAX_DEFAULT_THREADS, fast_cores())
        if threads < 1 or at_once < 1:
            raise ValueError("threads and at_once are at least 1")
        self.bundle = bundle
        self.threads = threads
        self.runtime = choose_runtime(bundle.runtime)
        at_once = min(at_once, threads)
        self._shares = [threads // at_once + (i < threads % at_once) for i in range(at_once)]
        self._layers = list(bundle.layers) if layers is None else layers
        self._model = _model(bundle, self._layers)
        self._workers = Workers(at_once, "embedder")
        self._warm = False
        self._networks: list[Network] = []
        self._lost: list[Network] = []
        self._lock = ForkLock()
        self.renew()
        self._build()
        renew_after_fork(self)

    def embed(self, pixels: NDArray[np.uint8], layers: Sequence[str]) -> list[NDArray[np.float32]]:
        """Embeddings of one view; as :meth:`embed_mean` of ``pixels`` alone."""
        return self.embed_mean([pixels], layers)

    def embed_mean(
        self, views: Sequence[NDArray[np.uint8]], layers: Sequence[str]
    ) -> list[NDArray[np.float32]]:
        """Mean embeddings of several views of one thing (SPEC section 2).

        The embeddings are added in the order of ``views`` and divided once, all in float32: as
        exact, and as equal on every platform, as each of them.

        Parameters
        ----------
        views : sequence of ndarray, uint8, shape (height, width, 3)
            RGB, 0 to 255, of exactly the contract's size; at least one.
        layers : sequence of str
            Names of layers that were announced when the embedder was built.

        Returns
        -------
        list of ndarray, float32, shape (D,)
            In the order of ``layers``; D is the layer's.

        Raises
        ------
        ValueError
            No view, or one of another type or size; or the embedder was closed.
        KeyError
            A layer that was not announced.
        """
        contract = self.bundle.input
        shape = (contract.height, contract.width, 3)
        if not views:
            raise ValueError("at least one view is needed")
        if any(view.dtype != np.uint8 or view.shape != shape for view in views):
            raise ValueError(f"pixels are uint8 ({contract.height}, {contract.width}, 3)")
        with self._lock:
            if not self._model:
                raise ValueError("the embedder was closed")
            first, *others = self._embed_each(views, layers)
        for embeddings in others:
            for total, embedding in zip(first, embeddings, strict=True):
                total += embedding
        return [total / np.float32(len(views)) for total in first]

    def _embed_each(
        self, views: Sequence[NDArray[np.uint8]], layers: Sequence[str]
    ) -> list[list[NDArray[np.float32]]]:
        """Embeddings of each view, in order; the caller holds the lock."""
        if not self._networks:  # in a forked process
            self._build()
        if not self._warm:
            # A process that reads one photo does so sooner with one interpreter, as building
            # another takes longer than it would save.
            self._warm = True
            return [self._networks[0].embed(view, layers) for view in views]
        idle = deque(self._networks)

        def build() -> None:
            if network := self._build():
                idle.append(network)

        def embed(view: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
            network = idle.popleft()  # each helper has built one, or all were there
            try:
                return network.embed(view, layers)
            finally:
                idle.appendleft(network)

        # Whatever happens, then no interpreter is at work.
        return self._workers.map(embed, views, prepare=build)

    def _build(self) -> Network | None:
        """One more interpreter, if not all are built."""
        try:
            threads = self._unbuilt.pop()
        except IndexError:
            return None
        try:
            network = Network(self.bundle, self._model, self._layers, self.runtime, threads)
        except BaseException:
            self._unbuilt.append(threads)
            raise
        self._networks.append(network)
        return network

    def close(self) -> None:
        """Free the interpreters and the model, once nobody is at work; nothing embeds any more."""
        with self._lock:
            self._workers.close()
            self._networks.clear()
            self._model = b""

    def renew(self) -> None:
        """Begin anew in a forked process, which lacks the interpreters' threads."""
        self._lost += self._networks  # kept, as they would wait for their threads before they end
        self._networks = []
        self._unbuilt = self._shares[::-1]  # the greatest last, which is built first
        self._warm = False


def _model(bundle: Bundle, layers: Sequence[str]) -> bytes:
    """The part of the bundle's model that leads to ``layers``; of ONNX all of it."""
    if bundle.runtime != "tflite":
        return bundle.read_model()
    outputs = {part.output for name in layers for part in bundle.layers[name].parts}
    try:
        return only_outputs(bundle.read_model(), outputs)
    except ValueError as error:
        raise BundleError(f"{bundle.model_path} does not load: {error}") from None
