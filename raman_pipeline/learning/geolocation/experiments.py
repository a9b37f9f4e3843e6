"""Experiments of many fits: paired comparison, input ablation, learning curve.

What belongs here: experiments on folds of their own, under the `specimen` split. What does not:
the effect of duplicates (see `duplicate_effect`), the statistics (see `significance`), the report
on the partitioned predictions (see `report`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa

from raman_pipeline.common.schema import Column, TableSchema
from raman_pipeline.learning.data.labelled import LabelledSpectra, fold_train_test
from raman_pipeline.learning.data.splits import Split, assign_folds
from raman_pipeline.learning.geolocation.features import INPUTS, Input
from raman_pipeline.learning.geolocation.fit_context import FitContext
from raman_pipeline.learning.geolocation.fitting import fit_family, predict_family
from raman_pipeline.learning.geolocation.metrics import label_rank, label_scores, ranked
from raman_pipeline.learning.geolocation.registry import FAMILIES, Family, blend, memorisation
from raman_pipeline.spectra.tensor_file import SpectrumTensor

SPLIT: Split = "specimen"
_SHARE = (0.0, 1.0)

EXPERIMENT_RUNS = TableSchema(
    "experiment_runs",
    (
        Column("variant", pa.string(), "a family, or a set of inputs"),
        Column("seed", pa.int32(), "of the folds and of the fit"),
        Column("fold", pa.int32(), "test fold"),
        Column("share", pa.float64(), "of the training specimens", between=_SHARE),
        Column("specimens", pa.int32(), "training specimens"),
        Column("training", pa.int32(), "training spectra"),
        Column("n", pa.int32(), "test spectra"),
        Column("accuracy", pa.float64(), "share of right countries", between=_SHARE),
        Column("macro_f1", pa.float64(), "mean F1 over countries", between=_SHARE),
        Column("top5", pa.float64(), "share with the label among five", between=_SHARE),
        Column("log_loss", pa.float64(), "of calibrated probabilities, nats"),
    ),
    unique_together=("variant", "seed", "fold", "share"),
)

OnRun = Callable[[dict], None]


@dataclass(frozen=True)
class ExperimentFold:
    """Training and test set of one fold.

    Attributes:
        seed: of the folds and of the fit.
        split: of the folds.
        fold: the test fold.
        train: training set.
        test: test set.
        share: of the training specimens that are in `train`.
    """

    seed: int
    split: Split
    fold: int
    train: LabelledSpectra
    test: LabelledSpectra
    share: float = 1.0


@dataclass(frozen=True)
class ExperimentData:
    """Data that experiments assign to folds.

    Attributes:
        rows: a FOLDS table of any split; its exclusions are used, its folds are not.
        tensor: the spectra.
        covariates: a COVARIATES table.
        n_folds: number of folds.
        trees: number of trees of a forest.
    """

    rows: pd.DataFrame
    tensor: SpectrumTensor
    covariates: pd.DataFrame
    n_folds: int
    trees: int

    def folds(self, seed: int, split: Split = SPLIT) -> Iterator[ExperimentFold]:
        """Yields every fold of one seed."""
        selection = self.rows.drop(columns=["group", "fold"])
        folds = assign_folds(selection, split, self.n_folds, seed).to_pandas()
        for fold in range(self.n_folds):
            train, test = fold_train_test(folds, self.tensor, fold, split, self.covariates)
            yield ExperimentFold(seed, split, fold, train, test)


def compare_families(
    data: ExperimentData, names: Iterable[str], seeds: Sequence[int], on_run: OnRun
) -> pa.Table:
    """Fits families on the same folds under several seeds; returns an EXPERIMENT_RUNS table."""
    chosen = [FAMILIES[name] for name in names]
    return EXPERIMENT_RUNS.from_rows(
        run_family(data, family, family.name, fold, on_run)
        for seed in seeds
        for fold in data.folds(seed)
        for family in chosen
    )


ABLATION: tuple[tuple[Input, ...], ...] = (
    ("spectrum",),
    ("ideal_chemistry",),
    ("measured_chemistry",),
    ("laser",),
    ("spectrum", "laser"),
    ("spectrum", "mineral"),
    ("spectrum", "ideal_chemistry"),
    ("spectrum", "ideal_chemistry", "measured_chemistry"),
    INPUTS,
)
"""Sets of inputs: alone, then with the spectrum."""

MEMORISED = {
    # Trees on 1,000 one-hot columns took 20 minutes per fold and were not better.
    "mineral (memorisation)": "mineral",
    # A confounder: donors have preferred countries.
    "donor (memorisation)": "source",
}
"""Categorical inputs that are memorised, by variant: the column."""

N_ABLATION_VARIANTS = len(ABLATION) + len(MEMORISED)


def ablate_inputs(data: ExperimentData, seed: int, on_run: OnRun) -> pa.Table:
    """Fits the same learner, the blend, on each set of ABLATION; returns an EXPERIMENT_RUNS table.

    The MEMORISED columns are added; the covariates must have a column `source`.
    """
    variants = {" + ".join(inputs): blend("blend", "blend", inputs) for inputs in ABLATION}
    for title, column in MEMORISED.items():
        described = f"Predicts the most frequent training country per {column}."
        variants[title] = memorisation(f"{column}_memorisation", title, described, column)
    return EXPERIMENT_RUNS.from_rows(
        run_family(data, family, name, fold, on_run)
        for fold in data.folds(seed)
        for name, family in variants.items()
    )


SHARES = (0.1, 0.2, 0.4, 0.7, 1.0)


def learning_curve(
    data: ExperimentData, names: Iterable[str], seed: int, on_run: OnRun
) -> pa.Table:
    """Fits families on growing subsets of the training specimens; returns an EXPERIMENT_RUNS table.

    The subsets are nested.
    """
    chosen = [FAMILIES[name] for name in names]

    def runs() -> Iterator[dict]:
        for fold in data.folds(seed):
            for share in SHARES:
                subset = subsample_specimens(fold.train, share, seed + fold.fold)
                smaller = replace(fold, train=subset, share=share)
                for family in chosen:
                    yield run_family(data, family, family.name, smaller, on_run)

    return EXPERIMENT_RUNS.from_rows(runs())


def subsample_specimens(train: LabelledSpectra, share: float, seed: int) -> LabelledSpectra:
    """Returns the spectra of a random share of the specimens; subsets are nested by share."""
    specimens = np.sort(train.metadata["rruff_id"].unique())
    order = np.random.default_rng(seed).permutation(len(specimens))
    kept = specimens[order[: round(share * len(specimens))]]
    return train.subset(train.metadata["rruff_id"].isin(kept).to_numpy())


def run_family(
    data: ExperimentData, family: Family, variant: str, fold: ExperimentFold, on_run: OnRun
) -> dict[str, object]:
    """Fits and tests a family on one fold; returns a row of EXPERIMENT_RUNS."""
    context = FitContext(fold.seed, fold.split, data.trees)
    state = fit_family(family, fold.train, context)
    found = predict_family(family, state, fold.train, fold.test)
    label, order = fold.test.label, ranked(found.scores, fold.train)
    probability = found.probabilities[np.arange(len(label)), label]
    row: dict[str, object] = {
        "variant": variant,
        "seed": fold.seed,
        "fold": fold.fold,
        "share": fold.share,
        "specimens": fold.train.metadata["rruff_id"].nunique(),
        "training": len(fold.train),
        "n": len(label),
        **label_scores(label, order[:, 0], label_rank(order, label), probability),
    }
    on_run(row)
    return row
