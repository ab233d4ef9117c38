"""Foreign formats: what MLflow, W&B, TensorBoard and other tools wrote, imported into a catalog.

Each format is one folder: its `__init__.py` has what help and messages need, its `importer.py` recognises stores, reads them
and hands their content to an `Intake`. An importer knows no tables, executes nothing and writes only to the catalog.
"""
