"""Which spectra an autoencoder learns from, and which it must not have seen.

What belongs here: spectra with their names, and the division by specimen. What does not: the
grid (see `raman_pipeline.spectra`), minerals of a task (see `clustering.tasks`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from raman_pipeline.spectra.tensor_file import SpectrumTensor

UNSEEN_OF_TASK = 0.5
"""Share of the specimens of each mineral to be clustered that training does not see."""
UNSEEN_OF_OTHERS = 0.1


@dataclass(frozen=True)
class Corpus:
    """Spectra on one grid with what is known of them.

    Attributes:
        intensity: float32 [n, m], 0 to 1.
        grid: float64 [m], cm⁻¹.
        metadata: [n] rows with `member_id`, `member`, `mineral`, `rruff_id`, `wavelength_nm`.
    """

    intensity: npt.NDArray[np.float32]
    grid: npt.NDArray[np.float64]
    metadata: pd.DataFrame

    def __len__(self) -> int:
        return len(self.metadata)

    @property
    def specimens(self) -> npt.NDArray[np.int64]:
        """A number for each specimen, int64 [n]."""
        return pd.factorize(self.metadata["rruff_id"])[0].astype(np.int64)

    def subset(self, rows: npt.NDArray[np.bool_]) -> Corpus:
        """Returns some of the spectra."""
        metadata = self.metadata[rows].reset_index(drop=True)
        return replace(self, intensity=self.intensity[rows], metadata=metadata)

    def of_minerals(self, minerals: Iterable[str]) -> Corpus:
        """Returns the spectra of some minerals."""
        return self.subset(self.metadata["mineral"].isin(list(minerals)).to_numpy())


def make_corpus(tensor: SpectrumTensor, metadata: pd.DataFrame) -> Corpus:
    """Joins spectra and names; spectra without a specimen count as specimens of their own.

    Args:
        tensor: the spectra.
        metadata: rows with `member_id` and the columns of a Corpus, in any order.

    Raises:
        KeyError: a row is not in the tensor.
    """
    rows = tensor.rows_of(metadata["member_id"].tolist())
    specimen = metadata["rruff_id"].fillna(metadata["member_id"])
    named = metadata.assign(rruff_id=specimen).reset_index(drop=True)
    return Corpus(np.asarray(tensor.intensity[rows]), tensor.grid, named)


def unseen(corpus: Corpus, minerals: Iterable[str], seed: int) -> npt.NDArray[np.bool_]:
    """Chooses the specimens that training must not see, bool [n] by spectrum.

    Half of the specimens of each given mineral, so that there is something to cluster, and a
    tenth of all others, so that denoising is judged on every kind of mineral. A mineral with one
    specimen keeps it for training. No specimen stands on both sides.
    """
    rng = np.random.default_rng(seed)
    metadata = corpus.metadata[["mineral", "rruff_id"]].drop_duplicates()
    chosen: set[str] = set()
    of_task = metadata[metadata["mineral"].isin(list(minerals))]
    for _, rows in of_task.groupby("mineral", sort=True):
        chosen |= _some(rows["rruff_id"], UNSEEN_OF_TASK, rng)
    others = metadata[~metadata["rruff_id"].isin(of_task["rruff_id"])]["rruff_id"].drop_duplicates()
    chosen |= _some(others, UNSEEN_OF_OTHERS, rng)
    return corpus.metadata["rruff_id"].isin(chosen).to_numpy()


def _some(specimens: pd.Series, share: float, rng: np.random.Generator) -> set[str]:
    names = np.sort(specimens.to_numpy(str))
    return set(rng.permutation(names)[: int(share * len(names))])
