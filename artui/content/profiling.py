"""Makes the profile of a table: run as a program of its own, since files come from anybody and may take long.

Standard input is the file itself; arguments, behind the limits: the folder that artui is in, the ending of the file's
name, how it is packed, its size in bytes. Standard output: the packed profile. Standard error: how many bytes have been
read, a number a line; at the end, if there is no profile, why not. It ends with 1 then, with 2 where a package is
missing.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from artui.profile.column import Column, Profile

SECONDS = 1200
"""Of processor time."""
MEMORY_BYTES = 3 << 30
"""Of addresses: packages reserve far more than they use."""
MISSING = 2
_ROWS = 32_768
_TOLD_BYTES = 4 << 20
_SLICE_BYTES = 16 << 20


def main(ending: str, packing: str, size_bytes: int) -> int:
    """Read what stands on standard input."""
    from artui.profile import packing as pack
    from artui.profile.reading import profile_of
    from artui.profile.tables import FRAMED_ENDINGS, NotATable, Table

    told = 0

    def tell(read_bytes: int) -> None:
        nonlocal told
        if read_bytes - told >= _TOLD_BYTES:
            told = read_bytes
            print(read_bytes, file=sys.stderr, flush=True)

    # The stream of standard input may stand anywhere in it.
    with os.fdopen(os.dup(0), "rb") as stream:
        stream.seek(0)
        try:
            if ending in FRAMED_ENDINGS:
                profile = _READERS[ending](stream, lambda share: tell(int(share * size_bytes)))
            else:
                profile = profile_of(Table(ending, packing), stream, tell=tell)
            sys.stdout.buffer.write(pack.packed(profile))
        except ImportError as error:
            print(ascii(error.name)[1:-1], file=sys.stderr)
            return MISSING
        except NotATable as error:
            print(ascii(str(error))[1:-1][:200], file=sys.stderr)
            return 1
        except MemoryError:
            print("it takes more memory than its profile may", file=sys.stderr)
            return 1
        except (ValueError, OSError, LookupError, TypeError, ArithmeticError, RuntimeError, EOFError) as error:
            print(ascii(str(error).partition("\n")[0] or type(error).__name__)[1:-1][:200], file=sys.stderr)
            return 1
    return 0


def _parquet(stream: BinaryIO, tell: Any) -> Profile:
    try:
        from pyarrow import OSFile, parquet, set_cpu_count, set_io_thread_count
    except ImportError:
        return _parquet_by_duckdb(tell)
    set_cpu_count(1)
    set_io_thread_count(1)
    try:
        file = parquet.ParquetFile(OSFile("/dev/stdin"), buffer_size=1 << 20)
    except OSError:
        file = parquet.ParquetFile(stream, buffer_size=1 << 20)
    from artui.profile.building import Builder

    names = file.schema_arrow.names
    builder = Builder(list(names))
    # What was read of a group of rows is freed only with the whole group: of a large one, some columns at a time.
    for group in range(file.num_row_groups):
        about = file.metadata.row_group(group)
        for places in _slices(file, about, builder.width):
            columns = None if len(places) == len(names) else [names[place] for place in places]
            rows = _batch_rows(len(places))
            for batch in file.iter_batches(batch_size=rows, row_groups=[group], columns=columns, use_threads=False):
                cells = [batch.column(place) for place in range(len(places))]
                builder.add_some(places, _with_arrow, cells)
        builder.count_rows(about.num_rows)
        tell(builder.rows / max(1, file.metadata.num_rows))
    return builder.done()


def _slices(file: Any, about: Any, width: int) -> Any:
    """Give the places of columns that are read together, of so many in all."""
    names = file.schema_arrow.names
    is_flat = about.num_columns == len(names) == len(set(names)) and not any("." in name for name in names)
    if not is_flat:
        yield list(range(len(names)))
        return
    places: list[int] = []
    size_bytes = 0
    for place in range(width):
        column_bytes = about.column(place).total_uncompressed_size
        if places and size_bytes + column_bytes > _SLICE_BYTES:
            yield places
            places, size_bytes = [], 0
        places.append(place)
        size_bytes += column_bytes
    if places:
        yield places


def _arrow(stream: BinaryIO, tell: Any) -> Profile:
    from pyarrow import ipc

    with ipc.open_file(stream) as file:
        count = file.num_record_batches
        batches = (
            part
            for number in range(count)
            for part in _parts(file.get_batch(number), _batch_rows(len(file.schema.names)))
        )
        return _of_batches(batches, file.schema.names, 0, tell)


def _parts(batch: Any, rows: int) -> Any:
    for at in range(0, len(batch), rows):
        yield batch.slice(at, rows)


def _batch_rows(width: int) -> int:
    return max(1, min(_ROWS, (1 << 20) // max(1, width)))


def _of_batches(batches: Any, names: Any, row_count: int, tell: Any) -> Profile:
    from artui.profile.building import Builder

    builder = Builder(list(names))
    for batch in batches:
        builder.add_with(_with_arrow, [batch.column(place) for place in range(builder.width)], len(batch))
        tell(builder.rows / max(1, row_count))
    return builder.done()


def _with_arrow(column: Column, cells: Any) -> Column:
    """Count the cells of an array of Arrow, without a Python object for each where that can be."""
    import pyarrow as pa

    from artui.profile import building

    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    kind = cells.type
    filled = cells.drop_null() if cells.null_count else cells
    column = building.with_nulls(column, cells.null_count)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        tally = filled.value_counts()
        counts = dict(zip(tally.field("values").to_pylist(), tally.field("counts").to_pylist(), strict=True))
        return building.with_counts(building.with_rows(column, len(filled)), counts)
    if pa.types.is_boolean(kind):
        counts = {"true": filled.true_count, "false": filled.false_count}
        return building.with_texts(building.with_rows(column, len(filled)), counts)
    if pa.types.is_timestamp(kind):
        filled = filled.cast(pa.timestamp("ms"), safe=False)
    if pa.types.is_timestamp(filled.type) or pa.types.is_date64(filled.type):
        return building.with_cells(column, _plain(filled, "i8").view("M8[ms]"))
    if pa.types.is_date32(filled.type):
        return building.with_cells(column, _plain(filled, "i4").astype("M8[D]"))
    if pa.types.is_integer(filled.type) or pa.types.is_floating(filled.type):
        return building.with_cells(column, _plain(filled, filled.type.to_pandas_dtype()))
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return building.with_others(column, len(filled))
    return building.with_cells(column, filled.to_pylist())


def _plain(cells: Any, kind: Any) -> Any:
    """Give the numbers of an array as they lie: pyarrow's own way imports pandas, which takes more than all else here."""
    import numpy as np

    return np.frombuffer(cells.buffers()[1], kind)[cells.offset : cells.offset + len(cells)]


