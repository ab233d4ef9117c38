"""What is taken out of a copy of a catalog before it is given away: who, where, how and what was said, class by class.

Names of people, hosts and folders are replaced alike wherever they stand (`user-1`, `host-2`, `~`), so that what was made
by one person, or on one host, can still be told. Ids and digests stay, so that the copy can be merged with the catalog
that it was made of. Each row that was changed says that it is a moment older than it was, and each entry of the journal
that it was redacted in a copy: in a merge they lose to what is whole.
"""

from __future__ import annotations

import io
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import orjson

from artui.catalog import blobs, cells, events, rewriting
from artui.catalog.collecting import remove_all_unnamed
from artui.catalog.fields import state_of
from artui.catalog.forgetting import index_again
from artui.catalog.merging.changes import LEFT_OUT
from artui.errors import CatalogDamaged, UsageError
from artui.model.deployments import release_of
from artui.near import did_you_mean
from artui.secrets import Redactor

Tell = Callable[[str, int, int], None]

CLASSES: Mapping[str, str] = MappingProxyType({
    "user": "who logged, changed and approved: user-1",
    "host": "hosts, addresses and where URLs lead: host-1",
    "paths": "homes become ~ and folders /folder-1; names of files stay",
    "env": "environment variables, job and container; lists of packages, with their files",
    "diff": "sources and uncommitted changes that were kept, and the address of the repository",
    "argv": "command lines",
    "notes": "notes, incidents, and reasons in the journal",
    "logs": "what was printed",
    "previews": "rows and values of files that are kept for looking at them",
})  # fmt: skip
"""By class: what it takes out."""
_CONTEXTS = {"env": ("variables", "job", "container", "hardware", "packages")}
_KINDS = {"env": ("environment",), "diff": ("code",), "logs": ("log",)}
"""By class, the kinds of artifacts whose bytes and previews stay back."""
_CODE_FACTS = frozenset({"commit", "branch", "is_dirty", "dirty"})
_GENERIC = frozenset({
    "root", "user", "users", "admin", "administrator", "ubuntu", "debian", "centos", "ec2-user", "jovyan", "runner", "nobody", "docker", "vagrant",
    "localhost", "localdomain", "unknown", "home", "test", "guest", "host", "server", "worker", "node", "master", "main", "data", "model", "train",
    "local", "vm",
})  # fmt: skip
"""Names that reveal nobody, and would be found in what has nothing to do with them."""
_LEAST_CHARS = 3
_LEAST_SECRET_CHARS = 8
_SYSTEM_FOLDERS = ("/usr/", "/bin/", "/lib/", "/lib64/", "/sbin/", "/proc/", "/dev/", "/sys/", "/etc/")
_URL = re.compile(r"\b(?P<scheme>[a-z][a-z0-9+.\-]{1,15})://(?P<rest>[^\s\"'<>\\`|]*)", re.IGNORECASE)
_REMOTE = re.compile(r"\b[\w.\-]+@[\w\-]+(?:\.[\w\-]+)*:[\w./~\-]+")
_MAIL = re.compile(r"\b(?P<user>[\w.+\-]+)@(?P<host>[\w\-]+(?:\.[\w\-]+)+)\b")
_ADDRESS = re.compile(r"(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w.])")
_HOME = re.compile(r"(?:/home/|/Users/|/var/home/)(?P<user>[^\s/\"'<>|:;,()\[\]{}\\]+)|[A-Za-z]:(?:\\{1,2}|/)Users(?:\\{1,2}|/)(?P<other>[^\s/\"'<>|:;,()\[\]{}\\]+)")  # fmt: skip
_PATH = re.compile(
    r"(?<![\w.~/\-:])(?P<folder>(?:~|/[^\s/\"'<>|:;,()\[\]{}\\]+)(?:/[^\s/\"'<>|:;,()\[\]{}\\]+)*)/(?P<name>[^\s/\"'<>|:;,()\[\]{}\\]*)"
)
_DRIVE = re.compile(r"(?<!\w)(?P<folder>[A-Za-z]:(?:\\{1,2}[^\s\\\"'<>|:;,/]+)*)\\{1,2}(?P<name>[^\s\\\"'<>|:;,/]*)")
_INSTALLATION = re.compile(r"[0-9a-f]*\Z")
_IS_PATH = re.compile(r"~?/|[A-Za-z]:\\")
_MADE = re.compile(r"/folder-\d+\Z")
_TEXT_BYTES = 16 << 20
"""So much of a stored file is searched for secrets; for names it is searched whole."""
_SCAN_BYTES = 1 << 20
_KEYS_AT_ONCE = 500
_PACKED_HEADS = (
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ",
    b"\x28\xb5\x2f\xfd",
    b"PAR1",
    b"ARROW1",
    b"\x89HDF",
    b"\x80\x02",
    b"\x80\x04",
    b"\x80\x05",
)
"""How files begin whose content is packed: names in them are not seen."""


