"""Draws sheets as lines of the screens."""
