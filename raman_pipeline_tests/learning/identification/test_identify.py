import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from raman_pipeline.common.errors import InputError
from raman_pipeline.learning.identification.identify import Identifier
from raman_pipeline.learning.identification.library import LibraryError
from raman_pipeline.learning.identification.query import prepare
from raman_pipeline.spectra.baseline import BASELINES
from raman_pipeline.spectra.spectrum_files import Spectrum
from raman_pipeline_tests.learning.identification.minerals import (
    measured_spectrum,
    unfitted_library,
)


@pytest.fixture(scope="module")
def identifier(library):
    return Identifier(library)


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
        "file", "minerals", "mixtures", "countries", "unknown", "in_library_probability",
        "preprocessing", "countries_caveat",
    }  # fmt: skip
    assert set(data["minerals"][0]) == {"name", "probability", "nearest"}
    assert set(data["countries"][0]) == {"iso_a2", "probability"}
    assert set(data["mixtures"][0]["components"][0]) == {"name", "rruff_id", "fraction"}
    assert identifier.identify([]) == []


@pytest.mark.parametrize("baseline", BASELINES[1:])
def test_a_baseline_is_corrected_if_requested(identifier, library, baseline):
    plain = measured_spectrum(library, 7)
    hump = 4000 * np.exp(-0.5 * ((plain.raman_shift - 700) / 400) ** 2)
    raw = Spectrum("raw", plain.raman_shift, plain.intensity + hump)
    query = prepare(raw, library.grid, baseline)
    assert f"baseline corrected ({baseline})" in query.preprocessing
    found = identifier.identify_queries([query])[0]
    assert found.minerals[0].name == library.minerals[library.mineral[7]]


class TestOpening:
    def test_no_library(self, tmp_path):
        with pytest.raises(LibraryError, match="there is no mineral library; build it with"):
            Identifier.open(tmp_path / "none.safetensors")

    @pytest.mark.parametrize("data", [b"", b"nonsense", None])
    def test_a_damaged_library(self, tmp_path, library_file, data):
        path = tmp_path / "cut.safetensors"
        path.write_bytes(library_file.read_bytes()[:5000] if data is None else data)
        with pytest.raises(LibraryError, match=r"cut\.safetensors"):
            Identifier.open(path)

    @pytest.mark.parametrize("metadata", [{"about": "{}"}, {"metadata": "{}"}])
    def test_a_library_of_an_earlier_version(self, tmp_path, metadata):
        # Version 0.1.0 wrote `about`, and no format version.
        path = tmp_path / "old.safetensors"
        save_file({"grid": np.arange(3.0)}, path, metadata=metadata)
        with pytest.raises(InputError, match=r"old\.safetensors.*raman-pipeline (run|build)"):
            Identifier.open(path)

    def test_a_library_without_calibration(self):
        with pytest.raises(LibraryError, match="build it from more archives"):
            Identifier(unfitted_library(minerals=2))
