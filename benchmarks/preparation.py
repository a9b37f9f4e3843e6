"""How much of a specimen's country a look-up finds, by the preparation of the spectra.

    python -m benchmarks.preparation data/store/paper

prints a Markdown table: 1-NN by cosine, mean accuracy of five folds, for each split the accuracy
and the share of test spectra whose nearest one is of their specimen. The network that is trained
on a preparation can use what is left by it, so this says what a split may reward.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.parquet as pq
from scipy.signal import savgol_filter

from raman_pipeline.learning.data.splits import SPLITS, Split, training_rows
from raman_pipeline.spectra.tensor_file import SpectrumTensor, open_tensor

Matrix = npt.NDArray[np.float32]
WINDOW = (100.0, 1500.0)


def first_derivative(intensity: Matrix, points: int) -> Matrix:
    """Returns the derivative by a Savitzky-Golay filter of order 2, [n, m] as given."""
    return savgol_filter(intensity, points, 2, deriv=1, axis=1).astype(np.float32)


def centred(intensity: Matrix, _: int) -> Matrix:
    """Returns the spectra less their mean."""
    return intensity - intensity.mean(axis=1, keepdims=True)


def preparations(
    coarse: SpectrumTensor, fine: SpectrumTensor, ids: list[str]
) -> Iterator[tuple[str, Matrix]]:
    """Yields a name and the prepared spectra, [n, m], in the order of `ids`."""
    inside = (coarse.grid >= WINDOW[0]) & (coarse.grid <= WINDOW[1])
    steps = [f"{np.diff(t.grid)[0]:.1f} cm⁻¹" for t in (coarse, fine)]
    of: list[tuple[str, Callable[[Matrix, int], Matrix], int]] = [
        ("centred", centred, 0),
        ("first derivative", first_derivative, 7),
    ]
    whole = coarse.intensity[coarse.rows_of(ids)]
    yield f"as the networks see it, whole window, {steps[0]}", whole
    for name, prepare, points in of:
        yield f"{name}, 100 to 1,500 cm⁻¹, {steps[0]}", prepare(whole, points)[:, inside]
    near = fine.intensity[fine.rows_of(ids)]
    for name, prepare, points in of:
        yield f"{name}, 100 to 1,300 cm⁻¹, {steps[1]}", prepare(near, points)


def nearest(folds: pd.DataFrame, prepared: Matrix, split: Split) -> tuple[float, float]:
    """Returns the accuracy of the nearest training spectrum, and its share of the specimen."""
    length = np.linalg.norm(prepared, axis=1, keepdims=True)
    unit = prepared / np.maximum(length, 1e-9)
    country, specimen = (pd.factorize(folds[c])[0] for c in ("country", "rruff_id"))
    right, same = [], []
    for fold in sorted(folds["fold"].unique()):
        test = (folds["fold"] == fold).to_numpy()
        train = training_rows(folds, test, split)
        found = np.flatnonzero(train)[(unit[test] @ unit[train].T).argmax(axis=1)]
        right.append(np.mean(country[found] == country[test]))
        same.append(np.mean(specimen[found] == specimen[test]))
    return float(np.mean(right)), float(np.mean(same))


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path, help="store of a profile, run up to the tensors")
    assets = parser.parse_args().store / "assets"
    coarse, fine = (
        open_tensor(assets / f"{name}_spectra.safetensors") for name in ("resampled", "fine")
    )
    tables = {}
    for split in SPLITS:
        table = pq.read_table(assets / "fold_assignment" / f"{split}.parquet").to_pandas()
        tables[split] = table[table["fold"].notna()].sort_values("member_id", ignore_index=True)
    ids = tables["random"]["member_id"].tolist()
    print(f"{len(ids):,} spectra; accuracy, in brackets the share found in the same specimen\n")
    print(f"| preparation | {' | '.join(SPLITS)} |\n|{'---|' * (len(SPLITS) + 1)}")
    for name, prepared in preparations(coarse, fine, ids):
        cells = []
        for split, folds in tables.items():
            accuracy, same = nearest(folds, prepared, split)
            cells.append(f"{accuracy:.3f} ({same:.3f})".replace("0.", "."))
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
