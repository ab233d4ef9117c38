"""The lake: rows of catalogs as Parquet files, in Hive partitions by project and month. Written by `exporter`, read back by `importer`."""

from artui.exchange.formats import Format

FORMAT = Format(
    "lake",
    title="artui lake",
    stores=("folders of `artui export --parquet`",),
    hints=("_artui", "project=*"),
)
