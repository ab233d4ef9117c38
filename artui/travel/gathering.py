"""`python -m artui.travel.gathering COPY CATALOG…`: follows catalogs that the app shows as one, until its output is closed.

Each line that it prints is JSON: how far it is, and when all that was there has come.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from artui.errors import ArtuiError
from artui.travel.union import gather

POLL_SECONDS = 1.0


def _print(**fields: object) -> None:
    print(json.dumps(fields), flush=True)


def main(arguments: Sequence[str]) -> int:
    """Gather again and again what is new; ends when nobody reads what it prints."""
    copy, *rest = arguments
    paths = [Path(word) for word in rest]
    said: object = None
    try:
        while True:
            gathered = gather(paths, Path(copy), tell=lambda done, count: _print(done_count=done, count=count))
            state = None if gathered is None else gathered.unread
            if gathered is not None and (gathered.news or state != said):
                _print(done=True, unread=list(gathered.unread))
                said = state
            else:
                _print(idle=True, done=gathered is None)
            time.sleep(POLL_SECONDS)
    except (BrokenPipeError, KeyboardInterrupt):
        return 0
    except ArtuiError as error:
        print(f"artui: {error}", file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
