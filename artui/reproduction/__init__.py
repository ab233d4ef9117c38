"""Runs made again: a folder with what a run took, the run itself once more, and whether its numbers came back."""
