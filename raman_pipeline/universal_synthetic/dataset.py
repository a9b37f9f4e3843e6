"""The sets as memory-mapped files."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from raman_pipeline.common import atomic
from raman_pipeline.common.hashing import arrays_version
from raman_pipeline.common.schema import Column, TableSchema
from raman_pipeline.common.storage import StorePath, local_copy
from raman_pipeline.universal_synthetic import VARIATION_SEED
from raman_pipeline.universal_synthetic.classes import (
    POINTS,
    PeakClass,
    challenge_classes,
    universal_classes,
)
from raman_pipeline.universal_synthetic.variation import (
    PARTS,
    Part,
    Peaks,
    SetName,
    random_peaks,
    test_peaks,
)

SET_NAMES: tuple[SetName, ...] = ("universal", "challenge")
SETS = TableSchema(
    "universal_synthetic_set",
    (
        Column("set", pa.string(), "universal or challenge", isin=SET_NAMES),
        Column("part", pa.string(), "training, validation or test"),
        Column("classes", pa.int64(), "classes"),
        Column("spectra", pa.int64(), "spectra of 5,000 points"),
        Column("sha256", pa.string(), "of the peaks that the spectra are made of"),
        Column("folder", pa.string(), "below the store"),
    ),
    ("set", "part"),
)


@dataclass(frozen=True)
class Labelled:
    """Spectra of one part of a set.

    Attributes:
        spectra: float32 [n, 5000], the maximum of each is 1; may be memory-mapped.
        label: int64 [n], index of the class.
        top: float32 [n], the maximum of each before normalisation.
    """

    spectra: npt.NDArray[np.float32]
    label: npt.NDArray[np.int64]
    top: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.label)

    def subset(self, rows: npt.NDArray[np.integer] | npt.NDArray[np.bool_]) -> Labelled:
        """Returns some of the rows."""
        return Labelled(np.asarray(self.spectra[rows]), self.label[rows], self.top[rows])

    def of_classes(self, first: int, stop: int) -> Labelled:
        """Returns the spectra of the classes `first` to `stop` − 1, with the same labels."""
        return self.subset((self.label >= first) & (self.label < stop))

    def first_of_class(self, count: int) -> Labelled:
        """Returns the first `count` spectra of each class."""
        order = np.argsort(self.label, kind="stable")
        starts = np.unique(self.label[order], return_index=True)[1]
        rank = np.empty(len(self), dtype=np.int64)
        sizes = np.diff(np.append(starts, len(self)))
        rank[order] = np.concatenate([np.arange(n) for n in sizes])
        return self.subset(rank < count)


def classes_of(name: SetName) -> list[PeakClass]:
    """Returns the classes of a set."""
    return universal_classes() if name == "universal" else challenge_classes()


def peaks_of(name: SetName, seed: int = VARIATION_SEED) -> dict[Part, Peaks]:
    """Returns the peaks of all spectra of a set."""
    classes = classes_of(name)
    return {**random_peaks(classes, name, seed), "test": test_peaks(classes, name)}


def write_set(folder: StorePath, name: SetName, seed: int = VARIATION_SEED) -> dict[Part, int]:
    """Writes a set as `<part>.spectra.npy`, `.label.npy` and `.top.npy`; returns its sizes."""
    from raman_pipeline.universal_synthetic.rendering import render

    counts: dict[Part, int] = {}
    for part, peaks in peaks_of(name, seed).items():
        with atomic.replacing(_file(folder, part, "spectra")) as temporary:
            spectra = np.lib.format.open_memmap(
                temporary, "w+", np.dtype("float32"), (len(peaks), POINTS)
            )
            top = render(peaks, spectra)
            spectra.flush()
        for what, values in (("label", peaks.label), ("top", top)):
            path = _file(folder, part, what)
            with atomic.replacing(path) as temporary, temporary.open("wb") as file:
                np.save(file, values)
        counts[part] = len(peaks)
    return counts


def describe_set(name: SetName, seed: int = VARIATION_SEED) -> list[dict]:
    """Returns the rows of SETS for one set, without `folder`."""
    return [
        {
            "set": name,
            "part": part,
            "classes": len(classes_of(name)),
            "spectra": len(peaks),
            "sha256": arrays_version(vars(peaks)),
        }
        for part, peaks in peaks_of(name, seed).items()
    ]


def load_set(folder: StorePath) -> dict[Part, Labelled]:
    """Opens a set; the spectra are memory-mapped.

    Raises:
        ValueError: the folder holds no complete set.
    """
    try:
        return {
            part: Labelled(
                np.load(local_copy(_file(folder, part, "spectra")), mmap_mode="r"),
                np.load(local_copy(_file(folder, part, "label"))),
                np.load(local_copy(_file(folder, part, "top"))),
            )
            for part in PARTS
        }
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{folder}: no complete set of synthetic spectra ({error}); materialise "
            "universal_synthetic_set again"
        ) from error


def _file(folder: StorePath, part: Part, what: str) -> StorePath:
    return folder / f"{part}.{what}.npy"
