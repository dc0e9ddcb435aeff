"""The sketch stage again, slow and obvious, written from SPEC sections 5 to 7 alone.

Plain Python integers and lists; nothing here is imported from the package. Tests hold the package
to it, and ``python -m tests.reference.make_sketch_vectors`` writes the vectors from it.
"""
