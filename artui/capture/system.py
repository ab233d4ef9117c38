"""A run's use of the machine, sampled with psutil and NVML in a separate thread.

The pause between samples grows until sampling costs less than half a percent of one core. Names are under
`system/`, with their unit at the end; steps are seconds since sampling began.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from typing import Any

from artui.capture.environment import has_nvidia_driver
from artui.capture.warn import guarded_silently
from artui.foreign import answer_of, attempt

FIRST_SECONDS = 1.0
COST_SHARE = 0.005
_MEGA = 1_000_000.0


class Sampler:
    """Samples until it is stopped. `write` takes the values and a step in seconds."""

    def __init__(
        self, write: Callable[[dict[str, float], int], None], *, seconds: float, folder: str, pid: int | None = None
    ) -> None:
        self._write = write
        self._seconds = max(0.1, seconds)
        self._folder = folder or "/"
        self._pid = pid or os.getpid()
        self._stop = threading.Event()
        self._began = time.monotonic()
        self._thread = threading.Thread(target=self._work, name="artui-system", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop sampling, and wait a moment for the sample that is being taken."""
        self._stop.set()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=2)

    def _work(self) -> None:
        probe = answer_of(Probe, self._pid, self._folder, default=None)
        if probe is None:
            return  # psutil does not know this system
        pause = min(FIRST_SECONDS, self._seconds)
        with contextlib.closing(probe):
            while not self._stop.wait(pause):
                began = time.thread_time()
                with guarded_silently():
                    self._write(probe.sample(), round(time.monotonic() - self._began))
                cost = time.thread_time() - began
                pause = max(self._seconds, cost / COST_SHARE)


class Probe:
    """Reads the counters of the host, of a process with all its children, and of the GPUs."""

    def __init__(self, pid: int, folder: str) -> None:
        import psutil

        self._psutil = psutil
        self._folder = folder
        self._process = psutil.Process(pid)
        self._before: dict[str, tuple[float, float]] = {}
        self._processor_seconds: dict[tuple[int, float], float] = {}
        psutil.cpu_percent()
        self._gpus = _Gpus()
        self._rates()
        self._tree()

    def close(self) -> None:
        """Release the driver of the GPUs."""
        self._gpus.close()

    def sample(self) -> dict[str, float]:
        """Read all values; rates are means since the last sample."""
        psutil = self._psutil
        memory = psutil.virtual_memory()
        values: dict[str, float] = {
            "system/cpu_percent": psutil.cpu_percent(),
            "system/memory_percent": memory.percent,
            "system/memory_used_mb": (memory.total - memory.available) / _MEGA,
        }
        with contextlib.suppress(OSError):
            values["system/disk_used_percent"] = psutil.disk_usage(self._folder).percent
        values |= self._rates()
        values |= self._tree()
        values |= self._gpus.sample()
        return values

    def _rates(self) -> dict[str, float]:
        values: dict[str, float] = {}
        attempt(self._add_disk_rates, values)
        attempt(self._add_network_rates, values)
        return values

    def _add_disk_rates(self, values: dict[str, float]) -> None:
        if (disk := self._psutil.disk_io_counters()) is not None:
            self._rate(values, "system/disk_read_mb_per_s", disk.read_bytes / _MEGA)
            self._rate(values, "system/disk_written_mb_per_s", disk.write_bytes / _MEGA)

    def _add_network_rates(self, values: dict[str, float]) -> None:
        if (network := self._psutil.net_io_counters()) is not None:
            self._rate(values, "system/network_sent_mb_per_s", network.bytes_sent / _MEGA)
            self._rate(values, "system/network_received_mb_per_s", network.bytes_recv / _MEGA)

    def _rate(self, values: dict[str, float], name: str, counter: float) -> None:
        now = time.monotonic()
        then, before = self._before.get(name, (now, counter))
        self._before[name] = now, counter
        if now > then and counter >= before:
            values[name] = (counter - before) / (now - then)

    def _tree(self) -> dict[str, float]:
        """Add up a process and its children: processor use in percent of one core, and memory."""
        psutil = self._psutil
        resident, threads, busy = 0, 0, 0.0
        seen: dict[tuple[int, float], float] = {}
        try:
            processes = [self._process, *self._process.children(recursive=True)]
        except psutil.Error:
            return {}
        for process in processes:
            with contextlib.suppress(psutil.Error), process.oneshot():
                times = process.cpu_times()
                key = process.pid, process.create_time()
                seen[key] = times.user + times.system
                busy += max(0.0, seen[key] - self._processor_seconds.get(key, 0.0))
                resident += process.memory_info().rss
                threads += process.num_threads()
        now = time.monotonic()
        then = self._before.get("tree", (now, 0.0))[0]
        self._before["tree"] = now, 0.0
        self._processor_seconds = seen
        values = {
            "system/process/memory_mb": resident / _MEGA,
            "system/process/threads": float(threads),
            "system/process/count": float(len(seen)),
        }
        if now > then:
            values["system/process/cpu_percent"] = 100.0 * busy / (now - then)
        return values


class _Gpus:
    """NVIDIA's GPUs through NVML; nothing where there are none."""

    def __init__(self) -> None:
        self._handles: list[Any] = []
        self._nvml: Any = None
        # There may be no package, no driver, or no right to ask it.
        attempt(self._find)

    def _find(self) -> None:
        if not has_nvidia_driver():
            return
        import pynvml

        pynvml.nvmlInit()
        self._nvml = pynvml
        self._handles = [pynvml.nvmlDeviceGetHandleByIndex(n) for n in range(pynvml.nvmlDeviceGetCount())]

    def sample(self) -> dict[str, float]:
        """Read the sensors of every GPU; not every device has every sensor."""
        values: dict[str, float] = {}
        for number, handle in enumerate(self._handles):
            for title, read in _GPU_SENSORS.items():
                if (value := answer_of(_sensor_value, read, self._nvml, handle, default=None)) is not None:
                    values[f"system/gpu/{number}/{title}"] = value
        return values

    def close(self) -> None:
        """Let go of the driver."""
        if self._nvml is not None:
            attempt(self._nvml.nvmlShutdown)


def _sensor_value(read: Callable[[Any, Any], float], nvml: Any, handle: Any) -> float:
    return float(read(nvml, handle))


def _memory_percent(nvml: Any, handle: Any) -> float:
    memory = nvml.nvmlDeviceGetMemoryInfo(handle)
    return 100.0 * float(memory.used) / float(memory.total)


_GPU_SENSORS: dict[str, Callable[[Any, Any], float]] = {
    "utilization_percent": lambda nvml, handle: nvml.nvmlDeviceGetUtilizationRates(handle).gpu,
    "memory_used_mb": lambda nvml, handle: nvml.nvmlDeviceGetMemoryInfo(handle).used / _MEGA,
    "memory_percent": _memory_percent,
    "power_w": lambda nvml, handle: nvml.nvmlDeviceGetPowerUsage(handle) / 1000,
    "temperature_c": lambda nvml, handle: nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU),
}
