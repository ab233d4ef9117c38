"""A file system for SQLite, whose files are the catalogs that lie elsewhere.

It is registered with the very SQLite that Python's `sqlite3` uses, so that connections are `sqlite3`'s own: no second
SQLite, no second gate. It opens main files of catalogs for reading, and refuses everything else.
"""

from __future__ import annotations

import atexit
import ctypes
import functools
import os
from collections.abc import Callable
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_int64, c_void_p
from typing import Any

from artui.catalog import far
from artui.errors import ArtuiError, CatalogError

NAME = "artui-far"
_MAX_PATH_BYTES = 4096
_OK, _READONLY, _IOERR_READ, _IOERR_SHORT_READ, _NOTFOUND, _CANTOPEN = 0, 8, 266, 522, 12, 14
_IOERR_DELETE, _OPEN_MAIN_DB, _OPEN_READONLY, _IMMUTABLE = 2570, 0x100, 1, 0x2000
_SECTOR_BYTES = 4096


class _File(Structure):
    """What SQLite keeps of an open file: its methods, and a number of ours."""

    _fields_ = (("methods", c_void_p), ("number", c_int64))


_CLOSE = CFUNCTYPE(c_int, POINTER(_File))
_READ = CFUNCTYPE(c_int, POINTER(_File), c_void_p, c_int, c_int64)
_WRITE = _READ
_TRUNCATE = CFUNCTYPE(c_int, POINTER(_File), c_int64)
_WITH_NUMBER = CFUNCTYPE(c_int, POINTER(_File), c_int)
_SIZE = CFUNCTYPE(c_int, POINTER(_File), POINTER(c_int64))
_RESERVED = CFUNCTYPE(c_int, POINTER(_File), POINTER(c_int))
_CONTROL = CFUNCTYPE(c_int, POINTER(_File), c_int, c_void_p)


class _Methods(Structure):
    _fields_ = (
        ("version", c_int), ("close", _CLOSE), ("read", _READ), ("write", _WRITE), ("truncate", _TRUNCATE), ("sync", _WITH_NUMBER),
        ("size", _SIZE), ("lock", _WITH_NUMBER), ("unlock", _WITH_NUMBER), ("is_reserved", _RESERVED), ("control", _CONTROL),
        ("sector_bytes", _CLOSE), ("traits", _CLOSE),
    )  # fmt: skip


_OPEN = CFUNCTYPE(c_int, c_void_p, c_void_p, POINTER(_File), c_int, POINTER(c_int))
_DELETE = CFUNCTYPE(c_int, c_void_p, c_char_p, c_int)
_ACCESS = CFUNCTYPE(c_int, c_void_p, c_char_p, c_int, POINTER(c_int))
_FULL_PATH = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_void_p)


class _Vfs(Structure):
    _fields_ = (
        ("version", c_int), ("file_bytes", c_int), ("max_path_bytes", c_int), ("next", c_void_p), ("name", c_char_p), ("data", c_void_p),
        ("open", _OPEN), ("delete", _DELETE), ("access", _ACCESS), ("full_path", _FULL_PATH),
        ("dl_open", c_void_p), ("dl_error", c_void_p), ("dl_symbol", c_void_p), ("dl_close", c_void_p),
        ("randomness", c_void_p), ("sleep", c_void_p), ("time", c_void_p), ("last_error", c_void_p),
    )  # fmt: skip


_views: dict[int, far.View] = {}
"""The states that open files show, by number."""


@functools.cache
def register() -> None:
    """Make SQLite know this file system.

    Raises:
        CatalogError: Python's SQLite cannot be reached, as where it was built without names for others.
    """
    try:
        library = _library()
    except (ImportError, OSError, AttributeError):
        raise CatalogError(
            "This Python's SQLite cannot read a catalog that lies elsewhere.",
            remedy="Copy the catalog here, or use a Python that shares its SQLite, as those of most systems do.",
        ) from None
    # Randomness, sleep and time are those of the system's own.
    usual = ctypes.cast(library.sqlite3_vfs_find(None), POINTER(_Vfs)).contents
    methods = _Methods(
        1, _CLOSE(_close), _READ(_read), _WRITE(_refuse), _TRUNCATE(_refuse), _WITH_NUMBER(_agree), _SIZE(_size),
        _WITH_NUMBER(_agree), _WITH_NUMBER(_agree), _RESERVED(_is_reserved), _CONTROL(_control), _CLOSE(_sector_bytes), _CLOSE(_traits),
    )  # fmt: skip
    vfs = _Vfs(
        version=1, file_bytes=ctypes.sizeof(_File), max_path_bytes=_MAX_PATH_BYTES, name=NAME.encode(), open=_OPEN(_opening(methods)),
        delete=_DELETE(lambda *_: _IOERR_DELETE), access=_ACCESS(_access), full_path=_FULL_PATH(_full_path),
        randomness=usual.randomness, sleep=usual.sleep, time=usual.time,
    )  # fmt: skip
    for ours in (methods, vfs):
        # For ever: connections that nobody closed are closed after the last of this module is gone.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(ours))
    atexit.register(_let_go, methods, library)
    if library.sqlite3_vfs_register(ctypes.byref(vfs), 0) != _OK:
        raise CatalogError("SQLite takes no file system of artui's.", remedy="Copy the catalog here.")


