"""Other people's formats: what MLflow, W&B, TensorBoard, Hugging Face and Lightning wrote, taken into a catalog.

Each importer is one module `from_X.py`: it recognises stores of its format, reads them, and hands what it finds to an
`Intake`. It knows no tables, executes nothing, and writes nothing but the catalog.
"""
