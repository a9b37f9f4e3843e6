"""What a spectrum suffers on its way changes no answer of a library of simulated minerals."""

import numpy as np
import pyarrow as pa
import pytest

from raman_pipeline.common.errors import InputError
from raman_pipeline.learning.identification import robustness
from raman_pipeline.learning.identification.disturbed import disturbed_queries
from raman_pipeline.learning.identification.identify import Identifier
from raman_pipeline.learning.identification.library import library_of_tables, searchable
from raman_pipeline.learning.identification.preparation import GRID as LIBRARY_GRID
from raman_pipeline.learning.identification.preparation import attenuation_of
from raman_pipeline.spectra.resample import Ragged
from raman_pipeline.spectra.spectrum_files import Spectrum
from raman_pipeline_tests.learning.identification.minerals import GRID, drawn, measured_spectrum

ROWS = range(1, 48, 7)


def hump(x, y):
    return x, y + 5 * np.ptp(y) * np.exp(-0.5 * ((x - 600) / 350) ** 2)


def spike(x, y):
    y = y.copy()
    y[333] += 2 * np.ptp(y)
    return x, y


@pytest.fixture(scope="module")
def identifier(library):
    return Identifier(library)


@pytest.mark.parametrize(
    ("disturb", "lost"),
    [
        (lambda x, y: (x + 3, y), 0.15),
        (lambda x, y: (x - 3, y), 0.15),
        (lambda x, y: (x * 1.003, y), 0.15),
        (hump, 0.1),
        (lambda x, y: (x, y + 5 * np.ptp(y) * np.exp(-x / 300)), 0.1),
        (lambda x, y: (x, y + x), 0.1),
        (spike, 0.05),
        (lambda x, y: (x, 1e-4 * y - 7), 1e-3),
    ],
)
def test_what_changes_no_band_changes_no_answer(identifier, library, disturb, lost):
    plain = [measured_spectrum(library, row) for row in ROWS]
    changed = [Spectrum(s.name, *disturb(s.raman_shift, s.intensity)) for s in plain]
    for before, after in zip(identifier.identify(plain), identifier.identify(changed), strict=True):
        assert after.minerals[0].name == before.minerals[0].name
        assert after.unknown == before.unknown
        first, second = before.minerals[0].nearest[0], after.minerals[0].nearest[0]
        assert second.similarity > first.similarity - lost


def test_noise_lowers_the_similarity_as_predicted_and_makes_nothing_unknown(identifier, library):
    ratios, expected = [], []
    for row in ROWS:
        spectra = [measured_spectrum(library, row, noise=level) for level in (0, 0.1)]
        clean, noisy = identifier.identify(spectra)
        assert noisy.query.attenuation < 0.95 < clean.query.attenuation
        assert noisy.minerals[0].name == library.minerals[library.mineral[row]]
        assert not noisy.unknown
        near = [found.minerals[0].nearest[0].similarity for found in (clean, noisy)]
        ratios.append(near[1] / near[0])
        expected.append(noisy.query.attenuation)
    assert np.mean(ratios) == pytest.approx(np.mean(expected), abs=0.1)


@pytest.mark.parametrize("step", [1, 4])
def test_noise_alone_has_little_in_common_with_itself(step):
    shift = GRID[::step]
    noise = np.random.default_rng(3).standard_normal((9, shift.size))
    assert attenuation_of(shift, noise, GRID).mean() < 0.7


@pytest.mark.parametrize(("step", "width"), [(4, 3), (16, 15), (33, 8)])
def test_wide_steps_are_not_taken_for_noise(step, width):
    shift = GRID[::step]
    bands = sum(1 / (1 + ((shift - at) / width) ** 2) for at in (201, 470.5, 800, 1083))
    assert attenuation_of(shift, bands[None], GRID)[0] > 0.98


def test_copies_for_the_fit_are_reproducible_and_differ(library):
    rows = np.arange(0, len(library), 3)
    once, again, other = (disturbed_queries(library, rows, seed) for seed in (0, 0, 1))
    assert all(np.array_equal(a, b) for a, b in zip(once, again, strict=True))
    assert not np.array_equal(once.derivatives, other.derivatives)
    assert (once.valid <= library.valid[rows]).all()
    points = np.sort(once.valid.sum(axis=1))
    assert points[0] < 500 < 1000 < np.median(points)
    assert (once.attenuation > 0).all() and (once.attenuation <= 1).all()


@pytest.fixture(scope="module")
def stored():
    """A SPECTRA table of simulated minerals as measured."""
    intensity, _, rows = drawn(minerals=6, specimens=2, spectra=1)
    constant = {"kind": "Processed", "raman_shift": GRID, "archive": "fair_oriented"}
    constant |= dict.fromkeys(("copies", "ideal_chemistry", "measured_chemistry"))
    measured = [
        {k: v for k, v in row.items() if k != "country"} | constant | {"intensity": y}
        for row, y in zip(rows, intensity.tolist(), strict=True)
    ]
    return pa.Table.from_pylist(measured)


def library_of(table):
    frame = table.drop(["raman_shift", "intensity"]).to_pandas()
    columns = table["raman_shift"], table["intensity"]
    places = frame[["rruff_id"]].drop_duplicates().assign(iso_a2="US")
    return library_of_tables(frame, [Ragged.from_columns(*columns)], places)


def test_every_condition_is_evaluated_with_the_same_spectra(stored):
    table = stored
    found = robustness.evaluate_robustness(library_of(table), Batches(table), 8, 0)
    assert robustness.ROBUSTNESS.problems(found) == []
    again = robustness.evaluate_robustness(library_of(table), Batches(table), 8, 0)
    assert found.equals(again)
    frame = found.to_pandas()
    assert frame.groupby(["disturbance", "degree"])["member_id"].agg(tuple).nunique() == 1
    summary = robustness.by_condition(frame)
    assert len(summary) == len(robustness.CONDITIONS) and (summary["n"] == 8).all()
    strong = summary[summary["disturbance"] == "background, 10 times the peak"].iloc[0]
    assert strong["top1"] >= max(0.9, strong["plain_top1"])


def test_spectra_of_too_few_minerals_are_refused(stored):
    with pytest.raises(
        InputError, match="3 spectra drawn .* at least 5 .*identification.robustness"
    ):
        robustness.evaluate_robustness(library_of(stored), Batches(stored), 3, 0)


class Batches:
    """A table as one batch, as `StoredTable` gives them."""

    def __init__(self, table):
        self.table = table

    def batches(self, columns):
        yield self.table.select(columns)


def test_raw_spectra_of_other_minerals_and_all_names_are_in_the_library(stored):
    frame = stored.to_pandas()
    frame.loc[0:1, "kind"] = "RAW"
    frame.loc[2, "kind"] = "RAW"
    frame.loc[4, "mineral"] = "Unknown"
    frame.loc[5, "mineral"] = None
    assert searchable(frame).tolist() == [True, True, False, True, False, False] + [True] * 6
    frame.loc[7, "copies"] = "a/Former__R1__x.txt\nb/unknown__R1__x.txt\nb/m3__R1__x.txt"
    library = library_of(pa.Table.from_pandas(frame))
    assert np.array_equal(library.grid, LIBRARY_GRID)
    assert [names for names in library.other_names if names] == [("Former",)]
    named = library.specimens[[bool(n) for n in library.other_names].index(True)]
    assert named == frame["rruff_id"][7]
