import dataclasses

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from raman_pipeline.learning.identification.identify import Identifier
from raman_pipeline.learning.identification.query import prepare
from raman_pipeline.learning.identification.references import (
    NoReferenceError,
    answer_json,
    mineral_names,
    peaks_beside,
    places_beside,
    reference_json,
    references_of,
    row_of,
)
from raman_pipeline.spectra.spectrum_files import ReadOptions
from raman_pipeline_tests.learning.identification.minerals import measured_spectrum


@pytest.fixture(scope="module")
def renamed(library):
    """M0 has a second specimen that RRUFF files as Newite, too."""
    others = [()] * len(library.specimens)
    others[1] = ("Newite",)
    return dataclasses.replace(library, other_names=tuple(others))


def test_references_of_a_name_of_a_laser_and_of_another_name(renamed):
    (found,) = references_of(renamed, " m0 ")
    assert (found.name, found.rows) == ("M0", (0, 1, 2, 3, 4, 5))
    (green,) = references_of(renamed, "M0", 532)
    assert green.rows == (0, 2, 4)
    (other,) = references_of(renamed, "newite")
    assert (other.name, other.asked, other.rows) == ("M0", "newite", (2, 3))
    assert mineral_names(renamed)[0] == {"name": "M0", "also_named": ["Newite"], "spectra": 6}


@pytest.mark.parametrize(
    ("name", "laser", "said"),
    [
        ("Newit", None, "near it: Newite"),
        ("Xyz", None, "no name is near"),
        ("M0", 785, "lasers: 532"),
    ],
)  # fmt: skip
def test_what_the_library_lacks_is_said_with_what_is_near(renamed, name, laser, said):
    with pytest.raises(NoReferenceError, match=said):
        references_of(renamed, name, laser)
    with pytest.raises(NoReferenceError, match="no such spectrum"):
        row_of(renamed, "absent")


def test_a_reference_as_plain_data(renamed, tmp_path):
    row = row_of(renamed, "0-1-0")
    data = reference_json(renamed, row, {"R0001": "a hill"})
    assert data | {"peaks": []} == {
        "id": "0-1-0", "mineral": "M0", "also_named": ["Newite"], "rruff_id": "R0001",
        "url": "https://rruff.info/R0001", "laser_nm": 532.0, "rating": "fair",
        "locality": "a hill", "country": "BR", "range_cm1": [100.0, 1299.0], "peaks": [],
    }  # fmt: skip
    assert max(peak["height"] for peak in data["peaks"]) == 1
    assert reference_json(dataclasses.replace(renamed, simulated=True), 1)["url"] is None
    assert reference_json(renamed, 1)["laser_nm"] is None
    table = pa.table({"rruff_id": ["R1", "R2"], "locality": ["a hill", None]})
    pq.write_table(table, tmp_path / "located_specimens.parquet")
    assert places_beside(tmp_path / "mineral_library.safetensors") == {"R1": "a hill"}
    assert places_beside(tmp_path / "elsewhere" / "library") == {}


def test_a_reference_measured_again_has_all_of_its_peaks(library):
    spectrum = measured_spectrum(library, 7)
    table = peaks_beside(library, prepare(spectrum, library.grid), 7)
    assert set(row.state for row in table.rows) == {"matched"}
    (found,) = Identifier(library).identify([spectrum])
    data = answer_json(library, found, ReadOptions(laser_nm=532.0))
    assert data["settings"]["laser_nm"] == 532.0
    near = data["minerals"][0]["nearest"][0]
    assert data["peak_table"]["reference"]["rruff_id"] == near["rruff_id"]
    assert data["peak_table"]["counts"]["matched"] >= 2
    assert np.isfinite(data["peak_table"]["median_shift_cm1"])
