"""Studies of many fits: which inputs help, how far more data would, who wins for sure.

What belongs here: the input ablation, the scaling curve and the paired comparison,
each over folds made from a study's rows. What does not: the report over the
partitioned predictions (see `report`).

All three use the `specimen` split, whose test specimens the training never saw.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.metrics import f1_score

from raman_pipeline.learning.calibration import log_loss
from raman_pipeline.learning.families import FAMILIES, Family, blend, lookup
from raman_pipeline.learning.fitting import fit_family, predict_family
from raman_pipeline.learning.inputs import INPUTS, Input
from raman_pipeline.learning.labelled import LabelledSpectra, fold_sides
from raman_pipeline.learning.options import FitContext
from raman_pipeline.learning.splits import Split, assign_folds
from raman_pipeline.spectra.tensor_file import SpectrumTensor
from raman_pipeline.tables import Column, TableSchema

SPLIT: Split = "specimen"
_SHARE = (0.0, 1.0)

STUDY_RUNS = TableSchema(
    "study_runs",
    (
        Column("variant", pa.string(), "what was fitted: a family, or a set of inputs"),
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
class StudyData:
    """What every study draws its folds from.

    Attributes:
        rows: a FOLDS table of any split; its exclusions hold, its folds do not.
        tensor: the spectra.
        facts: a FACTS table.
        n_folds: how many folds.
        trees: of a forest.
    """

    rows: pd.DataFrame
    tensor: SpectrumTensor
    facts: pd.DataFrame
    n_folds: int
    trees: int

    def sides(self, seed: int) -> Iterator[tuple[int, LabelledSpectra, LabelledSpectra]]:
        """Yields fold, training side and test side under one seed."""
        study = self.rows.drop(columns=["group", "fold"])
        folds = assign_folds(study, SPLIT, self.n_folds, seed).to_pandas()
        for fold in range(self.n_folds):
            yield fold, *fold_sides(folds, self.tensor, fold, self.facts)


def compare_families(
    data: StudyData, names: Iterable[str], seeds: Sequence[int], on_run: OnRun
) -> pa.Table:
    """Fits families on the same folds under several seeds; returns a STUDY_RUNS table."""
    chosen = [FAMILIES[name] for name in names]
    return _table(
        _run(data, family, family.name, train, test, seed, fold, on_run)
        for seed in seeds
        for fold, train, test in data.sides(seed)
        for family in chosen
    )


ABLATION: tuple[tuple[Input, ...], ...] = (
    ("spectrum",),
    ("mineral",),
    ("ideal_chemistry",),
    ("measured_chemistry",),
    ("laser",),
    ("spectrum", "laser"),
    ("spectrum", "mineral"),
    ("spectrum", "ideal_chemistry"),
    ("spectrum", "ideal_chemistry", "measured_chemistry"),
    INPUTS,
)
"""Sets of inputs: each alone, then beside the spectrum."""

N_ABLATED = len(ABLATION) + 1


def ablate_inputs(data: StudyData, seed: int, on_run: OnRun) -> pa.Table:
    """Fits the same learner, the blend, on each set of ABLATION; returns a STUDY_RUNS table.

    Beside them stands COLLECTION, which is no property of a mineral; the facts must have
    a column `source`.
    """
    variants = {" + ".join(inputs): blend("blend", "blend", inputs) for inputs in ABLATION}
    variants[COLLECTION] = lookup(
        "source_lookup", COLLECTION, "Gives the commonest country of who gave it.", "source"
    )
    return _table(
        _run(data, family, name, train, test, seed, fold, on_run)
        for fold, train, test in data.sides(seed)
        for name, family in variants.items()
    )


COLLECTION = "who gave the specimen (look-up)"
"""A confound: collectors have favourite countries."""

SHARES = (0.1, 0.2, 0.4, 0.7, 1.0)


def scaling_curve(data: StudyData, names: Iterable[str], seed: int, on_run: OnRun) -> pa.Table:
    """Fits families on growing parts of the training specimens; returns a STUDY_RUNS table.

    The parts are nested: a larger one holds every smaller one.
    """
    chosen = [FAMILIES[name] for name in names]

    def runs() -> Iterator[dict]:
        for fold, train, test in data.sides(seed):
            for share in SHARES:
                part = some_specimens(train, share, seed + fold)
                for family in chosen:
                    yield _run(data, family, family.name, part, test, seed, fold, on_run, share)

    return _table(runs())


def some_specimens(train: LabelledSpectra, share: float, seed: int) -> LabelledSpectra:
    """Returns the spectra of a random share of the specimens; larger shares hold smaller ones."""
    specimens = np.sort(train.about["rruff_id"].unique())
    order = np.random.default_rng(seed).permutation(len(specimens))
    kept = specimens[order[: round(share * len(specimens))]]
    return train.subset(train.about["rruff_id"].isin(kept).to_numpy())


def _run(
    data: StudyData,
    family: Family,
    variant: str,
    train: LabelledSpectra,
    test: LabelledSpectra,
    seed: int,
    fold: int,
    on_run: OnRun,
    share: float = 1.0,
) -> dict:
    context = FitContext(seed, SPLIT, trees=data.trees)
    state = fit_family(family, train, context)
    found = predict_family(family, state, train, test)
    predicted = found.scores.argmax(axis=1)
    of_label = found.scores[np.arange(len(test)), test.label][:, None]
    row = {
        "variant": variant,
        "seed": seed,
        "fold": fold,
        "share": share,
        "specimens": train.about["rruff_id"].nunique(),
        "training": len(train),
        "n": len(test),
        "accuracy": float((predicted == test.label).mean()),
        "macro_f1": float(f1_score(test.label, predicted, average="macro", zero_division=0)),
        "top5": float(((found.scores > of_label).sum(axis=1) < 5).mean()),
        "log_loss": log_loss(found.probabilities, test.label),
    }
    on_run(row)
    return row


def _table(rows: Iterable[dict]) -> pa.Table:
    return STUDY_RUNS.from_rows(rows)
