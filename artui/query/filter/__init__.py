"""The filter language: text in, sets of runs out."""
