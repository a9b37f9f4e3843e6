"""The real mirror: counts that are known, and what the pipeline promises on it."""

import pyarrow as pa
import pytest

from raman_pipeline.geography.georeferencing.candidates import clean_localities, country_rate
from raman_pipeline.rruff.archive import parse_archive
from raman_pipeline.rruff.merge import SPECTRA, copies_named, merge_archives
from raman_pipeline.rruff.tables import MEMBERS

pytestmark = pytest.mark.integration

COUNTS = {"excellent_unoriented": 4353, "excellent_oriented": 384, "fair_oriented": 25}


@pytest.fixture(scope="module")
def parsed(rruff_mirror):
    return {name: parse_archive(rruff_mirror / f"{name}.zip", name) for name in COUNTS}


def test_nothing_is_lost(parsed):
    for name, archive in parsed.items():
        assert archive.members == COUNTS[name]
        assert archive.accepted.num_rows + archive.refused.num_rows == COUNTS[name]
        assert MEMBERS.problems(archive.accepted) == []
    # Looked at: none of the members of this mirror is among those that are refused.
    assert sum(a.refused.num_rows for a in parsed.values()) == 0


def test_merge_and_localities(parsed, atlas):
    table = pa.concat_tables(merge_archives({name: a.accepted for name, a in parsed.items()}))
    assert SPECTRA.problems(table) == []
    assert table.num_rows + copies_named(table) == sum(COUNTS.values())
    localities = clean_localities(table.select(["locality", "rruff_id"]).to_pandas(), atlas)
    assert country_rate(localities.to_pandas()) >= 0.995
