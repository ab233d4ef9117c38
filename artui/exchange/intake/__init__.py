"""The one way from a foreign store into a catalog: what importers call."""
