"""What the user may set, and where artui keeps what belongs to the user and not to a catalog.

Settings are read from `settings.toml` in the user's config folder, and each may be overridden for one
process by an environment variable. State (which catalogs were made here, what a screen looked like) lives
in the user's state folder, copies of artifact content in the cache folder.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

from artui.errors import UsageError

PYTHON = "python"
"""A value of the setting `console`."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting with its default."""

    embed_limit_bytes: int = 64 * 1024 * 1024
    """Versions up to this size are stored inside the catalog; larger ones go to the `store`, or are referenced where they are.
    `ARTUI_EMBED_LIMIT_BYTES`."""
    store: str = ""
    """Where larger versions go: a folder, `ssh://host/path`, `s3://bucket/path` or the like, which keeps each file under
    its digest. `ARTUI_STORE`."""
    pack_days: float = 7.0
    """Where catalogs are pushed to, packs that another one replaced are removed after so many days. `ARTUI_PACK_DAYS`."""
    output: str = "changes"
    """`changes` sends only cells that changed to the terminal; `plain` leaves it all to Textual. `ARTUI_OUTPUT`."""
    mouse: bool = True
    """Whether the app listens to the mouse; off saves bytes on a slow link. `ARTUI_MOUSE`."""
    refresh_seconds: float = 1.0
    """How often an open app looks whether the catalog has changed. `ARTUI_REFRESH_SECONDS`."""
    read_only: bool = False
    """Whether catalogs are only looked at, as `--read-only` says for one call. `ARTUI_READ_ONLY`."""
    roots: tuple[str, ...] = ()
    """Folders below which files that a catalog refers to may be read, whoever made the catalog.
    `ARTUI_ROOTS`, separated by `;`."""
    console: bool | str = True
    """Whether a run keeps what its process prints; `python` keeps what Python prints, and leaves the descriptors alone
    that C and subprocesses write to. `ARTUI_CONSOLE`."""
    console_limit_bytes: int = 64 * 1024 * 1024
    """Of a longer console the middle is left out. `ARTUI_CONSOLE_LIMIT_BYTES`."""
    system_seconds: float = 10.0
    """How often use of processor, memory, disk, network and GPUs is sampled; 0 is never. `ARTUI_SYSTEM_SECONDS`."""
    code: bool = True
    """Whether a run keeps its uncommitted changes, or its sources where there is no git. `ARTUI_CODE`."""
    follow_links: str = "outside"
    """In folders that are saved, `outside` follows links wherever they lead; `inside` only those that stay within the
    folder. `ARTUI_FOLLOW_LINKS`."""
    variables: str = ""
    """More environment variables to keep with their values: names separated by commas, `*` stands for anything.
    `ARTUI_VARIABLES`."""
    quiet: bool = False
    """Whether runs end without the line on stderr that says where they are. `ARTUI_QUIET`."""
    alerts: tuple[str, ...] = ()
    """Rules about metrics of running runs, such as `val/loss rises 5 times`: the open app tells when one holds.
    `ARTUI_ALERTS`, separated by `;`."""
    alert_command: str = ""
    """A command that is run when a rule holds, without a shell; what holds is in its environment as `ARTUI_ALERT`,
    `ARTUI_ALERT_RUN`, `ARTUI_ALERT_METRIC` and `ARTUI_ALERT_VALUE`. `ARTUI_ALERT_COMMAND`."""
    deploy_command: str = ""
    """A command that is run before `artui deploy`, `rollback` or `retire --from` records anything, without a shell, and that may
    act on what serves; if it fails, nothing is recorded. What is to be done is in its environment as `ARTUI_DEPLOY_ACTION`,
    `_DEPLOYMENT`, `_VERSION`, `_ROLE`, `_SHARE`, `_REASON`, `_WHY`. `ARTUI_DEPLOY_COMMAND`."""
    theme: str = "dark"
    """`dark`, `light`, `colour-blind`, or the name of one of `themes`. Another that was chosen in the app with ctrl+t
    holds until this changes. `ARTUI_THEME`."""
    themes: Mapping[str, Any] = field(default_factory=dict)
    """Themes of your own, as tables `[themes.NAME]`: `base`, and colours for `text`, `dim`, `faint`, `accent`, `spark`,
    `good`, `bad`, `warn`, `mark`, `background`, `panel` and `cursor`, as `#rrggbb`; `curves` is a list of them."""
    charts: str = "auto"
    """What charts are drawn of: `braille`, `blocks` or `ascii`; `auto` goes by the terminal and the locale.
    `ARTUI_CHARTS`."""
    letters: str = "auto"
    """Which letters of names and texts are shown: `all`, or `certain` for those that take the same cells in every
    terminal, so that numbers beside them stand right; `auto` shows all, except in mosh and GNU screen.
    `ARTUI_LETTERS`."""
    graphics: str = "auto"
    """How a chart alone on the screen is drawn: `kitty` in pixels, by Kitty's graphics protocol, `off` in dots; `auto`
    goes by the terminal. `ARTUI_GRAPHICS`."""
    keys: Mapping[str, Any] = field(default_factory=dict)
    """Other keys for actions, by the ids that `artui keys` lists: `"runs.sort" = "f2"`, several separated by commas."""
    signers: str = ""
    """A file of allowed signers, as `ssh-keygen` has it, by which signatures of catalogs are judged; by default
    `~/.ssh/allowed_signers`, if it is there."""
    catalog: str = ""
    """The catalog to use when none is named and none is found; by default one in the user's data folder.
    `ARTUI_CATALOG` goes before the search for one."""


