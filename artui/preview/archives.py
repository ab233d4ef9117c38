"""Archives by their directories: what is in them, and models that are kept as one. Nothing is extracted.

Formats: zip (PKWARE APPNOTE) with NPZ, PyTorch's checkpoints since 1.6, TorchScript, Keras 3's `.keras`; tar (POSIX
ustar and pax, GNU's long names).
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import Any

import orjson

from artui.model import Preview
from artui.preview import hdf5, pickles, table, tensors
from artui.preview.source import Source, Unreadable, Window

MAX_MEMBERS = 10_000
_HEAD_BYTES = 64 << 10
_MAX_CONFIG_BYTES = 4 << 20
_MAX_PICKLE_BYTES = 16 << 20
_MAX_WEIGHTS_BYTES = 8 << 20
_BLOCK = 512


def zip_file(source: Source) -> Preview:
    """List a zip archive, or preview the model or the arrays that it is."""
    if not source.is_whole:
        return Preview("bytes", "zip archive, too large to list")
    with zipfile.ZipFile(Window(source)) as opened:
        members = opened.infolist()
        names = [member.filename for member in members[:MAX_MEMBERS]]
        if source.name.endswith(".npz"):
            return _npz(source, opened, members)
        if pickle_name := next((name for name in names if name == "data.pkl" or name.endswith("/data.pkl")), ""):
            return _torch(source, opened, names, pickle_name)
        if "config.json" in names and "metadata.json" in names:
            return _keras(source, opened, names)
    return _listing(members)


def _listing(members: Sequence[zipfile.ZipInfo]) -> Preview:
    rows = [
        [member.filename, f"{member.file_size:,}", f"{member.compress_size:,}", "yes" if member.flag_bits & 1 else ""]
        for member in members[: table.MAX_ROWS]
    ]
    raw, stored = sum(member.file_size for member in members), sum(member.compress_size for member in members)
    facts = [("unpacked", f"{raw:,} bytes, {raw / max(1, stored):.3g} times what is stored")]
    facts += outside([member.filename for member in members])
    count = len(members)
    listed = table.from_rows(("member", "bytes", "stored", "encrypted"), rows, row_count=count)
    return Preview(
        "table", f"zip archive, {count:,} member{'' if count == 1 else 's'}", table=listed, facts=tuple(facts)
    )


def outside(names: Sequence[str]) -> list[tuple[str, str]]:
    """Say which names would lead out of the folder that an archive is unpacked to."""
    leading = [
        name for name in names if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or name[1:2] == ":"
    ]  # fmt: skip
    return [("! leading outside", f"{len(leading):,} members, such as {leading[0][:100]}")] if leading else []


def _read(opened: zipfile.ZipFile, name: str | zipfile.ZipInfo, max_bytes: int) -> bytes:
    """Read at most so much of a member.

    Raises:
        Unreadable: it is encrypted, or packed in a way whose size cannot be bounded.
    """
    member = opened.getinfo(name) if isinstance(name, str) else name
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Unreadable("compressed in a way whose size cannot be bounded")
    if member.flag_bits & 1:
        raise Unreadable("encrypted")
    with opened.open(member) as stream:
        return stream.read(max_bytes)


def _npz(source: Source, opened: zipfile.ZipFile, members: Sequence[zipfile.ZipInfo]) -> Preview:
    rows, total, objects = [], 0, 0
    for member in members[:MAX_MEMBERS]:
        if source.is_late:
            break
        array = tensors.npy_header(_read(opened, member, _HEAD_BYTES))
        total += array.count
        objects += array.is_object
        rows.append(
            [
                member.filename.removesuffix(".npy"), array.dtype, array.size_text, f"{array.count:,}",
                f"{member.file_size:,}", f"{member.compress_size:,}",
            ]
        )  # fmt: skip
    count = len(members)
    facts = []
    if objects:
        facts.append(
            (
                "not opened",
                f"arrays of objects, {objects:,}: each is a Python pickle, and loading it would run its code",
            )
        )
    if len(rows) < count:
        facts.append(("partial", f"the first {len(rows):,} arrays were looked at"))
    columns = ("array", "type", "shape", "values", "bytes", "stored")
    return Preview(
        "tensors",
        f"NPZ, {count:,} array{'' if count == 1 else 's'}, {total:,} values",
        table=table.from_rows(columns, rows, row_count=count),
        facts=tuple(facts),
    )


def _torch(source: Source, opened: zipfile.ZipFile, names: Sequence[str], pickle_name: str) -> Preview:
    """Preview a checkpoint by the pickle in it; the bytes of its tensors are members of their own."""
    folder = pickle_name.removesuffix("data.pkl")
    size = opened.getinfo(pickle_name).file_size
    content = _read(opened, pickle_name, _MAX_PICKLE_BYTES)
    seen = pickles.scan(Source(source.name, io.BytesIO(content), len(content), until=source.until))
    if size > len(content):
        seen.stopped = f"its pickle has {size:,} bytes"
    facts = [
        (part, _read(opened, folder + part, 100).decode("utf-8", "replace").strip())
        for part in ("version", "byteorder")
        if folder + part in names
    ]
    is_script = any(name.startswith(f"{folder}code/") for name in names)
    storages = [name for name in names if name.startswith(f"{folder}data/")]
    facts.append(("storages", f"{len(storages):,}, {sum(opened.getinfo(name).file_size for name in storages):,} bytes"))
    if is_script:
        facts.append(("! code", "it holds a program (TorchScript), which loading it would run"))
    for name in [name for name in names if name.endswith(".pkl") and name != pickle_name][:5]:
        # What these would import is listed with the rest.
        content = _read(opened, name, _MAX_PICKLE_BYTES)
        other = pickles.scan(Source(source.name, io.BytesIO(content), len(content), until=source.until))
        for imported, count in other.imports.items():
            seen.imports[imported] = seen.imports.get(imported, 0) + count
        facts.append((name[:80], f"another pickle of {other.instruction_count:,} instructions"))
    what = "TorchScript" if is_script else "PyTorch checkpoint"
    return pickles.shown(seen, what=what, facts=facts)


def _keras(source: Source, opened: zipfile.ZipFile, names: Sequence[str]) -> Preview:
    """Preview a Keras model by its configuration."""
    notes = _json(_read(opened, "metadata.json", _HEAD_BYTES))
    content = _read(opened, "config.json", _MAX_CONFIG_BYTES)
    config = _json(content)
    facts: list[tuple[str, str]] = [
        (name, str(notes[name])[:80]) for name in ("keras_version", "date_saved") if name in notes
    ]
    inside = _dictionary(config.get("config"))
    optimizer = _dictionary(_dictionary(config.get("compile_config")).get("optimizer"))
    if optimizer.get("class_name"):
        facts.append(("optimizer", str(optimizer["class_name"])[:80]))
    layers = inside.get("layers") if isinstance(inside.get("layers"), list) else []
    rows = [
        [str(inner.get("name", layer.get("name", "")))[:80], str(layer.get("class_name", ""))[:80], _layer_text(inner)]
        for layer in map(_dictionary, layers or [])
        for inner in (_dictionary(layer.get("config")),)
    ]
    weights = [name for name in names if name.endswith(".h5")]
    facts += [(name, _weights_text(source, opened, name)) for name in weights[:5]]
    if b'"Lambda"' in content or b"__lambda__" in content:
        facts.append(("! code", "contains Lambda: a layer of Python code, which loading it would run"))
    title = f"Keras {config.get('class_name', 'model')}, {len(rows):,} layer{'' if len(rows) == 1 else 's'}"
    listed = table.from_rows(("layer", "class", "of"), rows, row_count=len(rows))
    return Preview("tensors", title[:120], table=listed, facts=tuple(facts))


def _weights_text(source: Source, opened: zipfile.ZipFile, name: str) -> str:
    """Say what is in the weights of a model, if they are small enough to be read."""
    size = opened.getinfo(name).file_size
    if size > _MAX_WEIGHTS_BYTES:
        return f"{size:,} bytes of weights"
    content = _read(opened, name, _MAX_WEIGHTS_BYTES)
    inside = hdf5.look(Source(name, io.BytesIO(content), len(content), until=source.until))
    return f"{size:,} bytes, {inside.title}"


def _layer_text(config: dict[str, Any]) -> str:
    parts = []
    for name in ("units", "filters", "kernel_size", "activation", "rate", "batch_shape", "input_dim", "output_dim"):
        value = config.get(name)
        if isinstance(value, dict):
            value = _dictionary(value.get("config")).get("name", value.get("class_name"))
        if value is not None:
            parts.append(f"{name}={str(value)[:40]}")
    return ", ".join(parts)


def _json(content: bytes) -> dict[str, Any]:
    if tensors.parts_of(content) > tensors.MAX_JSON_PARTS:
        raise Unreadable("its configuration is too large to look at")
    return _dictionary(orjson.loads(content))


def _dictionary(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


_TAR_KINDS = {
    b"0": "",
    b"\0": "",
    b"5": "folder",
    b"1": "hard link",
    b"2": "link",
    b"3": "device",
    b"4": "device",
    b"6": "pipe",
}


def is_tar(head: bytes) -> bool:
    """Say whether a file begins with the header of a tar archive."""
    return len(head) >= 263 and head[257:262] == b"ustar"


def tar_file(source: Source) -> Preview:
    """List a tar archive, going from header to header."""
    rows: list[list[str]] = []
    names: list[str] = []
    place, count, total, long_name, stopped = 0, 0, 0, "", ""
    while place + _BLOCK <= source.size_bytes:
        header = source.at(place, _BLOCK)
        if not header.strip(b"\0"):
            break
        if source.is_late or count >= MAX_MEMBERS:
            stopped = f"the first {count:,} members were looked at"
            break
        size, kind = _number(header[124:136]), header[156:157]
        place += _BLOCK
        if header[257:262] != b"ustar" or size < 0:
            stopped = f"what follows member {count:,} is no member: it is damaged"
            break
        if kind in (b"L", b"x") and size <= _HEAD_BYTES and size <= source.size_bytes - place:
            long_name = _long_name(kind, source.at(place, size))
        elif kind not in (b"L", b"x", b"g", b"K"):
            name = long_name or _tar_name(header)
            long_name = ""
            count += 1
            total += size
            names.append(name[:500])
            if count <= table.MAX_ROWS:
                rows.append([name, f"{size:,}", _TAR_KINDS.get(kind, "other"), _text(header[157:257])])
        # Links and folders have no content, whatever their header claims.
        place += 0 if kind in (b"1", b"2", b"3", b"4", b"5", b"6") else -(-size // _BLOCK) * _BLOCK
    else:
        stopped = f"cut off behind member {count:,}"
    facts = [("unpacked", f"{total:,} bytes"), *outside(names)]
    if stopped:
        facts.append(("partial", stopped))
    counted = f"{'over ' if stopped else ''}{count:,}"
    title = f"tar archive, {counted} member{'' if counted == '1' else 's'}"
    if {"pickle", "tensors", "sys_info"} <= set(names):
        title += ": PyTorch's oldest form, not opened"
    listed = table.from_rows(("member", "bytes", "kind", "leads to"), rows, row_count=None if stopped else count)
    return Preview("table", title, table=listed, facts=tuple(facts))


def _number(content: bytes) -> int:
    """Read a number of a tar header: octal digits, or bytes where these are too few; -1 if it is neither."""
    if content[:1] in (b"\x80", b"\xff"):
        return int.from_bytes(content[1:], "big", signed=content[:1] == b"\xff")
    digits = content.strip(b" \0")
    return int(digits, 8) if digits.isdigit() and not digits.strip(b"01234567") else 0 if not digits else -1


def _tar_name(header: bytes) -> str:
    folder = _text(header[345:500]) if header[262:263] == b"\0" else ""
    return f"{folder}/{_text(header[:100])}" if folder else _text(header[:100])


def _long_name(kind: bytes, content: bytes) -> str:
    if kind == b"L":
        return _text(content)
    for line in content.split(b"\n"):
        _, _, pair = line.partition(b" ")
        if pair.startswith(b"path="):
            return _text(pair[5:])
    return ""


def _text(content: bytes) -> str:
    return content.split(b"\0", 1)[0].decode("utf-8", "replace")