@dataclass(frozen=True, slots=True)
class Redacted:
    """What was taken out of a copy."""

    classes: tuple[str, ...]
    people: int
    hosts: int
    folders: int
    cells: Mapping[str, int]
    """By table, how many rows were changed or taken out."""
    secrets: int
    """Texts that look like secrets and had come into the catalog all the same."""
    content: tuple[tuple[str, str], ...]
    """Files whose bytes stay back, with why: `name:v1/path`, `its kind`."""
    not_searched: int
    """Files whose content is packed, so that names in it cannot be seen; they go out."""


def classes_of(words: str) -> frozenset[str]:
    """Read classes as they are typed: `paths,host`; all for an empty text.

    Raises:
        UsageError: there is no such class.
    """
    named = [word.strip() for word in words.split(",") if word.strip()]
    for word in named:
        if word not in CLASSES and word != "all":
            raise UsageError(
                f"There is no class {word!a} of what is redacted.",
                remedy=f"{did_you_mean(word, CLASSES)} There are: {', '.join(CLASSES)}.".strip(),
            )
    return frozenset(CLASSES if not named or "all" in named else named)


def redact(
    connection: sqlite3.Connection,
    classes: Collection[str],
    *,
    catalog_id: str,
    tell: Tell | None = None,
    called: dict[str, dict[str, str]] | None = None,
) -> Redacted:
    """Take classes of facts out of a catalog that is a copy, within a transaction of it.

    What was written over is gone from its pages only once the file is written anew.

    Args:
        catalog_id: of the catalog that it is a copy of.
        tell: told how far it is.
        called: what people, hosts and folders were called in earlier copies, each by its kind; new ones are added.
    """
    work = _Work(connection, frozenset(classes), Redactor(catalog_id), tell, {} if called is None else called)
    work.take_whole_cells()
    work.keep_content_back()
    work.replace_texts()
    remove_all_unnamed(connection)
    index_again(connection)
    made = work.redacted()
    events.record(
        connection, action=rewriting.SHARE, subject="catalog", subject_id=catalog_id, before=None, after={"redacted": list(made.classes)},
        when=events.moment(connection, work.names.person(events.author())),
    )  # fmt: skip
    for name, column in (("user", "user"), ("host", "host"), ("paths", "place")):
        if name in classes:
            connection.execute(f"UPDATE origin SET {column} = ''")
    for key, installation in connection.execute("SELECT key, installation FROM origin").fetchall():
        if not _INSTALLATION.match(cells.text(installation)):
            connection.execute("UPDATE origin SET installation = '' WHERE key = ?", (key,))
    return made


@dataclass(frozen=True, slots=True)
class Suspect:
    """A text that looks like a secret, and had come into a catalog all the same."""

    table: str
    column: str
    name: str
    """Of the run, version or artifact that it is said of; may be empty."""
    kind: str
    """What it looks like: `github-token` …"""


