"""Times of commands that should answer at once, beside those of the packages that they load.

    python -m benchmarks.loading [STORE_OF_A_FINISHED_SAMPLE_RUN [FOLDER_OF_ZIPS]]

With the zips of RRUFF, the time from an empty store to the folds of all splits is measured, too.

Writes the section "Start-up" of `docs/benchmarks.md`.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from raman_pipeline.learning.data.splits import SPLITS

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
TO_FOLDS = "zips of the mirror to the folds of all splits, an empty store"
RUNS = 3
Run = tuple[float, float, float]


def measured(
    arguments: Sequence[str],
    until: Sequence[Path] = (),
    settings: Mapping[str, str] = MappingProxyType({}),
) -> Run:
    """Runs Python once; returns wall time (s), CPU time (s) and peak memory (MB).

    Args:
        arguments: of Python.
        until: files; where any are named, Python is killed once all are there.
        settings: environment variables beside those of this process.
    """
    start = time.perf_counter()
    null = os.open(os.devnull, os.O_WRONLY)
    child = os.posix_spawn(
        sys.executable,
        [sys.executable, *arguments],
        {**os.environ, **settings},
        file_actions=[(os.POSIX_SPAWN_DUP2, null, descriptor) for descriptor in (1, 2)],
    )
    if until:
        ended = os.WEXITED | os.WNOHANG | os.WNOWAIT
        while not os.waitid(os.P_PID, child, ended) and not all(path.exists() for path in until):
            time.sleep(0.02)
        os.kill(child, signal.SIGKILL)
    _, status, usage = os.wait4(child, 0)
    os.close(null)
    if os.waitstatus_to_exitcode(status) != (-signal.SIGKILL if until else 0):
        raise SystemExit(f"{' '.join(arguments)}: failed")
    cpu = usage.ru_utime + usage.ru_stime
    return time.perf_counter() - start, cpu, usage.ru_maxrss * 1024 / 1e6


def to_folds(zips: str) -> Run:
    """Measures a run of the profile `rruff` from an empty store to the last fold."""
    with tempfile.TemporaryDirectory() as store:
        folds = [Path(store, "assets", "fold_assignment", f"{split}.parquet") for split in SPLITS]
        run = (*COMMAND, "run", "--profile", "rruff", "--rruff-url", zips, "--no-train")
        settings = {"RAMAN_PIPELINE_STORE": store, "NATURAL_EARTH_URL": "embedded"}
        return measured(run, folds, settings)


def to_markdown(rows: dict[str, list[Run]]) -> str:
    """Returns the section; of each row the run of least CPU time."""
    best = {name: min(runs, key=lambda run: run[1]) for name, runs in rows.items()}
    yardstick = best[f"`{YARDSTICK}`"][1]
    lines = [
        HEADING,
        f"Measured by `python -m benchmarks.loading`: new processes, the best of {RUNS} by CPU "
        "time; the index of GeoNames was built before, and modules are compiled, as by pip.\n",
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
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    store, zips = (*sys.argv[1:], None, None)[:2]
    if store is not None:
        os.environ["RAMAN_PIPELINE_STORE"] = store
    rows: dict[str, list[Run]] = {name: [] for name in MEASURED}
    for _ in range(RUNS):
        for name, arguments in MEASURED.items():
            rows[name].append(measured(arguments))
        if zips is not None:
            rows.setdefault(TO_FOLDS, []).append(to_folds(zips))
    section = to_markdown(rows)
    text = re.sub(rf"\n{HEADING}.*", "", PAGE.read_text(), flags=re.DOTALL)
    PAGE.write_text(f"{text}\n{section}")
    print(section)


if __name__ == "__main__":
    main()
