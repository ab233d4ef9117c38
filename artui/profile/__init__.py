"""What the columns of a table are like, in one pass and bounded memory; merged, packed, compared.

Counts, moments, quantiles, a histogram, different and most frequent values of each column. The profiles of two parts,
merged, are the profile of the whole. Nothing here opens a file or runs what is in one.
"""
