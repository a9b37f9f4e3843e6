"""Spectra on one grid with their metadata, and the specimens held out of training."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from raman_pipeline.spectra.tensor_file import SpectrumTensor

CORPUS_COLUMNS = ("member_id", "member", "mineral", "rruff_id", "wavelength_nm", "kind")
"""Columns of the SPECTRA table that `make_corpus` needs."""
HELD_OUT_OF_GIVEN = 0.5
HELD_OUT_OF_OTHERS = 0.1
HELD_OUT_RULE = (
    "half of the specimens of each mineral of the hard set and a tenth of all others, drawn per "
    "seed; the default preset is not trained on them"
)


@dataclass(frozen=True)
class Corpus:
    """Spectra on one grid with their metadata.

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
        """The number of each spectrum's specimen, int64 [n]."""
        return pd.factorize(self.metadata["rruff_id"])[0].astype(np.int64)

    def subset(self, rows: npt.NDArray[np.bool_]) -> Corpus:
        """Returns the spectra where `rows`, bool [n], is true."""
        metadata = self.metadata[rows].reset_index(drop=True)
        return replace(self, intensity=self.intensity[rows], metadata=metadata)

    def without_specimens(self, specimens: Iterable[str]) -> Corpus:
        """Returns the spectra of all other specimens."""
        return self.subset(~self.metadata["rruff_id"].isin(list(specimens)).to_numpy())

    def of_minerals(self, minerals: Iterable[str]) -> Corpus:
        """Returns the spectra of some minerals."""
        return self.subset(self.metadata["mineral"].isin(list(minerals)).to_numpy())


def make_corpus(spectra: pd.DataFrame, tensor: SpectrumTensor) -> Corpus:
    """Returns the processed spectra; those without a specimen count as one specimen each.

    Args:
        spectra: a SPECTRA table, or its CORPUS_COLUMNS, in any order of rows.
        tensor: the intensities.

    Raises:
        KeyError: a processed spectrum is not in the tensor.
    """
    processed = spectra[spectra["kind"] == "Processed"].reset_index(drop=True)
    rows = tensor.rows_of(processed["member_id"].tolist())
    specimen = processed["rruff_id"].fillna(processed["member_id"])
    metadata = processed.assign(rruff_id=specimen).drop(columns="kind")
    return Corpus(np.asarray(tensor.intensity[rows]), tensor.grid, metadata)


def held_out(corpus: Corpus, minerals: Iterable[str], seed: int) -> npt.NDArray[np.bool_]:
    """Returns which spectra are held out of training, bool [n], by specimen.

    Half of the specimens of each given mineral, so that there are enough to cluster, and a
    tenth of all others, so that denoising is evaluated on every kind of mineral. A mineral
    with one specimen keeps it for training.
    """
    rng = np.random.default_rng(seed)
    names = corpus.metadata[["mineral", "rruff_id"]].drop_duplicates()
    chosen: set[str] = set()
    given = names[names["mineral"].isin(list(minerals))]
    for _, rows in given.groupby("mineral", sort=True):
        chosen |= _draw(rows["rruff_id"], HELD_OUT_OF_GIVEN, rng)
    others = names[~names["rruff_id"].isin(given["rruff_id"])]["rruff_id"].drop_duplicates()
    chosen |= _draw(others, HELD_OUT_OF_OTHERS, rng)
    return corpus.metadata["rruff_id"].isin(chosen).to_numpy()


def _draw(specimens: pd.Series, share: float, rng: np.random.Generator) -> set[str]:
    ordered = np.sort(specimens.to_numpy(str))
    return set(rng.permutation(ordered)[: int(share * len(ordered))])


@dataclass(frozen=True)
class SplitCorpus:
    """All processed spectra, and the specimens that a seed holds out of training.

    Attributes:
        spectra: all processed spectra on the fine grid.
        training: those of the other specimens.
        held_out: those of held-out specimens.
    """

    spectra: Corpus
    training: Corpus
    held_out: Corpus


def split_corpus(corpus: Corpus, minerals: Iterable[str], seed: int) -> SplitCorpus:
    """Returns a corpus with its held-out specimens, as `held_out` draws them."""
    rows = held_out(corpus, minerals, seed)
    return SplitCorpus(corpus, corpus.subset(~rows), corpus.subset(rows))
