import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from raman_pipeline.learning.identification.identify import Identifier
from raman_pipeline.learning.identification.library import (
    LibraryError,
    MineralLibrary,
    build_library,
)
from raman_pipeline.learning.identification.query import QueryError, prepare
from raman_pipeline.spectra.baseline import BASELINES
from raman_pipeline.spectra.spectrum_files import Spectrum
from raman_pipeline_tests.learning.identification.minerals import (
    GRID,
    drawn,
    measured_spectrum,
    unfitted_library,
)


@pytest.fixture(scope="module")
def identifier(library):
    return Identifier(library)


def test_every_row_is_in_the_library_whatever_the_order():
    intensity, measured, rows = drawn()
    library = build_library(intensity, measured, GRID, rows)
    with pytest.raises(ValueError, match="no mineral"):
        build_library(intensity, measured, GRID, [{**r, "mineral": None} for r in rows])
    with pytest.raises(ValueError, match="none"):
        build_library(intensity[:0], measured[:0], GRID, [])
    order = np.random.default_rng(1).permutation(len(rows))
    shuffled = build_library(intensity[order], measured[order], GRID, [rows[i] for i in order])
    assert library.member_id == shuffled.member_id
    assert np.array_equal(library.derivatives, shuffled.derivatives)
    assert (np.diff(library.mineral) >= 0).all() and (np.diff(library.specimen) >= 0).all()
    found = {
        (member, library.minerals[m], library.specimens[s], library.countries[s])
        for member, m, s in zip(library.member_id, library.mineral, library.specimen, strict=True)
    }
    names = ("member_id", "mineral", "rruff_id", "country")
    assert found == {tuple(r[name] for name in names) for r in rows}


def test_round_trip(library):
    again = MineralLibrary.from_state(library.to_state())
    assert np.array_equal(again.valid, library.valid)
    for name in ("intensity", "derivatives"):
        values = getattr(library, name)
        assert np.abs(getattr(again, name) - values).max() < 1e-3 * np.abs(values).max()
    for name in ("minerals", "specimens", "countries", "other_names", "fitted"):
        assert getattr(again, name) == getattr(library, name)


@pytest.mark.parametrize(("points", "expected"), [(550, ["short_range"]), (650, [])])
def test_narrow_windows_come_with_a_warning(library, points, expected):
    whole = measured_spectrum(library, 5)
    narrow = Spectrum("mine", whole.raman_shift[300:][:points], whole.intensity[300:][:points])
    assert [w.kind for w in prepare(narrow, library.grid).warnings] == expected


def test_a_gap_of_the_axis_is_not_covered(library):
    whole = measured_spectrum(library, 0)
    kept = (whole.raman_shift <= 400) | (whole.raman_shift >= 600)
    query = prepare(Spectrum("mine", whole.raman_shift[kept], whole.intensity[kept]), library.grid)
    inner = ~query.valid[(library.grid > 397) & (library.grid < 603)]
    assert inner.all() and query.valid.sum() < prepare(whole, library.grid).valid.sum() - 200
    assert "wide_steps" in [w.kind for w in query.warnings]


def test_a_spectrum_of_the_library_is_prepared_as_it_is_there(library):
    query = prepare(measured_spectrum(library, 5), library.grid)
    valid = query.valid & library.valid[5]
    difference = (query.derivatives - library.derivatives[5])[valid][20:-20]
    assert np.abs(difference).max() < 0.02
    assert "resampled to 100 to 1299" in query.preprocessing[0]


