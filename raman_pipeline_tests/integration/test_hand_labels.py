"""The real localities against labels made by hand before any output was seen.

`hand_labels.csv` names a specimen for each locality (the mirror has the text), the
country, and for most the point of the site with how well it is known, from memory and
without a map. Round 1 is a random 200 of all localities that name a place; rounds 2 to
4 are random localities that the strategy at that time located at a place. The first
evaluation of each round is in docs/georeferencing.md.
"""

from pathlib import Path

import pandas as pd
import pytest

from raman_pipeline.geography.georeferencing.candidates import (
    clean_localities,
    country_rate,
    geocode_localities,
)
from raman_pipeline.geography.georeferencing.locate import locate_localities
from raman_pipeline.geography.maps.geodesy import distance_km
from raman_pipeline.orchestration.resources import Geography
from raman_pipeline.profiles import load_settings
from raman_pipeline.rruff.archive import parse_archive

pytestmark = pytest.mark.integration

LABELS = Path(__file__).parents[1] / "geography" / "hand_labels.csv"
ARCHIVES = ("excellent_unoriented", "excellent_oriented", "fair_oriented")


@pytest.fixture(scope="module")
def located(rruff_mirror, atlas):
    """The labels joined with the located localities."""
    spectra = pd.concat(
        parse_archive(rruff_mirror / f"{name}.zip", name)
        .accepted.select(["rruff_id", "locality"])
        .to_pandas()
        for name in ARCHIVES
    )
    localities = clean_localities(spectra, atlas)
    assert country_rate(localities.to_pandas()) >= 0.995
    candidates = geocode_localities(localities, atlas, [atlas.offline])
    overrides = Geography(load_settings("sample")).overrides
    places = locate_localities(localities, candidates, atlas, overrides).to_pandas()
    labels = pd.read_csv(LABELS, keep_default_na=False)
    text = spectra.drop_duplicates("rruff_id").set_index("rruff_id")["locality"]
    labels["locality"] = labels["rruff_id"].map(text)
    assert labels["locality"].notna().all()
    joined = labels.merge(places, on="locality", suffixes=("_true", ""), validate="m:1")
    assert len(joined) == len(labels)
    return joined


def test_countries_are_right(located):
    first = located[located["round"] == 1]
    assert len(first) == 200
    right = first["iso_a2"].fillna("") == first["iso_a2_true"]
    assert right.mean() >= 0.99, first.loc[~right, "locality"].tolist()


@pytest.mark.parametrize("level", ["place", "admin2", "admin1"])
def test_points_lie_within_their_radius(located, level):
    known = located[(located["latitude_true"] != "") & (located["level"] == level)]
    assert len(known) >= 40
    off = [
        float(distance_km(row.latitude, row.longitude, [row.true_lat], [row.true_lon])[0])
        for row in known.assign(
            true_lat=known["latitude_true"].astype(float),
            true_lon=known["longitude_true"].astype(float),
        ).itertuples()
    ]
    within = pd.Series(off, index=known.index) <= known["coordinate_uncertainty_km"]
    assert within.mean() >= 0.95, known.loc[~within, "locality"].tolist()
