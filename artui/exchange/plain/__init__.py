"""Plain tables: a catalog's rows as CSV files or as lines of JSON. Written by `exporter`, read back by `importer`."""

from artui.exchange.formats import Format

FORMAT = Format(
    "plain",
    title="artui tables",
    stores=("folders of `artui export --csv` or `--jsonl`",),
    hints=("runs.csv", "runs.jsonl"),
    before=("lightning",),
)