MOST_SUSPECTS = 1_000
_SEARCHED = {
    "run": ("name", "command", "note", "error", "directory"), "param": ("text",), "tag": ("value",), "context": ("content",), "artifact": ("name", "note"),
    "version": ("note", "location", "metadata"), "preview": ("content",), "fact": ("value",), "event": ("before", "after", "why"), "saved_view": ("content",),
}  # fmt: skip
_MARKED = re.compile(r"<redacted:([a-z0-9\-]+):[0-9a-f]{4}>|redacted-([a-z0-9\-]+)-[0-9a-f]{4}")
_OWNER = {
    "param": "SELECT name FROM run WHERE key = ?", "tag": "SELECT name FROM run WHERE key = ?", "context": "SELECT name FROM run WHERE key = ?",
    "preview": "SELECT a.name || ':v' || v.number FROM version AS v JOIN artifact AS a ON a.key = v.artifact_key WHERE v.key = ?",
    "version": "SELECT name FROM artifact WHERE key = ?", "fact": "SELECT name FROM artifact WHERE key = ?",
}  # fmt: skip
"""By table, what its first key leads to."""


def suspects(connection: sqlite3.Connection, *, catalog_id: str) -> list[Suspect]:
    """Look for secrets once more in all texts that people and programs wrote, as before a catalog is given away."""
    redactor = Redactor(catalog_id)
    found: list[Suspect] = []
    for table, columns in _SEARCHED.items():
        key = {
            "run": "name",
            "artifact": "name",
            "version": "artifact_key",
            "event": "action",
            "saved_view": "name",
        }.get(table, "version_key" if table == "preview" else "artifact_key" if table == "fact" else "run_key")
        for owner, *texts in sqlite3.Cursor(connection).execute(f"SELECT {key}, {', '.join(columns)} FROM {table}"):
            for column, text in zip(columns, texts, strict=True):
                if not isinstance(text, str) or len(text) < _LEAST_SECRET_CHARS:
                    continue
                clean = redactor.text(text)
                if clean == text or len(found) >= MOST_SUSPECTS:
                    continue
                before = {match[0] for match in _MARKED.finditer(text)}
                kinds = [match[1] or match[2] for match in _MARKED.finditer(clean) if match[0] not in before]
                row = connection.execute(_OWNER[table], (owner,)).fetchone() if table in _OWNER else (owner,)
                found.append(
                    Suspect(table, column, cells.text(row[0]) if row is not None else "", (kinds or ["secret"])[0])
                )
    return found


