from types import SimpleNamespace

import pytest

from raman_pipeline.common.rate_policy import RatePolicy
from raman_pipeline.geography.geocoding.online import Tally
from raman_pipeline.geography.georeferencing import progress
from raman_pipeline.geography.georeferencing.candidates import clean_localities
from raman_pipeline_tests.geography.conftest import SPECTRA


@pytest.fixture
def service():
    return SimpleNamespace(
        source="photon",
        service=SimpleNamespace(endpoint="http://there"),
        policy=RatePolicy(60.0),
        tally=Tally(sent=1200, cached=3, empty=40),
    )


def test_the_announcement_gives_queries_and_time(atlas, service):
    text = progress.announce(clean_localities(SPECTRA, atlas), [service])
    assert text.startswith("6 localities, at most 13 distinct queries (fewer: ")
    assert text.endswith("photon at http://there: at most 13 min at one request per 60 s")


def test_progress_gives_counts_and_the_time_left(monkeypatch, service):
    now = iter([0.0, 1.0, 100.0, 200.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(now))
    lines = []
    report = progress.GeocodingProgress([service], lines.append)
    for done in (1, 50, 100):
        report(done, 100)
    assert lines == [
        "50 of 100 localities; about 2 min left. "
        "photon: 1,200 queries (40 found nothing), 3 cached answers",
        "100 of 100 localities. photon: 1,200 queries (40 found nothing), 3 cached answers",
    ]
