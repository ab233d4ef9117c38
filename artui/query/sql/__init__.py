"""SQL that a user writes: what there is to ask, what could come next, the question itself, and its answer as a file."""