def _parquet_by_duckdb(tell: Any) -> Profile:
    import duckdb

    from artui.profile import building
    from artui.profile.building import Builder

    # It opens files by name only; and it may reach nothing else.
    settings = {"threads": "1", "memory_limit": "512MB", "autoinstall_known_extensions": "false"}
    try:
        with duckdb.connect(config=settings) as connection:
            relation = connection.read_parquet("/dev/stdin", file_row_number=True)
            names = [name for name in relation.columns if name != "file_row_number"]
            row_count = connection.execute("SELECT count(*) FROM read_parquet('/dev/stdin')").fetchone()[0]
            builder = Builder(names)
            shown = relation.project(*map(duckdb.ColumnExpression, [*names[: builder.width], "file_row_number"]))
            rows = _batch_rows(builder.width)
            number = duckdb.ColumnExpression("file_row_number")
            for at in range(0, row_count, rows):
                piece = shown.filter(
                    (number >= duckdb.ConstantExpression(at)) & (number < duckdb.ConstantExpression(at + rows))
                )
                cells = piece.fetchnumpy()
                taken = [cells[name] for name in names[: builder.width]]
                builder.add_with(building.with_cells, taken, len(cells["file_row_number"]))
                tell((at + rows) / row_count)
    except duckdb.Error as error:
        raise ValueError(str(error)) from error
    return builder.done()


_READERS = {"parquet": _parquet, "arrow": _arrow, "feather": _arrow}


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[4])
    status = main(sys.argv[5], sys.argv[6], int(sys.argv[7]))
    sys.stdout.flush()
    # Threads of packages that are still there would end the program by a signal, after all was said.
    os._exit(status)