def config_folder() -> Path:
    """Give the folder of `settings.toml`."""
    from platformdirs import user_config_path

    return user_config_path("artui", appauthor=False)


def state_folder() -> Path:
    """Give the folder of what artui remembers for the user."""
    from platformdirs import user_state_path

    return user_state_path("artui", appauthor=False)


def cache_folder() -> Path:
    """Give the folder of what can be made again at any time."""
    from platformdirs import user_cache_path

    return user_cache_path("artui", appauthor=False)


def default_catalog() -> Path:
    """Give the catalog of last resort: the one set by the user, else `default.artui` in the data folder."""
    if chosen := load_settings().catalog:
        return Path(chosen).expanduser()
    from platformdirs import user_data_path

    return user_data_path("artui", appauthor=False) / "default.artui"


def private_folder(path: Path) -> Path:
    """Make a folder that only the user can read, if it does not exist."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def read_state(name: str) -> Any:
    """Read JSON that artui remembers for the user; None if there is none, or it cannot be read."""
    import orjson

    try:
        return orjson.loads((state_folder() / name).read_bytes())
    except (OSError, ValueError, RuntimeError):  # a user without a home
        return None


MAX_KEPT_ALERTS = 50


def kept_alerts() -> list[str]:
    """Give the rules that the user added in the app."""
    try:
        text = (state_folder() / "alerts").read_text("utf-8", "replace")
    except (OSError, RuntimeError):  # no home folder, so no state folder
        return []
    return [line for line in text.splitlines() if line.strip()][:MAX_KEPT_ALERTS]


def keep_state(name: str, value: Any) -> None:
    """Remember JSON for the user, whole or not at all. It is only a convenience, so failing to write it is ignored."""
    import orjson

    with contextlib.suppress(OSError, RuntimeError):  # a user without a home
        path = state_folder() / name
        part = path.with_name(f"{name}.{os.getpid()}")
        private_folder(path.parent)
        part.write_bytes(orjson.dumps(value))
        part.replace(path)


@cache
def load_settings() -> Settings:
    """Read the user's settings.

    Raises:
        UsageError: the file is not TOML, or a value has the wrong type; the message names it.
    """
    path = Path("settings.toml")
    try:
        path = config_folder() / path
        file_values = _toml(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError, RuntimeError):  # none, or a user without a home
        file_values = {}
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}.", remedy="Correct it, or move it away.") from error

    settings = Settings()
    for setting in fields(Settings):
        default = getattr(settings, setting.name)
        text = os.environ.get("ARTUI_" + setting.name.upper())
        if text is not None and setting.name != "catalog" and not isinstance(default, dict):
            settings = replace(settings, **{setting.name: _from_text(setting.name, text, default)})
        elif setting.name in file_values:
            settings = replace(
                settings, **{setting.name: _checked(setting.name, file_values[setting.name], default, path)}
            )
    return settings


def _toml(text: str) -> dict[str, Any]:
    import tomllib  # most users have no such file: it is not loaded for them

    return tomllib.loads(text)


def _from_text(name: str, text: str, default: Any) -> Any:
    try:
        if name == "console" and text.strip().lower() == PYTHON:
            return PYTHON
        if isinstance(default, bool):
            return text.strip().lower() not in ("0", "off", "no", "false", "")
        if isinstance(default, tuple):
            return tuple(part.strip() for part in text.split(";") if part.strip())
        return type(default)(text)
    except ValueError as error:
        raise UsageError(
            f"ARTUI_{name.upper()}={text!r} is not a {type(default).__name__}.",
            remedy="Correct it or unset it.",
        ) from error


def _checked(name: str, value: Any, default: Any, path: Path) -> Any:
    if isinstance(default, float) and isinstance(value, int):
        value = float(value)
    if isinstance(default, tuple) and isinstance(value, list) and all(isinstance(entry, str) for entry in value):
        return tuple(value)
    if name == "console" and value == PYTHON:
        return PYTHON
    if type(value) is not type(default):
        raise UsageError(
            f"{name} in {path} should be a {type(default).__name__}.", remedy="Correct it or remove the line."
        )
    return value
