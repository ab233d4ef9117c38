"""Metrics: their points, curves and values, and which come first."""
