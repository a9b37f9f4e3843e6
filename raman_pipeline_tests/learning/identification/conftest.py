from dataclasses import replace

import pytest

from raman_pipeline.learning.identification.calibrating import fit_confidence, left_out
from raman_pipeline.learning.identification.countries import country_codes, fit_countries
from raman_pipeline_tests.learning.identification.minerals import made


@pytest.fixture(scope="session")
def library():
    """Eight minerals of three specimens with two spectra each, its numbers fitted."""
    plain = made()
    answers = left_out(plain)
    _, index = country_codes(plain)
    guess = fit_countries(plain, answers.specimens, index[plain.specimen[answers.row]])
    fitted = {"confidence": fit_confidence(plain, answers).as_json(), "countries": guess.as_json()}
    return replace(plain, fitted=fitted)


@pytest.fixture(scope="session")
def library_file(library, tmp_path_factory):
    path = tmp_path_factory.mktemp("library") / "mineral_library.safetensors"
    library.to_state().write(path)
    return path
