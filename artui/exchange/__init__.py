"""Other people's formats: what MLflow, W&B, TensorBoard and others wrote, taken into a catalog.

Each format is one folder: its `__init__.py` says what help and messages need, its `importer.py` recognises stores, reads them,
and hands what is in them to an `Intake`. It knows no tables, executes nothing, and writes nothing but the catalog.
"""