@pytest.mark.parametrize(
    ("start", "slope", "baseline", "message"),
    [
        (2000, 0, "none", "covers 2000 to 2999 cm⁻¹"),
        (100, 0, "none", "the intensity is constant"),
        (100, 0, "asls", "the intensity is constant"),
        (100, 1e300, "arpls", "values too large; scale them"),
        (100, 1e305, "none", "values too large; scale them"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_what_cannot_be_searched_for_is_refused(start, slope, baseline, message):
    shift = np.arange(start, start + 1000.0)
    with pytest.raises(QueryError, match=f"mine: {message}"):
        prepare(Spectrum("mine", shift, 1 + slope * shift), GRID, baseline)


def test_known_minerals_are_identified(identifier, library):
    rows = range(0, len(library), 5)
    found = identifier.identify([measured_spectrum(library, r, noise=0.01) for r in rows])
    for row, one in zip(rows, found, strict=True):
        first = one.minerals[0]
        assert first.name == library.minerals[library.mineral[row]]
        assert first.nearest[0].rruff_id == library.specimens[library.specimen[row]]
        assert first.nearest[0].url.endswith(first.nearest[0].rruff_id)
        assert not one.unknown
        assert sum(m.probability for m in one.minerals) <= 1


def test_minerals_that_are_not_in_the_library_are_unknown(identifier):
    other = unfitted_library(minerals=12, seed=99)
    spectra = [measured_spectrum(other, r) for r in range(0, len(other), 6)]
    assert np.mean([found.unknown for found in identifier.identify(spectra)]) > 0.7


def test_the_result_as_json(identifier, library):
    spectrum = measured_spectrum(library, 0, "some/file.txt")
    data = identifier.identify([spectrum], always_mixtures=True)[0].as_json()
    assert json.loads(json.dumps(data)) == data
    assert set(data) == {
        "file", "library", "minerals", "mixtures", "countries", "unknown", "in_library_probability",
        "preprocessing", "countries_caveat", "read", "settings", "warnings", "accepted",
    }  # fmt: skip
    assert set(data["countries"][0]) == {"iso_a2", "probability"}
    assert set(data["mixtures"][0]["components"][0]) == {"name", "rruff_id", "fraction"}
    assert identifier.identify([]) == []


@pytest.mark.parametrize(("share", "listed"), [(0.0, False), (0.4, True)])
def test_mixtures_are_listed_that_fit_better_than_one_specimen(identifier, library, share, listed):
    # Blurred, so that no specimen is as similar as 0.9.
    shape = np.hanning(41) / np.hanning(41).sum()
    mixed = (1 - share) * library.intensity[7] + share * library.intensity[33]
    valid = library.valid[[7, 33]].all(axis=0)
    spectrum = Spectrum("two", GRID[valid], np.convolve(mixed, shape, "same")[valid])
    (found,), (every,) = (identifier.identify([spectrum], always_mixtures=a) for a in (False, True))
    assert found.minerals[0].nearest[0].similarity < 0.9
    assert bool(found.mixtures) == listed
    assert every.mixtures[: len(found.mixtures)] == found.mixtures and every.mixtures


@pytest.mark.parametrize("baseline", BASELINES[1:])
def test_a_baseline_is_corrected_if_requested(identifier, library, baseline):
    plain = measured_spectrum(library, 7)
    hump = 4000 * np.exp(-0.5 * ((plain.raman_shift - 700) / 400) ** 2)
    raw = Spectrum("raw", plain.raman_shift, plain.intensity + hump)
    query = prepare(raw, library.grid, baseline)
    assert f"baseline corrected ({baseline})" in query.preprocessing
    found = identifier.identify_queries([query])[0]
    assert found.minerals[0].name == library.minerals[library.mineral[7]]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "there is no mineral library; build it with"),
        (b"", "old"),
        (b"nonsense", "old"),
        ("cut", "old"),
        # Version 0.1.0 wrote `about`, and no format version.
        ({"about": "{}"}, "earlier version.*rebuild it with `raman-pipeline build-library`"),
        ({"metadata": "{}"}, "format version 1.*rebuild it with `raman-pipeline build-library`"),
    ],
)
def test_a_damaged_or_old_library_or_none_is_refused(tmp_path, library_file, data, message):
    path = tmp_path / "old.safetensors"
    if isinstance(data, dict):
        save_file({"grid": np.arange(3.0)}, path, metadata=data)
    elif data is not None:
        path.write_bytes(library_file.read_bytes()[:5000] if data == "cut" else data)
    with pytest.raises(LibraryError, match=message):
        Identifier.open(path)


def test_without_a_calibration_there_is_no_identifier():
    with pytest.raises(LibraryError, match="build it from more archives"):
        Identifier(unfitted_library(minerals=2))