def _library() -> Any:
    """Give the SQLite that Python's `sqlite3` is linked to: another one would not know our connections."""
    import _sqlite3

    try:
        library: Any = ctypes.CDLL(_sqlite3.__file__)  # names of what it is linked to are found through it
        library.sqlite3_vfs_find  # noqa: B018
    except (AttributeError, OSError):  # built in, or on Windows, where it lies beside it
        library = ctypes.CDLL("sqlite3.dll" if os.name == "nt" else None)
    library.sqlite3_libversion.restype = c_char_p
    import sqlite3

    if library.sqlite3_libversion().decode() != sqlite3.sqlite_version:
        raise OSError("another SQLite")
    library.sqlite3_vfs_find.restype = c_void_p
    library.sqlite3_vfs_find.argtypes = (c_char_p,)
    return library


def _let_go(methods: _Methods, library: Any) -> None:
    """Let SQLite's own function, which does nothing here and says that all is well, end what is still open: Python ends."""
    nothing = ctypes.cast(library.sqlite3_release_memory, c_void_p)
    for name, kind in (("close", _CLOSE), ("unlock", _WITH_NUMBER), ("lock", _WITH_NUMBER)):
        setattr(methods, name, ctypes.cast(nothing, kind))


def _opening(methods: _Methods) -> Callable[..., int]:
    address = ctypes.addressof(methods)

    def opened(_vfs: int, name: int | None, file: Any, flags: int, flags_out: Any) -> int:
        file.contents.methods = None
        path = ctypes.string_at(name) if name and flags & _OPEN_MAIN_DB else b""
        there = far.far_at(os.fsdecode(path)) if path else None
        if there is None:
            return _CANTOPEN
        try:
            view = there.view()
        except ArtuiError as trouble:
            far.note_trouble(trouble)
            return _IOERR_READ
        number = ctypes.addressof(file.contents)
        _views[number] = view
        file.contents.number, file.contents.methods = number, address
        if flags_out:
            flags_out[0] = (flags & ~0x6) | _OPEN_READONLY
        return _OK

    return opened


def _close(file: Any) -> int:
    _views.pop(file.contents.number, None)
    return _OK


def _read(file: Any, buffer: int, count: int, offset: int) -> int:
    try:
        content = _views[file.contents.number].read(offset, count)
    except ArtuiError as trouble:
        far.note_trouble(trouble)
        return _IOERR_READ
    except Exception as error:  # noqa: BLE001 - nothing may be raised into SQLite
        far.note_trouble(CatalogError(f"It cannot be read: {ascii(str(error))[:200]}.", remedy="Try again."))
        return _IOERR_READ
    ctypes.memmove(buffer, content, len(content))
    if len(content) == count:
        return _OK
    ctypes.memset(buffer + len(content), 0, count - len(content))
    return _IOERR_SHORT_READ


def _size(file: Any, size: Any) -> int:
    size[0] = _views[file.contents.number].size_bytes
    return _OK


def _access(_vfs: int, _name: bytes, _flags: int, answer: Any) -> int:
    # Neither a journal nor a `-wal` lies beside it.
    answer[0] = 0
    return _OK


def _full_path(_vfs: int, name: int, size: int, out: int) -> int:
    path = ctypes.string_at(name)
    if len(path) >= size:
        return _CANTOPEN
    ctypes.memmove(out, path + b"\0", len(path) + 1)
    return _OK


def _refuse(*_: Any) -> int:
    return _READONLY


def _agree(*_: Any) -> int:
    return _OK


def _is_reserved(_file: Any, answer: Any) -> int:
    answer[0] = 0
    return _OK


def _control(*_: Any) -> int:
    return _NOTFOUND


def _sector_bytes(_file: Any) -> int:
    return _SECTOR_BYTES


def _traits(_file: Any) -> int:
    return _IMMUTABLE
