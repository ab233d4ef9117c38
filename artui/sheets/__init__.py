"""What is said of a run, a version or an artifact: once, as values that anybody can draw."""
