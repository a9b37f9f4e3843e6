"""Identification of disturbed spectra, beside a plain search that prepares nothing.

What belongs here: disturbances of spectra as they were measured, and one row of results per
condition and spectrum. What does not: the disturbed copies that calibrations are fitted on (see
`disturbed`), the text of the report (see `report`).

The spectra are searched for without their own specimens, whatever is done to them. The plain search
takes the cosine of first derivatives of min-max scaled, square-rooted spectra, and the nearest
spectrum, on a grid of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from raman_pipeline.common.errors import InputError
from raman_pipeline.common.parquet import StoredTable
from raman_pipeline.common.schema import Column, TableSchema
from raman_pipeline.common.shards import Ledger, in_shards
from raman_pipeline.learning.identification.calibration import Calibration
from raman_pipeline.learning.identification.calibration_fit import fit_calibration, with_disturbed
from raman_pipeline.learning.identification.derivatives import inner_mask, masked_norms
from raman_pipeline.learning.identification.evaluation import ranks
from raman_pipeline.learning.identification.leave_one_out import (
    FOLDS,
    HeldOutQueries,
    HeldOutScores,
    leave_one_specimen_out,
    multi_specimen_spectra,
)
from raman_pipeline.learning.identification.library import MineralLibrary
from raman_pipeline.learning.identification.query import Query, QueryError, prepare
from raman_pipeline.learning.identification.results import UNKNOWN_BELOW
from raman_pipeline.learning.identification.search import EXCLUDED
from raman_pipeline.spectra.derivatives import root_derivative_spectra
from raman_pipeline.spectra.normalise import min_max
from raman_pipeline.spectra.resample import Ragged, resample, resample_set
from raman_pipeline.spectra.spectrum_files import Spectrum

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Disturb = Callable[[Floats, Floats, np.random.Generator], tuple[Floats, Floats]]

_PLAIN_GRID = np.arange(100.0, 1300.0)
_PLAIN_SIGMA = 3.0
_FWHM = 2.355
"""Of a Gaussian, in units of its standard deviation."""
_FEW = 100
"""Spectra; a condition takes a second then, no more than a process to start."""


class Condition(NamedTuple):
    """A disturbance: its kind, its degree in words, and what it does to shift and intensity."""

    kind: str
    degree: str
    disturb: Disturb


def _noise(level: float) -> Disturb:
    return lambda x, y, rng: (x, y + level * np.ptp(y) * rng.standard_normal(y.size))


def _background(height: float) -> Disturb:
    def disturb(x: Floats, y: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
        across = (x - x[0]) / (x[-1] - x[0])
        if rng.random() < 0.5:
            shape = np.exp(-rng.uniform(1, 4) * across)
        else:
            shape = np.exp(-0.5 * ((across - rng.uniform(0, 1)) / rng.uniform(0.35, 0.7)) ** 2)
        return x, y + height * np.ptp(y) * (shape - shape.min()) / np.ptp(shape)

    return disturb


def _shift(cm1: float) -> Disturb:
    return lambda x, y, rng: (x + rng.choice([-cm1, cm1]), y)


def _stretch(share: float) -> Disturb:
    return lambda x, y, rng: (x * (1 + rng.choice([-share, share])), y)


def _resolution(fwhm_cm1: float) -> Disturb:
    def disturb(x: Floats, y: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
        from scipy.ndimage import gaussian_filter1d

        step = float(np.median(np.diff(x)))
        return x, gaussian_filter1d(y, fwhm_cm1 / _FWHM / step, mode="nearest")

    return disturb


def _spikes(number: int) -> Disturb:
    def disturb(x: Floats, y: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
        y, height = y.copy(), np.ptp(y)
        for at in rng.integers(2, y.size - 2, size=number):
            y[at] += height * rng.uniform(0.3, 3)
        return x, y

    return disturb


def _range(start: float, stop: float) -> Disturb:
    def disturb(x: Floats, y: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
        kept = (x >= start) & (x <= stop)
        return x[kept], y[kept]

    return disturb


def _handheld(x: Floats, y: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    for step in (_shift(2), _resolution(8), _range(200, 1300), _background(3), _noise(0.02)):
        x, y = step(x, y, rng)
    return x, y


CONDITIONS = (
    Condition("as measured", "", lambda x, y, rng: (x, y)),
    *(Condition("noise", f"{s:g} of the peak", _noise(s)) for s in (0.02, 0.05, 0.1, 0.2)),
    *(Condition("background", f"{h:g} times the peak", _background(h)) for h in (1, 3, 10)),
    *(Condition("shift", f"{s:g} cm⁻¹", _shift(s)) for s in (2, 3, 5)),
    *(Condition("stretch", f"{s:.1%}", _stretch(s)) for s in (0.002, 0.005)),
    *(Condition("resolution", f"{w:g} cm⁻¹ more", _resolution(w)) for w in (8, 12)),
    Condition("spikes", "5", _spikes(5)),
    *(
        Condition("range", f"{a:,} to {b:,} cm⁻¹", _range(a, b))
        for a, b in ((200, 1000), (400, 1500))
    ),
    Condition(
        "handheld", "shift 2, resolution 8, 200 to 1,300, background 3, noise 0.02", _handheld
    ),
)


def _probability(name: str, description: str) -> Column:
    return Column(name, pa.float64(), description, between=(0, 1))


ROBUSTNESS = TableSchema(
    "robustness_evaluation",
    (
        Column("disturbance", pa.string(), "what is done to the spectrum"),
        Column("degree", pa.string(), "of the disturbance, in words"),
        Column("member_id", pa.string(), "the spectrum"),
        Column("rank", pa.int64(), "rank of the correct mineral, from 1: identify"),
        Column("rank_plain", pa.int64(), "the same: plain search"),
        _probability("in_library_probability", "that the mineral is in the library"),
        _probability("in_library_probability_without_mineral", "the same, mineral left out"),
    ),
    ("disturbance", "degree", "member_id"),
)


def evaluate_robustness(
    library: MineralLibrary,
    spectra: StoredTable,
    count: int,
    seed: int,
    ledger: Ledger | None = None,
) -> pa.Table:
    """Returns a ROBUSTNESS table of spectra of multi-specimen minerals.

    Args:
        library: reference spectra.
        spectra: a SPECTRA table that holds them as measured.
        count: number of spectra, drawn at random; all if there are fewer.
        seed: of the draw and of the disturbances.
        ledger: to evaluate the conditions in parallel, to the same bytes; for more than 100
            spectra.

    Raises:
        InputError: the spectra drawn are of too few minerals to fit in folds.
    """
    rows = multi_specimen_spectra(library)
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.choice(rows, min(count, len(rows)), replace=False))
    label = library.mineral[rows]
    if (minerals := len(np.unique(label))) < FOLDS:
        raise InputError(
            f"the {len(rows)} spectra drawn to be disturbed are of {minerals} minerals, and at "
            f"least {FOLDS} are needed; increase `identification.robustness`"
        )
    trial = _Trial(
        library,
        rows,
        _measured(spectra, [library.member_id[row] for row in rows]),
        _calibrations(library, label),
        _PlainSearch(library, _on_plain_grid(library, spectra)),
        seed,
    )
    few = len(rows) <= _FEW
    return in_shards(trial.under, range(len(CONDITIONS)), None if few else ledger)


@dataclass(frozen=True)
class _Trial:
    """What the evaluation under each condition needs.

    Attributes:
        library: reference spectra.
        rows: indices of the spectra that are disturbed, int64 [q].
        measured: Raman shift and intensity of each.
        folds: see `_calibrations`.
        plain: the plain search.
        seed: of the disturbances.
    """

    library: MineralLibrary
    rows: Indices
    measured: list[tuple[Floats, Floats]]
    folds: list[tuple[Indices, Calibration]]
    plain: _PlainSearch
    seed: int

    def under(self, number: int) -> pa.Table:
        """Returns the ROBUSTNESS rows of a condition."""
        condition, rows, label = CONDITIONS[number], self.rows, self.library.mineral[self.rows]
        rng = np.random.default_rng([self.seed, number])
        changed = [condition.disturb(*one, rng) for one in self.measured]
        queries = [_prepared(self.library, *one) for one in changed]
        held_out = HeldOutQueries(
            rows,
            np.stack([q.derivatives for q in queries]),
            np.stack([q.valid for q in queries]),
            np.array([q.attenuation for q in queries]),
            np.ones(len(queries), dtype=bool),
        )
        found = leave_one_specimen_out(self.library, held_out)
        columns = {
            "disturbance": condition.kind,
            "degree": condition.degree,
            "member_id": np.array(self.library.member_id)[rows],
            "rank": ranks(found.scores, label),
            "rank_plain": ranks(self.plain.scores(rows, changed), label),
        }
        return ROBUSTNESS.from_frame(pd.DataFrame(columns | _in_library(found, self.folds)))


def _calibrations(library: MineralLibrary, label: Indices) -> list[tuple[Indices, Calibration]]:
    """Returns the queries of each fold of minerals, and a calibration of all other minerals."""
    from sklearn.model_selection import GroupKFold

    everything = with_disturbed(library, leave_one_specimen_out(library))
    of_row = library.mineral[everything.row]
    return [
        (test, fit_calibration(library, everything.subset(np.isin(of_row, label[train]))))
        for train, test in GroupKFold(FOLDS).split(label, groups=label)
    ]


def _in_library(
    found: HeldOutScores, folds: list[tuple[Indices, Calibration]]
) -> dict[str, npt.NDArray[np.float64]]:
    """Returns probabilities that the mineral is in the library, also where it was left out."""
    with_mineral, without = np.zeros(len(found.row)), np.zeros(len(found.row))
    for test, calibration in folds:
        part = found.subset(test)
        quality = part.attenuation, part.points
        with_mineral[test] = calibration.in_library(part.scores, *quality)
        without[test] = calibration.in_library(part.without_mineral, *quality)
    return {
        "in_library_probability": with_mineral,
        "in_library_probability_without_mineral": without,
    }


def _prepared(library: MineralLibrary, shift: Floats, intensity: Floats) -> Query:
    """Returns a query; an empty one, which is as similar to all minerals, if it is refused."""
    try:
        return prepare(Spectrum("query", shift, intensity), library.grid)
    except QueryError:
        empty = np.zeros(library.grid.size, dtype=np.float32)
        return Query("query", empty, np.ones(library.grid.size, dtype=bool), empty, ())


def _measured(spectra: StoredTable, member_ids: list[str]) -> list[tuple[Floats, Floats]]:
    """Returns Raman shift and intensity of members, in their order."""
    found = {}
    for batch in spectra.batches(["member_id", "raman_shift", "intensity"]):
        wanted = batch.filter(pc.is_in(batch["member_id"], pa.array(member_ids)))
        for row in wanted.to_pylist():
            shift, intensity = np.array(row["raman_shift"]), np.array(row["intensity"])
            found[row["member_id"]] = shift, intensity
    return [found[member_id] for member_id in member_ids]


def _on_plain_grid(library: MineralLibrary, spectra: StoredTable) -> npt.NDArray[np.float32]:
    """Returns the spectra of the library as measured, scaled, on the plain grid; [n, m]."""
    row_of, parts = dict[str, int](), []
    for batch in spectra.batches(["member_id", "raman_shift", "intensity"]):
        points = Ragged.from_columns(batch["raman_shift"], batch["intensity"])
        for member_id in batch["member_id"].to_pylist():
            row_of[member_id] = len(row_of)
        parts.append(resample_set([points], len(points), _PLAIN_GRID, "adaptive").intensity)
    return np.concatenate(parts)[[row_of[member_id] for member_id in library.member_id]]


def by_condition(robustness: pd.DataFrame) -> pd.DataFrame:
    """Returns one row per condition: accuracies, shares called unknown, and AUROC.

    Args:
        robustness: a ROBUSTNESS table.
    """
    from sklearn.metrics import roc_auc_score

    rows = []
    for (kind, degree), group in robustness.groupby(["disturbance", "degree"], sort=False):
        known = group["in_library_probability"]
        absent = group["in_library_probability_without_mineral"]
        rows.append(
            {
                "disturbance": f"{kind}, {degree}" if degree else kind,
                "n": len(group),
                "top1": (group["rank"] == 1).mean(),
                "top5": (group["rank"] <= 5).mean(),
                "plain_top1": (group["rank_plain"] == 1).mean(),
                "plain_top5": (group["rank_plain"] <= 5).mean(),
                "known_flagged": (known < UNKNOWN_BELOW).mean(),
                "absent_flagged": (absent < UNKNOWN_BELOW).mean(),
                "auroc": float(
                    roc_auc_score(np.repeat([1, 0], len(group)), np.concatenate([known, absent]))
                ),
            }
        )
    return pd.DataFrame(rows)


class _PlainSearch:
    """The plain search in a library."""

    def __init__(self, library: MineralLibrary, intensity: npt.NDArray[np.float32]) -> None:
        self.library = library
        valid = library.valid[:, np.isin(library.grid, _PLAIN_GRID)]
        self._valid = valid.astype(np.float32)
        self._derivatives = root_derivative_spectra(intensity, _PLAIN_SIGMA) * self._valid
        self._ids = np.unique(np.array(library.specimens), return_inverse=True)[1]
        self._starts = np.searchsorted(library.mineral, np.arange(len(library.minerals)))

    def scores(self, rows: Indices, spectra: list[tuple[Floats, Floats]]) -> npt.NDArray[Any]:
        """Returns the greatest cosine with each mineral, [q, minerals]."""
        values, inside = zip(*(resample(*s, _PLAIN_GRID, "adaptive") for s in spectra), strict=True)
        scaled = np.stack([min_max(v, m) for v, m in zip(values, inside, strict=True)])
        valid = inner_mask(np.stack(inside))
        query = root_derivative_spectra(scaled.astype(np.float32), _PLAIN_SIGMA) * valid
        squares = self._derivatives * self._derivatives
        norms = masked_norms(query, valid, self._valid, squares)
        cosines = query @ self._derivatives.T / norms
        of = self._ids[self.library.specimen]
        cosines[of[rows][:, None] == of[None, :]] = EXCLUDED
        return np.maximum.reduceat(cosines, self._starts, axis=1)
