"""`make bench`: ingestion compared with its lower bound and with other packages.

Writes `docs/benchmarks.md`, `docs/benchmarks.json` and `docs/scaling.png`. Each measurement runs in
a process of its own.
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
    """Returns members, spectra or localities per second."""
    return found["count"] / found["seconds"]


def compare(site: Path) -> dict[str, dict]:
    """Measures every task on a site, and the other packages if they are installed."""
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
    """Measures the chain on TIMES the members, in as many archives."""
    found = {}
    for times in TIMES:
        with tempfile.TemporaryDirectory() as name:
            repeated(site, Path(name), times)
            found[times] = measured("chain", name)
    return found


def scaling_plot(found: dict[int, dict], path: Path) -> None:
    """Plots CPU time and peak memory against the number of spectra."""
    counts = [f["count"] for f in found.values()]
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    values = ([f["seconds"] for f in found.values()], [f["peak_mb"] for f in found.values()])
    for axis, series, label in zip(axes, values, ("CPU time (s)", "peak memory (MB)"), strict=True):
        axis.plot(counts, series, "o-", label="measured")
        axis.locator_params(axis="x", nbins=5)
        axis.set(xlabel="spectra", ylabel=label, ylim=(0, None), xlim=(0, None))
    axes[0].plot(counts, [values[0][0] * c / counts[0] for c in counts], ":", label="linear")
    axes[0].legend(frameon=False)
    figure.suptitle(
        f"Zips to tensor, {', '.join(f'{t}×' for t in found)} the members of the mirror"
    )
    figure.savefig(path, dpi=120)


def to_markdown(found: dict[str, dict], scaling: dict[int, dict], machine: str) -> str:
    """Returns the text of `docs/benchmarks.md`."""
    floor = per_second(found["inflate_zlib"])
    megabytes = found["inflate_zlib"]["bytes"] / found["inflate_zlib"]["count"] / 1e6
    names = {
        "inflate_zlib": "inflation only, `zipfile` (lower bound)",
        "inflate_checked": "inflation only, hardened zip reader",
        "arrays": "**zip to arrays and headers**",
        "parquet": "zip to Parquet",
        "loadtxt": "`numpy.loadtxt` (rows only, already inflated)",
        "arrays_unpacked": "**unpacked files to arrays and headers**",
        "ramanspy": "RamanSPy (unpacked files)",
        "ramanchada2": "ramanchada2 (unpacked files)",
    }
    lines = [
        "# Benchmarks of ingestion",
        "",
        f"Measured {machine}, by `make bench`. Each row is a process of its own; times are CPU "
        "times, summed over threads, without start-up. Slow readers ran on an even sample of "
        "members.",
        "",
        "| reader | members | members/s | MB of text/s | time / lower bound | peak MB |",
        "|---|---|---|---|---|---|",
    ]
    for task, title in names.items():
        if task in found:
            f = found[task]
            if f.get("failed"):
                title += f"; cannot read {f['failed']}"
            if f.get("measured"):
                title += f"; measured {f['measured'][:10]}"
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
        f"- The lower bound is {found['inflate_zlib']['bytes'] / 1e6:,.0f} MB of text in "
        f"{found['inflate_zlib']['seconds']:.2f} s "
        f"({found['inflate_zlib']['bytes'] / 1e6 / found['inflate_zlib']['seconds']:,.0f} MB/s).",
        f"- Resampling to 1,024 points with min-max: {per_second(fast):,.0f} spectra/s; "
        f"scipy's `CubicSpline` alone: {per_second(slow):,.0f}/s.",
        f"- Localities: {places['count']:,} distinct localities located offline in "
        f"{places['seconds']:.2f} s, including the reading of maps and gazetteer, "
        f"peak {places['peak_mb']:,.0f} MB.",
        f"- Zips to tensor through the Parquet files of the assets: {chain['seconds']:.2f} s, "
        f"peak {chain['peak_mb']:,.0f} MB.",
        f"- {fuzz['count']:,} mutated members: {fuzz['refused']:,} refused, "
        f"{1000 * fuzz['seconds'] / fuzz['count']:.1f} ms each, at most "
        f"{1000 * fuzz['worst_s']:.0f} ms (irregular rows are read one by one).",
        f"- Compiled code adds {cold['seconds']:.2f} s to a new process (import, cached machine "
        "code, first call); the very first process compiles it.",
        "",
        "| zips to tensor | archives | spectra | CPU s | ms per spectrum | peak MB |",
        "|---|---|---|---|---|---|",
    ]
    for times, f in scaling.items():
        lines.append(
            f"| {times}× | {times} | {f['count']:,} | {f['seconds']:.1f} | "
            f"{1000 * f['seconds'] / f['count']:.2f} | {f['peak_mb']:,.0f} |"
        )
    return "\n".join([*lines, "", "![scaling](scaling.png)", ""])


def main() -> None:
    """Measures and writes the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("site", type=Path, help="a folder of RRUFF archives")
    parser.add_argument("--out", type=Path, default=PROJECT / "docs")
    arguments = parser.parse_args()
    if not any(True for _ in members(arguments.site)):
        raise SystemExit(f"{arguments.site}: contains no zip archives")
    found, scaling = compare(arguments.site), scale(arguments.site)
    if not PEERS.exists():
        former = json.loads((PROJECT / "docs" / "benchmarks.json").read_text())
        for peer in former["tasks"].keys() & {"ramanspy", "ramanchada2"}:
            found[peer] = {"measured": former["machine"]} | former["tasks"][peer]
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