class _Names:
    """What people, hosts and folders are called in the copy."""

    def __init__(
        self, connection: sqlite3.Connection, classes: frozenset[str], called: dict[str, dict[str, str]]
    ) -> None:
        self._classes = classes
        self.users, self.hosts, self.folders = (called.setdefault(kind, {}) for kind in ("users", "hosts", "folders"))
        self._places: set[str] = set()
        """Folders that the catalog names as such, as they are called."""
        self._gather(connection)
        words = {
            **(self.users if "user" in classes else {}),
            **(self.hosts if "host" in classes else {}),
        }
        told = {word: new for word, new in words.items() if len(word) >= _LEAST_CHARS and word.lower() not in _GENERIC}
        self.words = {spelling: new for word, new in told.items() for spelling in _spellings(word)}
        self._word = _any_of(self.words)

    def _gather(self, connection: sqlite3.Connection) -> None:
        """Find who and where there is, the most frequent ones first."""
        users: Counter[str] = Counter()
        hosts: Counter[str] = Counter()
        for query, found in (
            ("SELECT user, count(*) FROM run GROUP BY user", users), ("SELECT host, count(*) FROM run GROUP BY host", hosts),
            ("SELECT host, count(*) FROM version GROUP BY host", hosts), ("SELECT user, 0 FROM origin", users), ("SELECT host, 0 FROM origin", hosts),
        ):  # fmt: skip
            for word, count in connection.execute(query):
                found[cells.text(word)] += cells.integer(count)
        for query in (
            "SELECT author, count(*) FROM event GROUP BY author", "SELECT author, count(*) FROM edit GROUP BY author",
            "SELECT author, count(*) FROM saved_view GROUP BY author", "SELECT author, count(*) FROM removal GROUP BY author",
        ):  # fmt: skip
            for author, count in connection.execute(query):
                user, _, host = cells.text(author).rpartition("@")
                users[user or host] += cells.integer(count)
                hosts[host if user else ""] += cells.integer(count)
        for (after,) in connection.execute("SELECT after FROM event WHERE action = 'release'"):
            # Who approved a release may have changed nothing.
            if (release := release_of(state_of(after))) is not None:
                users.update(re.split(r"\s*[,;&]\s*|@", release.approved_by)[:1])
        for query in ("SELECT directory FROM run", "SELECT command FROM run", "SELECT location FROM version", "SELECT place FROM origin", "SELECT content FROM context"):  # fmt: skip
            for (text,) in connection.execute(f"SELECT DISTINCT t.* FROM ({query}) AS t"):
                users.update(match["user"] or match["other"] for match in _HOME.finditer(cells.text(text)))
        for query in ("SELECT DISTINCT directory FROM run", "SELECT DISTINCT location FROM version"):
            self._places.update(
                place
                for (cell,) in connection.execute(query)
                if (place := cells.text(cell)).count("/") > 1 and "://" not in place
            )
        for host in list(hosts):
            if "." in host and not _ADDRESS.fullmatch(host):
                hosts[host.partition(".")[0]] += 0
        for word, _ in sorted(users.items(), key=lambda item: (-item[1], item[0])):
            self.user(word)
        for word, _ in sorted(hosts.items(), key=lambda item: (-item[1], item[0])):
            self.host(word)

    def user(self, word: str) -> str:
        return self.users.setdefault(word, f"user-{len(self.users) + 1}") if word else ""

    def host(self, word: str) -> str:
        return self.hosts.setdefault(word, f"host-{len(self.hosts) + 1}") if word else ""

    def folder(self, path: str) -> str:
        return self.folders.setdefault(path, f"/folder-{len(self.folders) + 1}")

    def person(self, author: str) -> str:
        """Give an author, `user@host`, as they are called in the copy."""
        user, at, host = author.rpartition("@")
        if not at:
            return self.user(author) if "user" in self._classes else author
        user = self.user(user) if "user" in self._classes else user
        return f"{user}@{self.host(host) if 'host' in self._classes else host}"

    def text(self, text: str) -> str:
        """Replace whoever, and whatever place, is named in a text."""
        has_hosts, has_paths = "host" in self._classes, "paths" in self._classes
        if has_hosts and ("://" in text or "@" in text):
            text = _URL.sub(self._url, text)
            text = _REMOTE.sub(lambda match: f"git@{self.host(match[0].partition('@')[2].partition(':')[0])}:…", text)
            text = _MAIL.sub(lambda match: f"{self.user(match['user'])}@{self.host(match['host'])}", text)
        if has_paths and ("/" in text or "\\" in text):
            text = _HOME.sub("~", text)
            text = _PATH.sub(self._path, text)
            text = _DRIVE.sub(self._path, text)
        elif "user" in self._classes and ("/" in text or "\\" in text):
            text = _HOME.sub(self._other_home, text)
        if self._word is not None:
            text = self._word.sub(lambda match: self.words[match[0]] if match[0] in self.words else self.words.get(match[0].lower(), match[0]), text)  # fmt: skip
        if has_hosts and "." in text:
            text = _ADDRESS.sub(
                lambda match: match[0] if match[0] in ("127.0.0.1", "0.0.0.0") else self.host(match[0]), text
            )
        return text

    def place(self, path: str) -> str:
        """Give a folder, or a file, that the catalog names as such."""
        text = self.text(path)
        if "paths" not in self._classes or "://" in path or text in ("", "~") or _MADE.match(text):
            return text
        name = text.rstrip("/").rpartition("/")[2]
        return text if "." in name.strip(".") or not _IS_PATH.match(text) else self.folder(_HOME.sub("~", path))

    def _url(self, match: re.Match[str]) -> str:
        place, _, path = match["rest"].partition("/")
        host = place.rpartition("@")[2].partition("?")[0]
        name = path.partition("?")[0].partition("#")[0].rstrip("/").rpartition("/")[2]
        if match["scheme"].lower() == "file" or not host:
            return f"{match['scheme']}://{self._path_text('/' + path) if path else ''}"
        if re.fullmatch(r"host-\d+", host):
            return match[0]
        shown = f"{match['scheme']}://{self.host(host)}"
        return f"{shown}/…/{name}" if name else shown

    def _path_text(self, text: str) -> str:
        return _PATH.sub(self._path, _HOME.sub("~", text))

    def _path(self, match: re.Match[str]) -> str:
        folder = match["folder"]
        if folder == "~" or _MADE.match(folder) or f"{folder}/".startswith(_SYSTEM_FOLDERS):
            return match[0]
        return f"{self.folder(folder)}/{match['name']}"

    def _other_home(self, match: re.Match[str]) -> str:
        user = match["user"] or match["other"]
        return match[0][: -len(user)] + self.user(user)

    def needles(self) -> list[bytes]:
        """Give what must not be in bytes that go out: people, hosts, homes and folders."""
        texts = [word for word in self.words if not word.isascii() or "\\" not in word]
        if "paths" in self._classes:
            texts += self._places
        made: list[bytes] = []
        for text in texts:
            made += [text.encode("utf-8", "backslashreplace"), text.encode("utf-16-le", "backslashreplace")]
        return made


