"""One against many: a probe compared with a database of imageprints, flagged within a threshold.

Vocabulary (ISO/IEC 2382-37 and 19795-1, by analogy)
----------------------------------------------------
gallery : the database, one entry for each enrolled photo of each identity (person or object)
search : one probe compared with every identity of the gallery, by the nearest of its entries
mated, stranger : a search whose probe's identity is, is not in the gallery
rank : the mate's place among the identities, nearest first; a tie counts against the mate
FAR : share of strangers of whom anybody is flagged (the false positive identification rate)
"""
