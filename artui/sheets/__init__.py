"""The content of pages about runs, versions and artifacts, as values that any output can draw."""