def _spellings(word: str) -> set[str]:
    """Give a word as it may stand in a cell: as it is, in lower case, and in JSON."""
    return {word, word.lower(), orjson.dumps(word).decode()[1:-1], word.encode("ascii", "backslashreplace").decode()}


def _any_of(words: Collection[str]) -> re.Pattern[str] | None:
    if not words:
        return None
    listed = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    return re.compile(rf"(?<![A-Za-z0-9])(?:{listed})(?![A-Za-z0-9])", re.IGNORECASE)


class _Work:
    def __init__(
        self,
        connection: sqlite3.Connection,
        classes: frozenset[str],
        redactor: Redactor,
        tell: Tell | None,
        called: dict[str, dict[str, str]],
    ) -> None:
        self._connection = connection
        self._classes = classes
        self._redactor = redactor
        self._tell = tell
        self._cells: Counter[str] = Counter()
        self._content: list[tuple[str, str]] = []
        self._not_searched = 0
        self._secrets = 0
        self.names = _Names(connection, classes, called)

    def redacted(self) -> Redacted:
        return Redacted(
            tuple(name for name in CLASSES if name in self._classes), len(self.names.users) if "user" in self._classes else 0,
            len(self.names.hosts) if "host" in self._classes else 0, len(self.names.folders), dict(self._cells), self._secrets, tuple(self._content),
            self._not_searched,
        )  # fmt: skip

    # Cells that go as a whole

    def take_whole_cells(self) -> None:
        """Empty what is of a class as a whole, and drop what is kept for looking at files."""
        if "argv" in self._classes:
            self._empty("run", "command", "[]")
        if "notes" in self._classes:
            for table in ("run", "version", "artifact"):
                self._empty(table, "note")
            self._do(
                "event",
                f"UPDATE event SET before = NULL, after = NULL, is_redacted = {LEFT_OUT} WHERE action IN ('note', 'incident') AND is_redacted = 0",
            )
            self._do(
                "event", f"UPDATE event SET why = '', is_redacted = {LEFT_OUT} WHERE why <> '' AND is_redacted = 0"
            )
        for name in (name for each in self._classes for name in _CONTEXTS.get(each, ())):
            self._do("context", "DELETE FROM context WHERE name = ?", name)
        if "diff" in self._classes:
            self._strip_code()
        if "previews" in self._classes:
            self._do("preview", "DELETE FROM preview")
            self._do("profile", "DELETE FROM profile")
        # Where stores of other tools lie, and what was left of them.
        self._do("imported", "DELETE FROM imported")
        self._do("merged", "DELETE FROM merged")

    def _empty(self, table: str, column: str, empty: str = "") -> None:
        stamp = ", stamp = coalesce(stamp, 0) - 1" if table in rewriting.STAMPED else ""
        self._do(table, f"UPDATE {table} SET {column} = '{empty}'{stamp} WHERE {column} NOT IN ('', '[]')")

    def _do(self, table: str, statement: str, *values: Any) -> None:
        count = self._connection.execute(statement, values).rowcount
        if count > 0:
            self._cells[table] += count

    def _strip_code(self) -> None:
        for run_key, content in self._connection.execute(
            "SELECT run_key, content FROM context WHERE name = 'code'"
        ).fetchall():
            facts = cells.object_of(content) or {}
            kept = {name: value for name, value in facts.items() if name in _CODE_FACTS}
            if kept != facts:
                self._do(
                    "context", "UPDATE context SET content = ?, stamp = coalesce(stamp, 0) - 1 WHERE run_key = ? AND name = 'code'",
                    orjson.dumps(kept).decode(), run_key,
                )  # fmt: skip

    # Bytes

    def keep_content_back(self) -> None:
        """Take the bytes out of files of some kinds, and of all that name people, hosts, folders or secrets."""
        kinds = {kind: each for each in self._classes for kind in _KINDS.get(each, ())}
        needles = self.names.needles()
        homes = (
            [] if "paths" not in self._classes else [b"/home/", b"/Users/", b"\\Users\\", "/home/".encode("utf-16-le")]
        )
        rows = self._connection.execute(
            "SELECT f.version_key, f.path, f.blob_key, a.kind, a.name, v.number, b.size_bytes FROM file AS f JOIN version AS v ON v.key = f.version_key "
            "JOIN artifact AS a ON a.key = v.artifact_key JOIN blob AS b ON b.key = f.blob_key ORDER BY f.version_key, f.path"
        ).fetchall()
        why_of: dict[int, str | None] = {}
        for done, (version_key, path, blob_key, kind, name, number, _) in enumerate(rows, 1):
            why = f"of kind {cells.text(kind)}" if kind in kinds else None
            if why is None:
                if blob_key not in why_of:
                    why_of[blob_key] = self._why_not(blob_key, needles, homes)
                why = why_of[blob_key]
            if why is not None:
                self._connection.execute(
                    "UPDATE file SET blob_key = NULL WHERE version_key = ? AND path = ?", (version_key, path)
                )
                self._content.append((f"{cells.text(name)}:v{cells.integer(number)}/{cells.text(path)}", why))
            if self._tell is not None:
                self._tell("files searched", done, len(rows))
        for kind in kinds:
            for table in ("preview", "profile"):
                self._do(
                    table,
                    f"DELETE FROM {table} WHERE version_key IN (SELECT v.key FROM version AS v JOIN artifact AS a ON a.key = v.artifact_key WHERE a.kind = ?)",
                    kind,
                )
        remove_all_unnamed(self._connection)

    def _why_not(self, blob_key: int, needles: Sequence[bytes], homes: Sequence[bytes]) -> str | None:
        try:
            stream = io.BufferedReader(blobs.BlobStream(self._connection, blob_key), _SCAN_BYTES)
            head = stream.read(_TEXT_BYTES)
        except CatalogDamaged:
            return "its content is damaged"
        if head.startswith(_PACKED_HEADS):
            self._not_searched += 1
        longest = max((len(needle) for needle in (*needles, *homes)), default=0)
        window, is_first = head, True
        while window:
            lower = window.lower()
            if any(needle in window or needle.lower() in lower for needle in needles):
                return "it names a person, a host or a folder"
            if any(home in window for home in homes):
                return "it names a home folder"
            if is_first and b"\0" not in head[:4096]:
                text = head.decode("utf-8", "replace")
                if self._redactor.text(text) != text:
                    self._secrets += 1
                    return "it holds what looks like a secret"
            is_first = False
            try:
                more = stream.read(_SCAN_BYTES)
            except CatalogDamaged:
                return "its content is damaged"
            window = window[-longest:] + more if more and longest else more
        return None

    # Texts

    def replace_texts(self) -> None:
        """Replace what is named in every text of every table."""
        connection = self._connection
        touched: set[int] = set()
        for table, columns in rewriting.tables(connection).items():
            if table in ("catalog", "spool", "chunk", "blob", "blob_chunk", "block", "edge", "origin"):
                continue
            for row, changed in self._to_change(table, columns):
                rewriting.touch_sealed(connection, table, row[columns.index("key")] if "key" in columns else None)
                rewriting.update(connection, table, columns, row, changed)
                self._cells[table] += 1
                if table == "file":
                    touched.add(int(row[columns.index("version_key")]))
        rewriting.digest_again(connection, touched)

    def _to_change(self, table: str, columns: Sequence[str]) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
        """Give the rows of a table in which something is replaced, with what; a bounded number is in memory."""
        by = columns[0]
        if by != "key" and not by.endswith("_key"):
            parts: Iterable[tuple[str, tuple[int, ...]]] = [("", ())]
        else:
            last = cells.integer(self._connection.execute(f'SELECT max("{by}") FROM "{table}"').fetchone()[0])
            parts = (
                (f' WHERE "{by}" >= ? AND "{by}" < ?', (start, start + _KEYS_AT_ONCE))
                for start in range(0, last + 1, _KEYS_AT_ONCE)
            )
        for where, values in parts:
            rows = sqlite3.Cursor(self._connection).execute(f'SELECT * FROM "{table}"{where}', values).fetchall()
            for row in rows:
                if changed := self._changed(table, columns, row):
                    yield row, changed

    def _changed(self, table: str, columns: Sequence[str], row: Sequence[Any]) -> dict[str, Any]:
        changed: dict[str, Any] = {}
        for column, value in zip(columns, row, strict=True):
            if not isinstance(value, str) or not value or rewriting.ID.match(value):
                continue
            if value in rewriting.OURS.get((table, column), ()):
                continue
            new = self._text(table, column, value)
            if new != value:
                changed[column] = new
        if changed and table == "event":
            if row[columns.index("is_redacted")] == 0:
                changed["is_redacted"] = LEFT_OUT
        elif changed and table in rewriting.STAMPED:
            changed["stamp"] = cells.integer(row[columns.index("stamp")]) - 1
        elif changed and table == "edit":
            # In a merge the larger text counts; nobody takes back what they did elsewhere.
            changed = dict.fromkeys(changed, "")
        elif changed and table == "saved_view":
            changed["changed_ms"] = cells.integer(row[columns.index("changed_ms")]) - 1
        return changed

    def _text(self, table: str, column: str, value: str) -> str:
        if column == "author":
            return self.names.person(value)
        if (table, column) == ("run", "user"):
            return self.names.user(value) if "user" in self._classes else value
        if column == "host":
            return self.names.host(value) if "host" in self._classes else value
        if column in ("directory", "location"):
            return self.names.place(self._redactor.text(value))
        return self.names.text(self._redactor.text(value))
