"""``faces``: the evaluation of FaceNet, for any bundle and any labelled photos."""
