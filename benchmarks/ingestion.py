"""`make bench`: ingestion beside its floor and its peers, all in one run.

Writes `docs/benchmarks.md`, `docs/benchmarks.json` and `docs/scaling.png`. Every figure
comes from a process of its own; nothing else should run meanwhile.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import matplotlib.pyplot as plt

from benchmarks.measure import members, sample
from benchmarks.site import repeated

PROJECT = Path(__file__).resolve().parents[1]
PEERS = PROJECT / ".venv-peers" / "bin" / "python"
TIMES = (1, 2, 8)


def measured(*arguments: str | Path, python: str | Path = sys.executable) -> dict:
    """Runs a measurement in a new process."""
    module = "benchmarks.peers" if str(python) == str(PEERS) else "benchmarks.measure"
    done = subprocess.run(
        [str(python), "-m", module, *map(str, arguments)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{arguments[0]}: {done.stderr.strip().splitlines()[-1]}")
    found = json.loads(done.stdout.strip().splitlines()[-1])
    print(f"{arguments[0]}: {found['count']:,} in {found['seconds']:.2f} s", flush=True)
    return found


def per_second(found: dict) -> float:
    """Returns members, spectra or localities a second."""
    return found["count"] / found["seconds"]


def compare(site: Path) -> dict[str, dict]:
    """Measures every task on a site, and the peers where they are installed."""
    tasks = (
        "inflate_zlib",
        "inflate_checked",
        "arrays",
        "loadtxt",
        "parquet",
        "resample_compiled",
        "resample_scipy",
        "localities",
        "chain",
        "fuzz",
    )
    found = {task: measured(task, site) for task in tasks}
    measured("cold", site)
    found["cold"] = measured("cold", site)
    with tempfile.TemporaryDirectory() as name:
        for number, (_, data) in enumerate(sample(site)):
            folder = Path(name) / f"{number:04}"
            folder.mkdir()
            (folder / "member.txt").write_bytes(data)
        found["arrays_unpacked"] = measured("arrays_unpacked", name)
        for peer in ("ramanspy", "ramanchada2") if PEERS.exists() else ():
            found[peer] = measured(peer, name, python=PEERS)
    return found


def scale(site: Path) -> dict[int, dict]:
    """Measures the chain on one, two and eight times the members, in as many archives."""
    found = {}
    for times in TIMES:
        with tempfile.TemporaryDirectory() as name:
            repeated(site, Path(name), times)
            found[times] = measured("chain", name)
    return found


def scaling_plot(found: dict[int, dict], path: Path) -> None:
    """Draws time and peak memory over the number of members."""
    counts = [f["count"] for f in found.values()]
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    values = ([f["seconds"] for f in found.values()], [f["peak_mb"] for f in found.values()])
    for axis, series, label in zip(axes, values, ("seconds", "peak memory, MB"), strict=True):
        axis.plot(counts, series, "o-", label="measured")
        axis.locator_params(axis="x", nbins=5)
        axis.set(xlabel="spectra", ylabel=label, ylim=(0, None), xlim=(0, None))
    axes[0].plot(counts, [values[0][0] * c / counts[0] for c in counts], ":", label="linear")
    axes[0].legend(frameon=False)
    figure.suptitle(f"Zips to tensor, {', '.join(f'{t}x' for t in found)} the mirror's archives")
    figure.savefig(path, dpi=120)


def to_markdown(found: dict[str, dict], scaling: dict[int, dict], machine: str) -> str:
    """Returns the tables."""
    floor = per_second(found["inflate_zlib"])
    megabytes = found["inflate_zlib"]["bytes"] / found["inflate_zlib"]["count"] / 1e6
    names = {
        "inflate_zlib": "inflate alone, zlib through `zipfile` (the floor)",
        "inflate_checked": "inflate alone, hardened zip reader",
        "arrays": "**zip to arrays and headers**",
        "parquet": "zip to parquet, two cores",
        "loadtxt": "`numpy.loadtxt` (rows only, inflated before)",
        "arrays_unpacked": "**unpacked files to arrays and headers**",
        "ramanspy": "RamanSPy (unpacked files)",
        "ramanchada2": "ramanchada2 (unpacked files)",
    }
    lines = [
        "# Benchmarks of ingestion",
        "",
        f"Measured {machine}, by `make bench`, each row in a process of its own, one core",
        "unless said otherwise. Slow readers ran on an even sample of members.",
        "",
        "| reading | members | members/s | MB of text/s | time, in floors | peak MB |",
        "|---|---|---|---|---|---|",
    ]
    for task, title in names.items():
        if task in found:
            f = found[task]
            if f.get("failed"):
                title += f"; {f['failed']} it cannot read"
            lines.append(
                f"| {title} | {f['count']:,} | {per_second(f):,.0f} | "
                f"{per_second(f) * megabytes:,.0f} | {floor / per_second(f):.2f} | "
                f"{f['peak_mb']:,.0f} |"
            )
    fast, slow = found["resample_compiled"], found["resample_scipy"]
    places, chain, cold = found["localities"], found["chain"], found["cold"]
    fuzz = found["fuzz"]
    lines += [
        "",
        f"- The floor is {found['inflate_zlib']['bytes'] / 1e6:,.0f} MB of text in "
        f"{found['inflate_zlib']['seconds']:.2f} s "
        f"({found['inflate_zlib']['bytes'] / 1e6 / found['inflate_zlib']['seconds']:,.0f} MB/s).",
        f"- Resampling to 1,024 points with min-max: {per_second(fast):,.0f} spectra/s; "
        f"scipy's `CubicSpline` alone: {per_second(slow):,.0f}/s.",
        f"- Localities: {places['count']:,} distinct located offline in {places['seconds']:.2f} s, "
        "the reading of maps and gazetteer included, "
        f"peak {places['peak_mb']:,.0f} MB.",
        f"- Zips to tensor through the parquet files between, two cores: {chain['seconds']:.2f} s, "
        f"peak {chain['peak_mb']:,.0f} MB.",
        f"- {fuzz['count']:,} mutated members: {fuzz['refused']:,} refused, "
        f"{1000 * fuzz['seconds'] / fuzz['count']:.1f} ms each, the worst "
        f"{1000 * fuzz['worst_s']:.0f} ms (those that are refused are read line by line).",
        f"- Compiled code adds {cold['seconds']:.2f} s to a fresh process (import, cached machine "
        "code, first calls); the first process ever compiles it.",
        "",
        "| zips to tensor | archives | spectra | seconds | ms a spectrum | peak MB |",
        "|---|---|---|---|---|---|",
    ]
    for times, f in scaling.items():
        lines.append(
            f"| {times}x | {times} | {f['count']:,} | {f['seconds']:.1f} | "
            f"{1000 * f['seconds'] / f['count']:.2f} | {f['peak_mb']:,.0f} |"
        )
    return "\n".join([*lines, "", "![scaling](scaling.png)", ""])


def main() -> None:
    """Measures and writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("site", type=Path, help="a folder of RRUFF zips")
    parser.add_argument("--out", type=Path, default=PROJECT / "docs")
    arguments = parser.parse_args()
    if not any(True for _ in members(arguments.site)):
        raise SystemExit(f"{arguments.site}: holds no zip archives")
    found, scaling = compare(arguments.site), scale(arguments.site)
    cores = f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}"
    machine = f"{datetime.now(UTC):%Y-%m-%d} on {cores}"
    arguments.out.mkdir(parents=True, exist_ok=True)
    figures = {"machine": machine, "tasks": found, "scaling": scaling}
    (arguments.out / "benchmarks.json").write_text(json.dumps(figures, indent=1) + "\n")
    (arguments.out / "benchmarks.md").write_text(to_markdown(found, scaling, machine))
    scaling_plot(scaling, arguments.out / "scaling.png")
    print((arguments.out / "benchmarks.md").read_text())


if __name__ == "__main__":
    main()
