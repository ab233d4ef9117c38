"""Reads Parquet files of a lake with duckdb: run as a program of its own, since files come from anybody.

Standard input: a line of JSON for each question, with paths below the folder that it is started in. Standard output: of each
question frames, each a line with its size in bytes and then so many bytes; an empty frame ends the answer. It imports nothing of
artui.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from typing import Any

SECONDS = 3600
"""Of processor time."""
MEMORY_BYTES = 3 << 30
"""Of addresses: duckdb reserves more than it takes."""
MEMORY = "512MB"
BATCH_ROWS = 500
MAX_CELL_BYTES = 4 << 20
MAX_COLUMNS = 1000


def main() -> int:
    """Answer questions until there are no more."""
    import duckdb

    settings = {
        "threads": "1", "memory_limit": MEMORY, "temp_directory": "", "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false", "allow_community_extensions": "false",
    }  # fmt: skip
    out = os.fdopen(os.dup(1), "wb")
    with duckdb.connect(config=settings) as connection:
        for line in sys.stdin:
            question = json.loads(line)
            try:
                for frame in _ASKED[question["ask"]](connection, question):
                    out.write(b"%d\n" % len(frame) + frame)
            except (duckdb.Error, MemoryError, ValueError, RuntimeError) as error:
                text = ascii(str(error).partition("\n")[0] or type(error).__name__)[1:-1][:200]
                frame = json.dumps({"error": text}).encode()
                out.write(b"%d\n" % len(frame) + frame)
            out.write(b"0\n")
            out.flush()
    return 0


def _look(connection: Any, question: dict[str, Any]) -> Iterator[bytes]:
    """Say what columns a file has, with their types."""
    path = question["path"]
    (width,) = connection.execute("SELECT count(*) FROM parquet_schema(?)", [path]).fetchone()
    if width > MAX_COLUMNS:
        raise ValueError(f"it has {width - 1:,} columns")
    (rows,) = connection.execute("SELECT num_rows FROM parquet_file_metadata(?)", [path]).fetchone()
    described = connection.execute(
        "DESCRIBE SELECT * FROM read_parquet(?, hive_partitioning = false)", [path]
    ).fetchall()
    yield _json({"rows": rows, "columns": [[row[0], row[1]] for row in described]})


def _source(question: dict[str, Any]) -> tuple[str, list[Any]]:
    """Give what stands behind FROM, up to the range of ids, and its values."""
    by = _name(question["by"])
    where, values = [f"{by} IS NOT NULL"], [question["files"]]
    for sign, key in ((">", "after"), (">=", "first"), ("<=", "last")):
        if question.get(key) is not None:
            where.append(f"{by} {sign} ?")
            values.append(question[key])
    if question.get("among") is not None:
        where.append(f"list_contains(?, {by})")
        values.append(question["among"])
    if question.get("numbers") is not None:
        where.append('"number" >= ? AND "number" < ?')
        values += question["numbers"]
    if question.get("series") is not None:
        where.append('"name" = ? AND "labels" = ?')
        values += question["series"]
    return f"read_parquet(?, union_by_name = true, hive_partitioning = false) WHERE {' AND '.join(where)}", values


def _rows(connection: Any, question: dict[str, Any]) -> Iterator[bytes]:
    """Give rows in order, some at a time; texts that are too long are null, and counted behind the cells of their row."""
    shown, long = [], []
    for name, type in question["columns"]:
        column = _name(name)
        if type == "VARCHAR":
            long.append(f"(strlen({column}) > {MAX_CELL_BYTES})::INT")
            shown.append(f"CASE WHEN strlen({column}) <= {MAX_CELL_BYTES} THEN {column} END")
        else:
            shown.append(f"CAST({column} AS {type})")
    shown.append(" + ".join(f"coalesce({one}, 0)" for one in long) or "0")
    source, values = _source(question)
    order = ", ".join(map(_name, question["order"]))
    query = f"SELECT {', '.join(shown)} FROM {source} ORDER BY {order} LIMIT {int(question['limit'])}"
    answer = connection.execute(query, values)
    while rows := answer.fetchmany(BATCH_ROWS):
        yield _json([list(row) for row in rows])


_ORDER = 'ORDER BY "run_id", "name", "labels", "number"'
_WHOLE = '"name" IS NOT NULL AND "labels" IS NOT NULL AND "number" IS NOT NULL AND "step" IS NOT NULL AND "time_ms" IS NOT NULL AND "value" IS NOT NULL'


def _points(connection: Any, question: dict[str, Any]) -> Iterator[bytes]:
    """Give points: first JSON of the series with their counts, then the arrays of numbers, steps, times and values of all."""
    import numpy as np

    source, values = _source(question)
    limit = int(question["limit"])
    series = connection.execute(
        f'SELECT "run_id", "name", "labels", count(*) FROM {source} AND {_WHOLE} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 LIMIT {limit}', values
    ).fetchall()  # fmt: skip
    yield _json([list(row) for row in series])
    columns = ('CAST("number" AS BIGINT)', 'CAST("step" AS BIGINT)', 'CAST("time_ms" AS BIGINT)', 'CAST("value" AS DOUBLE)')  # fmt: skip
    shown = ", ".join(f"{column} AS c{at}" for at, column in enumerate(columns))
    arrays = connection.execute(
        f"SELECT {shown} FROM {source} AND {_WHOLE} {_ORDER} LIMIT {limit}", values
    ).fetchnumpy()
    for at in range(len(columns)):
        yield np.ma.getdata(arrays[f"c{at}"]).astype("<f8" if at == 3 else "<i8", copy=False).tobytes()


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=True).encode()


_ASKED = {"look": _look, "rows": _rows, "points": _points}


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    # Threads of the package that are still there would end the program by a signal, after all was said.
    os._exit(status)
