"""TensorFlow and Keras, imported without their start-up notes, which would bury our own lines."""

from ailock_sdk.embedding import quiet_stderr

with quiet_stderr():
    import keras
    import tensorflow as tf

    # Conversion needs no GPU; to look for one later would be noisy.
    tf.config.set_visible_devices([], "GPU")

__all__ = ["keras", "tf"]
