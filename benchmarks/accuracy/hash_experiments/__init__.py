"""The experiments of a master's thesis on NeuralHash and faces, for any bundle and any photos.

Experiments 1 to 4; 5 and 6 are attacks. The thesis used the frontal photos of ColorFERET, 2,722 of
994 persons, and 96 bits; :mod:`.thesis_values` has its numbers, which stand beside ours.
"""
