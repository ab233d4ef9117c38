"""Widgets that draw lines: they know model objects and visible text, and never ask the catalog."""
