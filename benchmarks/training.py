"""Training speed of this project's loop and of a plain float32 loop, in the same run.

The plain loop is the usual implementation: convolutions on [batch, channels, length] (see
`plain_convnext1d`), float32, the whole window. Both train the same preset on the same fold; the
table gives accuracy beside speed, since a faster loop must not learn less.

    python -m benchmarks.training data/store/rruff [--steps 800] [--split random]

writes docs/training.json and prints a table. CPU times are of one thread.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import pyarrow.parquet as pq
import torch
from rich.console import Console
from rich.table import Table

from benchmarks.plain_convnext1d import PlainConvNeXt1D
from raman_pipeline.learning.data.labelled import LabelledSpectra, fold_train_test
from raman_pipeline.learning.data.splits import SPLITS, Split
from raman_pipeline.learning.geolocation.families.convnext import build
from raman_pipeline.learning.training import classifier, loop
from raman_pipeline.learning.training.device import choose_device
from raman_pipeline.learning.training.presets import PRESETS
from raman_pipeline.spectra.tensor_file import open_tensor

OUT = Path(__file__).parents[1] / "docs" / "training.json"


@dataclass(frozen=True)
class Variant:
    """A way to train the default preset."""

    name: str
    whole_window: bool
    plain: bool


VARIANTS = (
    Variant("this project's", False, False),
    Variant("its layout and precision, whole window", True, False),
    Variant("plain float32", True, True),
)


def load(assets: Path, split: Split, fold: int = 0) -> tuple[LabelledSpectra, LabelledSpectra]:
    """Returns the training and the test set of a fold."""
    folds = pq.read_table(assets / "fold_assignment" / f"{split}.parquet").to_pandas()
    tensor = open_tensor(assets / "resampled_spectra.safetensors")
    return fold_train_test(folds, tensor, fold, split)


def measure(variant: Variant, assets: Path, split: Split, steps: int) -> dict[str, object]:
    """Trains once; returns speed (spectra per second of CPU or GPU time), accuracy, memory."""
    torch.set_num_threads(1)
    train, test = load(assets, split)
    preset = PRESETS["default"].model_copy(update={"steps": steps})
    if variant.whole_window:
        preset = preset.model_copy(update={"crop": None})
    if variant.plain:
        loop.autocast_dtype = lambda device: None
    data = classifier.TrainingSet.of(train, preset)
    torch.manual_seed(0)
    model = build(preset, data.spectra.shape[1], len(train.classes))
    if variant.plain:
        model.network = PlainConvNeXt1D(model.network)
    start, cpu = time.perf_counter(), time.process_time()
    reports = classifier.train_classifier(model, data, preset, 0)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - start
    found = classifier.predict_probabilities(model, classifier.cropped(test, preset)).argmax(axis=1)
    device = choose_device()
    return {
        "loop": variant.name,
        "points": int(data.spectra.shape[1]),
        "dtype": str(loop.autocast_dtype(device) or torch.float32).removeprefix("torch."),
        "spectra_per_s": round(
            len(train) * len(reports) / (wall if device.type == "cuda" else cpu), 1
        ),
        "wall_s": round(wall, 1),
        "training_loss": round(reports[-1].loss, 3),
        "accuracy": round(float((found == test.label).mean()), 4),
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def main() -> None:
    """Measures each loop in its own process and writes the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path, help="store of a profile, run up to the folds")
    parser.add_argument("--steps", type=int, default=PRESETS["default"].steps)
    parser.add_argument("--split", default="random", choices=SPLITS)
    chosen = parser.parse_args()
    assets = chosen.store / "assets"
    train, test = load(assets, chosen.split)
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as pool:
        rows = [
            pool.submit(measure, variant, assets, chosen.split, chosen.steps).result()
            for variant in VARIANTS
        ]
    result = {
        "machine": f"{platform.processor() or platform.machine()}, {choose_device().type}, "
        "one thread",
        "protocol": f"fold 0 of the {chosen.split} split, {len(train):,} training and "
        f"{len(test):,} test spectra, {chosen.steps:,} steps of the default preset, seed 0",
        "torch": torch.__version__,
        "rows": rows,
    }
    OUT.write_text(json.dumps(result, indent=2) + "\n")
    table = Table(title=str(result["protocol"]))
    for column in (*rows[0], "times plain"):
        table.add_column(column)
    for row in rows:
        ratio = float(str(row["spectra_per_s"])) / float(str(rows[-1]["spectra_per_s"]))
        table.add_row(*(str(v) for v in row.values()), f"{ratio:.2f}")
    Console(width=160).print(table)


if __name__ == "__main__":
    main()
