"""Merging catalogs: what comes of several is the same in whatever order, by whatever steps, and how often they are merged.

Each thing that a catalog holds is joined by itself. What never changes once written is a union: events, edges, blobs,
runs and versions by their ids. Of what is recorded anew the copy with the later stamp wins, and between equal stamps the
larger content, so that the order of merging cannot matter; a copy of a run that was recorded wins over one that came by an
import, which may have lost something. What people change is what the merged journal says: the event
with the latest stamp. What was removed or forgotten stays so, since the events that say it are merged, too.

A foreign file is only read, by a connection of its own with every limit of a reader; its rows are bound as values.
"""
