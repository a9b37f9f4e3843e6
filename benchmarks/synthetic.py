"""Synthetic spectra: generating the set and searching for mixtures, with reference methods.

    python -m benchmarks.synthetic

Compares rendering with scipy's `gaussian_filter1d`, and the beam search for mixtures of four of 500
classes with the exhaustive search of all sets of four of 100. One thread; prints a table.
"""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from raman_pipeline.learning.synthetic_tasks.mixture_search import components
from raman_pipeline.learning.synthetic_tasks.mixtures import mix
from raman_pipeline.learning.synthetic_tasks.peak_lists import peak_lists
from raman_pipeline.learning.synthetic_tasks.peak_model import fit_peak_model
from raman_pipeline.learning.synthetic_tasks.untrained import (
    class_means,
    components_by_sums,
    downsampled,
    smoothed,
)
from raman_pipeline.universal_synthetic.dataset import load_set, peaks_of, write_set
from raman_pipeline.universal_synthetic.rendering import rendered, rendered_by_scipy
from raman_pipeline.universal_synthetic.variation import Peaks

_PLAIN = 500


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Returns CPU seconds and the result."""
    begun = time.process_time()
    result = work()
    return time.process_time() - begun, result


def main() -> None:
    """Measures and prints."""
    table = Table(title="one thread, CPU time")
    for name in ("what", "n", "seconds", "ms each"):
        table.add_column(name, justify="left" if name == "what" else "right")

    def row(title: str, n: int, seconds: float) -> None:
        table.add_row(title, f"{n:,}", f"{seconds:.2f}", f"{1000 * seconds / n:.3f}")

    rendered(peaks_of("challenge")["test"])  # compiles
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        seconds, counts = timed(lambda: write_set(folder, "universal"))
        row("500-class arrays written", sum(counts.values()), seconds)
        some = peaks_of("universal")["validation"]
        end = some.offsets[_PLAIN]
        few = Peaks(
            some.positions[:end],
            some.heights[:end],
            some.offsets[: _PLAIN + 1],
            some.sigmas[:_PLAIN],
            some.label[:_PLAIN],
        )
        row("  rendering alone", _PLAIN, timed(lambda: rendered(few))[0])
        row("  the same by scipy", _PLAIN, timed(lambda: rendered_by_scipy(few))[0])
        parts = load_set(folder)
        seconds, lists = timed(lambda: peak_lists(parts["train"].spectra))
        row("peaks found", len(lists), seconds)
        label = parts["train"].label
        seconds, model = timed(lambda: fit_peak_model(lists, label))
        row("peak models of 500 classes fitted", len(lists), seconds)
        mixed = mix(parts["test"].of_classes(0, 100), 4, 0)
        found = peak_lists(mixed.spectra)
        components(model, found.subset(np.arange(1)), 4)  # compiles
        seconds, _ = timed(lambda: components(model, found, 4))
        row("mixtures of 4 of 500 classes, beam", len(mixed), seconds)
        hundred = parts["train"].of_classes(0, 100)
        means, classes = class_means(smoothed(downsampled(hundred.spectra), 50.0), hundred.label)
        query = smoothed(downsampled(mixed.spectra), 50.0)
        components_by_sums(means, classes, query[:1], 2)  # compiles
        seconds, _ = timed(lambda: components_by_sums(means, classes, query, 4))
        row("mixtures of 4 of 100 classes, all sets", len(mixed), seconds)
    Console(width=100).print(table)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
