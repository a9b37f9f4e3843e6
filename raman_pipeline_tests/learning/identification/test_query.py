import numpy as np
import pytest

from raman_pipeline.learning.identification.query import QueryError, prepare
from raman_pipeline.spectra.spectrum_files import Spectrum
from raman_pipeline_tests.learning.identification.minerals import GRID, measured_spectrum


def test_a_spectrum_of_the_library_is_prepared_as_it_is_there(library):
    query = prepare(measured_spectrum(library, 5), library.grid)
    valid = query.valid & library.valid[5]
    difference = (query.derivatives - library.derivatives[5])[valid][20:-20]
    assert np.abs(difference).max() < 0.02
    assert "resampled to 100 to 1299" in query.preprocessing[0]


@pytest.mark.parametrize(
    ("start", "stop", "message"),
    [
        (2000, 3000, "mine: covers 2000 to 3000 cm⁻¹"),
        (100, 1300, "mine: the intensity is constant"),
    ],
)
def test_what_cannot_be_searched_for_is_refused(start, stop, message):
    with pytest.raises(QueryError, match=message):
        prepare(Spectrum("mine", np.linspace(start, stop, 500), np.ones(500)), GRID)
