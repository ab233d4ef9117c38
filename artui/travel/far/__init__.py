"""Catalogs of other machines and of buckets: read where they lie, in blocks that are kept here."""
