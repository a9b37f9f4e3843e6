"""Any number of spectra from zips to identified rows, with and without Ray.

Members of the mirror under new ids, disturbed, go the way of a user: archives are parsed in shards
and merged as the assets do it, and the table is identified by `raman-pipeline identify --out`. With
Ray, two nodes of one CPU each are started on this machine, and one is killed on the way.

`python -m benchmarks.scale run FOLDER MIRROR LIBRARY --spectra 10000 [--engine ray]` does what is
missing and adds a line for each stage to `FOLDER/log.jsonl`; `again` makes a sample of its results
once more without Ray, and `equal` compares all of both. `figure FOLDER…` draws
`docs/scaling_ray.png` and prints the table of `docs/engines.md` from the logs.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from benchmarks.processes import Usage
from benchmarks.scaled_members import write_archive
from raman_pipeline.common.atomic import file_sha256

NODES = 2
PER_ARCHIVE = 50_000
STAGES = ("parse", "merge", "identify")
COMMAND = [sys.executable, "-m", "raman_pipeline.cli.main"]


class Scale:
    """One run of one engine over a number of spectra.

    Args:
        folder: of everything that is made.
        mirror: folder of RRUFF archives.
        spectra: their number.
        engine: `local` or `ray`.
    """

    def __init__(self, folder: Path, mirror: Path, spectra: int, engine: str) -> None:
        self.folder, self.mirror, self.spectra, self.engine = folder, mirror, spectra, engine
        self.parsed = folder / f"parsed-{engine}"
        self.table = folder / "spectra.parquet"
        self.results = folder / f"results-{engine}"
        self.parsed.mkdir(parents=True, exist_ok=True)

    def archives(self) -> Iterator[tuple[str, int, int]]:
        """Yields name, first member and number of members of every archive."""
        for start in range(0, self.spectra, PER_ARCHIVE):
            yield f"part_{start:09d}", start, min(PER_ARCHIVE, self.spectra - start)

    @contextmanager
    def stage(self, name: str, spectra: int, made: Path) -> Iterator[dict[str, Any]]:
        """Measures a stage and adds its line to the log; what is yielded can be corrected."""
        facts: dict[str, Any] = {"stage": name, "spectra": spectra}
        with Usage(os.getpid()) as usage:
            yield facts
        self.note(**facts, megabytes=round(_size(made) / 1e6, 1), **usage.found())

    def note(self, **facts: Any) -> None:
        """Adds a line to the log."""
        line = {"engine": self.engine, "of": self.spectra, "at": round(time.time()), **facts}
        print(line, flush=True)
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")

    def prepare(self) -> None:
        """Makes and parses archives, two at a time, as the disk does not hold all."""
        left = [a for a in self.archives() if not (self.parsed / f"{a[0]}.parquet").exists()]
        with ProcessPoolExecutor(2) as pool:
            for some in (left[n : n + 2] for n in range(0, len(left), 2)):
                folder = self.folder / "zips"
                folder.mkdir(exist_ok=True)
                count = sum(size for *_, size in some)
                with self.stage("zips", count, folder):
                    jobs = [
                        pool.submit(write_archive, self.mirror, folder / f"{name}.zip", start, size)
                        for name, start, size in some
                    ]
                    for job in jobs:
                        job.result()
                with self.stage("parse", count, self.parsed):
                    for name, *_ in some:
                        self.do("parse", folder / f"{name}.zip", self.parsed, self.engine)
                shutil.rmtree(folder)

    def merge(self) -> None:
        """Merges the archives; a table that is there stays where the bytes are the same."""
        if not (self.parsed / "merged").exists():
            with self.stage("merge", self.spectra, self.table):
                self.do("merge", self.parsed, self.table)
            self.note(table=file_sha256(self.table))

    def identify(self, library: Path, cluster: Any) -> None:
        """Identifies the table; a node of the cluster is killed after a third of it."""
        command = [*COMMAND, "identify", str(self.table), "--library", str(library)]
        command += ["--out", str(self.results), "--engine", self.engine]
        parts, before, lost = -(-self.spectra // 512), _parts(self.results), cluster is None
        with self.stage("identify", self.spectra, self.results) as facts:
            running = subprocess.Popen(command)
            while running.poll() is None:
                time.sleep(1)
                if not lost and before < parts // 3 <= _parts(self.results):
                    cluster.remove_node(cluster.workers[0], allow_graceful=False)
                    self.note(lost="raylet", parts=_parts(self.results), of_parts=parts)
                    cluster.add_node(num_cpus=1, object_store_memory=80 * 2**20)
                    lost = True
            if before or _parts(self.results) < parts:
                facts["spectra"] = 512 * (_parts(self.results) - before)
        if running.returncode not in (0, 1):
            raise SystemExit(f"identify ended with {running.returncode}; the next run goes on")

    def do(self, *arguments: Any) -> None:
        """Runs a part of this file as a process."""
        module = [sys.executable, "-m", "benchmarks.scale"]
        subprocess.run([*module, *map(str, arguments)], check=True)


def parse(path: Path, folder: Path, engine: Any) -> None:
    """Parses an archive as the asset `parsed_spectra` does."""
    from raman_pipeline.common.shards import Ledger, Workers
    from raman_pipeline.rruff.archive import stage_archive

    ledger = Ledger(folder / "shards", Workers(engine))
    parsed = stage_archive(folder, path, path.stem, file_sha256(path), ledger)
    assert parsed.refused.num_rows == 0, parsed.refused
    parsed.accepted.move_to(folder / f"{path.stem}.parquet")  # type: ignore[union-attr]


def merge(folder: Path, table: Path) -> None:
    """Merges parsed archives as the asset `spectra` does."""
    from raman_pipeline.common.parquet import StoredTable, stage_table
    from raman_pipeline.rruff.merge import SPECTRA, merge_archives

    parsed = {path.stem: StoredTable(path) for path in sorted(folder.glob("*.parquet"))}
    staged = stage_table(table.parent, SPECTRA, merge_archives(parsed))
    if table.exists() and file_sha256(table) == file_sha256(staged.file):
        staged.file.unlink()
    else:
        staged.move_to(table)
    (folder / "merged").touch()


def run(options: argparse.Namespace) -> None:
    """Does what is missing of a run."""
    from raman_pipeline_tests.ray_nodes import ray_nodes

    scale = Scale(options.folder, options.mirror, options.spectra, options.engine)
    ray = options.engine == "ray"
    with ray_nodes(NODES, {}) if ray else nullcontext() as cluster:
        if ray:
            os.environ["RAY_ADDRESS"] = cluster.address
        scale.prepare()
        scale.merge()
        scale.identify(options.library, cluster if options.lose else None)


def again(options: argparse.Namespace) -> None:
    """Makes some of the results of Ray once more without it, and compares the bytes."""
    scale = Scale(options.folder, options.mirror, options.spectra, "local")
    files = sorted((scale.folder / "results-ray").glob("part-*.parquet"))
    chosen = random.Random(0).sample(files, min(options.parts, len(files)))
    scale.results.mkdir()
    for file in set(files) - set(chosen):
        os.link(file, scale.results / file.name)
    scale.identify(options.library, None)
    equal = [file_sha256(f) == file_sha256(scale.results / f.name) for f in chosen]
    scale.note(made_again=len(chosen), equal=sum(equal))


def equal(options: argparse.Namespace) -> None:
    """Compares all results of both engines."""
    sums = [
        {f.name: file_sha256(f) for f in (options.folder / f"results-{e}").glob("part-*.parquet")}
        for e in ("local", "ray")
    ]
    print(f"{len(sums[0])} and {len(sums[1])} files, all equal: {sums[0] == sums[1]}")


def figure(folders: list[Path]) -> None:
    """Draws the figure and prints the table of some folders."""
    import matplotlib.pyplot as plt
    import pandas as pd

    from raman_pipeline.common.markdown import markdown_table

    lines = [
        json.loads(line) for f in folders for line in (f / "log.jsonl").read_text().splitlines()
    ]
    rows = []
    log = pd.DataFrame([one for one in lines if "stage" in one and one["stage"] != "zips"])
    for (spectra, engine), group in log.groupby(["of", "engine"]):
        cpu = group[["command_cpu_s", "worker_cpu_s", "engine_cpu_s"]]
        done = group.groupby("stage")["spectra"].sum()
        stage_s = cpu.sum(axis=1).groupby(group["stage"]).sum()
        rows.append(
            {
                "spectra": spectra,
                "engine": engine,
                **{f"{s}, ms": round(1000 * stage_s[s] / done[s], 2) for s in STAGES if s in done},
                "spectra per CPU s": round(1 / (stage_s / done).sum()) if len(done) == 3 else None,
                "Ray itself": f"{cpu['engine_cpu_s'].sum() / cpu.to_numpy().sum():.1%}",
                "worker, MB": group["worker_mb"].max(),
                "command, MB": group["command_mb"].max() if len(done) == 3 else None,
                "wall, s": round(group["wall_s"].sum()),
            }
        )
    table = pd.DataFrame(rows)
    print("\n".join(markdown_table(table)))
    panels = {"spectra per CPU s": ["spectra per CPU s"], "MB": ["worker, MB", "command, MB"]}
    drawn, axes = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    for axis, (label, columns) in zip(axes, panels.items(), strict=True):
        for engine, of_it in table.groupby("engine"):
            for column, mark in zip(columns, ("o-", "s:"), strict=False):
                name = {"local": "two processes", "ray": "two Ray nodes"}[str(engine)]
                name += f", {column.split(',')[0]}" if len(columns) > 1 else ""
                axis.plot(of_it["spectra"], of_it[column], mark, label=name)
        top = 1.2 * table[columns].max().max()
        axis.set(xscale="log", xlabel="spectra", ylabel=label, ylim=(0, top))
        axis.legend(frameon=False)
    axes[1].set_ylabel("memory of the largest process (MB)")
    drawn.suptitle("From zips to identified rows")
    drawn.savefig(Path(__file__).resolve().parents[1] / "docs" / "scaling_ray.png", dpi=120)


def _parts(folder: Path) -> int:
    return sum(1 for _ in folder.glob("part-*.parquet"))


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def main() -> None:
    """Runs what the command line says."""
    if sys.argv[1] == "parse":
        return parse(Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4])
    if sys.argv[1] == "merge":
        return merge(Path(sys.argv[2]), Path(sys.argv[3]))
    if sys.argv[1] == "figure":
        return figure([Path(folder) for folder in sys.argv[2:]])
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("run", "again", "equal"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("mirror", type=Path)
    parser.add_argument("library", type=Path)
    parser.add_argument("--spectra", type=int, required=True)
    parser.add_argument("--engine", choices=("local", "ray"), default="local")
    parser.add_argument("--lose", action="store_true", help="kill a node in the middle")
    parser.add_argument("--parts", type=int, default=20, help="to make again")
    options = parser.parse_args()
    options.folder = options.folder.absolute()
    {"run": run, "again": again, "equal": equal}[options.what](options)
    return None


if __name__ == "__main__":
    main()
