import pytest

from raman_pipeline_tests.learning.identification.minerals import fitted_library


@pytest.fixture(scope="session")
def library():
    return fitted_library()


@pytest.fixture(scope="session")
def library_file(library, tmp_path_factory):
    path = tmp_path_factory.mktemp("library") / "mineral_library.safetensors"
    library.to_state().write(path)
    return path
