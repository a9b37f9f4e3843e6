"""Times of commands that should answer at once, beside those of the packages that they load.

    python -m benchmarks.loading [STORE_OF_A_FINISHED_SAMPLE_RUN]

Writes the section "Start-up" of `docs/benchmarks.md`.
"""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"
HEADING = "## Start-up\n"
COMMAND = ("-m", "raman_pipeline.cli.main")
YARDSTICK = "import dagster, pandas, pyarrow"
MEASURED = {
    f"`{YARDSTICK}`": ("-c", YARDSTICK),
    "`import raman_pipeline.definitions`": ("-c", "import raman_pipeline.definitions"),
    "`raman-pipeline locate`, one text": (*COMMAND, "locate", "Tsumeb mine, Tsumeb, Namibia"),
    "`raman-pipeline status`": (*COMMAND, "status"),
    "`raman-pipeline run`, nothing to do": (*COMMAND, "run"),
}
RUNS = 3


def measured(arguments: tuple[str, ...]) -> tuple[float, float, float]:
    """Runs Python once; returns wall time (s), CPU time (s) and peak memory (MB)."""
    start = time.perf_counter()
    null = os.open(os.devnull, os.O_WRONLY)
    child = os.posix_spawn(
        sys.executable,
        [sys.executable, *arguments],
        os.environ,
        file_actions=[(os.POSIX_SPAWN_DUP2, null, descriptor) for descriptor in (1, 2)],
    )
    _, status, usage = os.wait4(child, 0)
    os.close(null)
    if status:
        raise SystemExit(f"{' '.join(arguments)}: failed")
    cpu = usage.ru_utime + usage.ru_stime
    return time.perf_counter() - start, cpu, usage.ru_maxrss * 1024 / 1e6


def to_markdown(rows: dict[str, list[tuple[float, float, float]]]) -> str:
    """Returns the section; of each row the run of least CPU time."""
    best = {name: min(runs, key=lambda run: run[1]) for name, runs in rows.items()}
    yardstick = best[f"`{YARDSTICK}`"][1]
    lines = [
        HEADING,
        f"Measured by `python -m benchmarks.loading`: new processes, the best of {RUNS} by CPU "
        "time; the index of GeoNames was built before.\n",
        "| | wall s | CPU s | CPU / first row | peak MB |",
        "|---|---|---|---|---|",
        *(
            f"| {name} | {wall:.2f} | {cpu:.2f} | {cpu / yardstick:.1f} | {memory:.0f} |"
            for name, (wall, cpu, memory) in best.items()
        ),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measures in turns, so that other load touches all rows alike."""
    if len(sys.argv) > 1:
        os.environ["RAMAN_PIPELINE_STORE"] = sys.argv[1]
    rows: dict[str, list[tuple[float, float, float]]] = {name: [] for name in MEASURED}
    for _ in range(RUNS):
        for name, arguments in MEASURED.items():
            rows[name].append(measured(arguments))
    section = to_markdown(rows)
    text = re.sub(rf"\n{HEADING}.*", "", PAGE.read_text(), flags=re.DOTALL)
    PAGE.write_text(f"{text}\n{section}")
    print(section)


if __name__ == "__main__":
    main()
