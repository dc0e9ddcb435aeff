"""How often the right object is refused and a wrong one accepted, on labelled photos.

Vocabulary (ISO/IEC 2382-37 and 19795-1, by analogy: they speak of people, we of objects)
------------------------------------------------------------------------------------------
mated, non-mated trial : a comparison of two photos of one object, of two objects
FTA : failure to acquire, a photo that the pipeline refuses (quality, format)
FTE : failure to enrol, a set of reference photos that enrolment refuses
FNMR, FMR : share of mated trials refused, of non-mated trials accepted, among acquired photos
DET : detection error trade-off, FNMR against FMR as the threshold moves
"""
