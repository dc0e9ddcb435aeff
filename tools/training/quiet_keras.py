"""Keras on PyTorch, which the rest of training uses: loaded with TensorFlow both crash on exit.

What is trained here is one ``.keras`` file, which Keras on TensorFlow reads as well.
"""

import os

os.environ["KERAS_BACKEND"] = "torch"

import keras

__all__ = ["keras"]
