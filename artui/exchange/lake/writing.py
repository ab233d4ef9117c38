"""Rows as Parquet files, by duckdb on this machine: bounded in memory, and no extension is ever fetched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artui.errors import ArtuiError, PackageMissing
from artui.exchange.lake.tables import FLAG, NUMBER, TEXT, WHOLE
from artui.foreign import ask

if TYPE_CHECKING:
    from artui.arrays import Floats, Ints

ROW_GROUP_ROWS = 122_880
MEMORY = "96MB"
"""What duckdb may take; what the rows of one file take comes on top."""
_COPY = "COPY ({query}) TO '{path}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {rows})"


class ParquetWriter:
    """Writes one file after another into a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            import duckdb
        except ImportError as error:
            raise PackageMissing("Parquet needs the package duckdb, which is not installed here.", remedy="pip install 'artui[parquet]'") from error  # fmt: skip
        settings = {
            "memory_limit": MEMORY, "threads": "1", "temp_directory": str(folder), "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false", "allow_community_extensions": "false",
        }  # fmt: skip
        self._connection: Any = duckdb.connect(config=settings)
        # The type of a column never depends on what its first cells hold.
        self._connection.execute("SET pandas_analyze_sample = 0")
        self._count = 0

    def write(self, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> Path:
        """Write rows of a table as a file; give its path."""
        cells = list(zip(*rows, strict=True))
        given = {f"c{at}": _column(type, cells[at]) for at, type in enumerate(columns.values())}
        shown = [f'CAST(c{at} AS {type}) AS "{name}"' for at, (name, type) in enumerate(columns.items())]
        return self._copy(f"SELECT {', '.join(shown)} FROM given", {"given": given})

    def write_points(
        self, columns: Mapping[str, str], series: Sequence[tuple[str, str, str]], places: Ints, numbers: Ints, steps: Ints, times_ms: Ints, values: Floats
    ) -> Path:  # fmt: skip
        """Write points as a file.

        Args:
            columns: of the table `points`.
            series: run, name and labels of each series.
            places: of each point, which series it belongs to.
        """
        import numpy as np

        texts = [np.array([str(row[at]) for row in series], object) for at in range(3)]
        given = {f"t{at}": column[places] for at, column in enumerate(texts)}
        # duckdb takes every NaN in an array for null: those come by their bits.
        given |= {"n": numbers, "s": steps, "m": times_ms, "v": values}
        value = "v"
        if bool(np.isnan(values).any()):
            given["b"] = values.view(np.int64)
            value = "CASE WHEN v IS NULL THEN CAST(CAST(b AS BIT) AS DOUBLE) ELSE v END"
        shown = [
            f'CAST({expression} AS {type}) AS "{name}"'
            for (name, type), expression in zip(columns.items(), ("t0", "t1", "t2", "n", "s", "m", value), strict=True)
        ]
        return self._copy(f"SELECT {', '.join(shown)} FROM given", {"given": given})

    def close(self) -> None:
        """End duckdb."""
        self._connection.close()

    def _copy(self, query: str, tables: Mapping[str, Any]) -> Path:
        self._count += 1
        path = self._folder / f"{self._count}.parquet"
        statement = _COPY.format(query=query, path=str(path).replace("'", "''"), rows=ROW_GROUP_ROWS)

        def run() -> None:
            for name, table in tables.items():
                self._connection.register(name, table)
            self._connection.execute(statement)
            for name in tables:
                self._connection.unregister(name)

        def failed(error: Exception) -> None:
            raise ArtuiError(f"duckdb cannot write the rows: {ascii(str(error))[1:200]}.", remedy="Is there room in the temporary folder?") from error  # fmt: skip

        ask(run, otherwise=failed)
        return path


def _column(type: str, cells: Sequence[Any]) -> Any:
    """Make a column of cells that may be None."""
    import numpy as np

    if type == TEXT:
        return np.array(cells, object)
    mask = np.array([cell is None for cell in cells], bool)
    kind = {WHOLE: np.int64, NUMBER: np.float64, FLAG: np.bool_}[type]
    column: Any = np.array([0 if cell is None else cell for cell in cells], kind)
    return np.ma.MaskedArray(column, mask=mask) if mask.any() else column
