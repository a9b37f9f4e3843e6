"""CPU time and memory of a process and all that descend from it, those that ended included."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple, Self

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_EVERY_S = 0.5


class _Seen(NamedTuple):
    """A process: its role, CPU time (s), peak memory (MB)."""

    role: str
    cpu_s: float
    peak_mb: float


class Usage:
    """Looks at processes twice a second while it is entered.

    What a process used in its last half second is not seen. The roles are `worker` (makes shards),
    `engine` (Ray's own processes) and `command`.

    Args:
        pid: of the process at the top, which is not counted itself.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._seen: dict[tuple[int, str], _Seen] = {}
        self._before: dict[tuple[int, str], float] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._look()
        self._before = {key: one.cpu_s for key, one in self._seen.items()}
        self._start = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._wall_s = time.monotonic() - self._start
        self._over.set()
        self._thread.join()
        self._look()

    def found(self) -> dict[str, Any]:
        """Returns wall time, and per role CPU time and the memory of the largest process."""
        facts: dict[str, Any] = {"wall_s": round(self._wall_s, 1)}
        for role in ("command", "worker", "engine"):
            of_role = {key: one for key, one in self._seen.items() if one.role == role}
            cpu = sum(one.cpu_s - self._before.get(key, 0) for key, one in of_role.items())
            facts[f"{role}_cpu_s"] = round(cpu, 1)
            facts[f"{role}_mb"] = round(max((one.peak_mb for one in of_role.values()), default=0))
        return facts

    def _watch(self) -> None:
        while not self._over.wait(_EVERY_S):
            self._look()

    def _look(self) -> None:
        stats = dict(filter(None, map(_stat, Path("/proc").glob("[0-9]*"))))
        parents = {pid: int(fields[1]) for pid, fields in stats.items()}
        for pid, fields in stats.items():
            above = parents.get(pid, 0)
            while above not in (0, self._pid):
                above = parents.get(above, 0)
            # Field 22 of proc(5), its start, tells it from a later one with the same number.
            key = (pid, fields[19])
            if above:
                former = self._seen.get(key, _Seen("command", 0.0, 0.0))
                cpu_s = (int(fields[11]) + int(fields[12])) * _TICK_S
                peak_mb = max(former.peak_mb, _peak_mb(pid))
                self._seen[key] = _Seen(_role(pid) or former.role, cpu_s, peak_mb)


def _stat(folder: Path) -> tuple[int, list[str]] | None:
    try:
        text = (folder / "stat").read_text()
    except OSError:
        return None
    return int(folder.name), text.rpartition(")")[2].split()


def _role(pid: int) -> str:
    """Returns the role of a process; nothing of one that ended."""
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""
    if not line:
        return ""
    if line.startswith("ray::") or "spawn_main" in line:
        return "worker"
    return "engine" if "/ray/" in line or "ray-" in line else "command"


def _peak_mb(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)
