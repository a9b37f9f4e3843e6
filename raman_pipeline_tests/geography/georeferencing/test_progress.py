from types import SimpleNamespace

from raman_pipeline.common.rate_policy import RatePolicy
from raman_pipeline.geography.geocoding.online import Tally
from raman_pipeline.geography.georeferencing import progress
from raman_pipeline.geography.georeferencing.candidates import clean_localities
from raman_pipeline_tests.geography.conftest import SPECTRA


def test_announcement_and_progress_give_queries_and_time(atlas, monkeypatch):
    service = SimpleNamespace(
        source="photon",
        service=SimpleNamespace(endpoint="http://there"),
        policy=RatePolicy(60.0),
        tally=Tally(sent=1200, cached=3, empty=40),
    )
    text = progress.announce(clean_localities(SPECTRA, atlas), [service])
    assert text.startswith("6 localities, at most 13 distinct queries (fewer: ")
    assert text.endswith("photon at http://there: at most 13 min at one request per 60 s")
    monkeypatch.setattr(progress.time, "monotonic", iter([0.0, 1.0, 100.0, 200.0]).__next__)
    lines = []
    report = progress.GeocodingProgress([service], lines.append)
    for done in (1, 50, 100):
        report(done, 100)
    tally = "photon: 1,200 queries (40 found nothing), 3 cached answers"
    left = "50 of 100 localities; about 2 min left."
    assert lines == [f"{left} {tally}", f"100 of 100 localities. {tally}"]
