"""What each status of a run is in the catalog."""

from __future__ import annotations

from artui.model import HEARTBEAT_GONE_MS, HEARTBEAT_LOST_MS

STATUS_CONDITIONS = {
    "running": "t.status <> 1 AND t.status = 0 AND t.heartbeat_ms >= :since",
    "finished": "t.status = 1",
    "failed": "t.status = 2",
    "killed": "t.status = 3 OR (t.status <> 1 AND t.status = 0 AND t.heartbeat_ms < :gone)",
    "lost": "t.status <> 1 AND t.status = 0 AND t.heartbeat_ms < :since AND t.heartbeat_ms >= :gone",
}
"""SQL for each status: a running run without a heartbeat is lost, and later counts as killed."""


def status_times(now_ms: int) -> dict[str, int]:
    """Give the values that STATUS_CONDITIONS need."""
    return {"since": now_ms - HEARTBEAT_LOST_MS, "gone": now_ms - HEARTBEAT_GONE_MS}
