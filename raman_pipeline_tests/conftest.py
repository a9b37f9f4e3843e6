"""Fixtures shared by all tests."""

import os
from pathlib import Path

import pytest

os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"
# Tests run side by side; threads that fight over two cores make each of them slower.
os.environ["OMP_NUM_THREADS"] = "1"
for name in ("RRUFF_URL", "RAMAN_PIPELINE_PROFILE", "RAMAN_PIPELINE_STORE", "DAGSTER_HOME"):
    os.environ.pop(name, None)

PROJECT = Path(__file__).resolve().parents[1]
SHARED = PROJECT.parent / "shared"
SAMPLE = PROJECT / "data" / "embedded" / "rruff-sample"


@pytest.fixture(scope="session")
def sample_folder() -> Path:
    return SAMPLE


@pytest.fixture(scope="session")
def rruff_mirror() -> Path:
    folder = SHARED / "rruff-mirror"
    if not folder.is_dir():
        pytest.skip("needs real RRUFF archives in ../shared/rruff-mirror, which are not here")
    return folder


@pytest.fixture(scope="session")
def natural_earth_5() -> Path:
    path = SHARED / "natural-earth" / "ne_50m_admin_0_countries.geojson"
    if not path.exists():
        pytest.skip("needs Natural Earth 5.1.2 in ../shared/natural-earth, which is not here")
    return path


@pytest.fixture(scope="session")
def atlas():
    """Country names, gazetteer and polygons; reading GeoNames takes seconds."""
    from raman_pipeline.orchestration.resources import Atlas
    from raman_pipeline.settings import load_settings

    return Atlas(load_settings("sample"))
