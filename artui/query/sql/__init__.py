"""SQL that a user writes: what there is to ask, what could come next, and its answer as a file."""
