"""Reading a catalog: one layer for the app, the command line and Python.

A `Reader` opens one catalog read-only, with a connection a thread, and limits every statement in time. The other
modules ask it questions, and answer with model objects, never with rows. What Python users call is in `api`.
"""
