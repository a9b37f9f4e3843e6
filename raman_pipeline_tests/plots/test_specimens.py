import geopandas as gpd
import pandas as pd
from shapely.geometry import box

from raman_pipeline.plots.specimens import (
    count_bars,
    country_counts,
    radius_by_level,
    sample_density,
    specimen_map,
)
from raman_pipeline.plots.world_page import world_page

COUNTRIES = gpd.GeoDataFrame(
    {"country": ["Namibia", "Congo"]}, geometry=[box(12, -29, 25, -17), box(12, -13, 31, 5)]
)
COUNTS = pd.DataFrame({"name": ["Congo"], "raw": [2], "processed": [2], "specimens": [2]})


SPECIMENS = pd.DataFrame(
    {
        "rruff_id": ["R1", "R2", "R3"],
        "mineral": "Azurite",
        "locality": "Tsumeb",
        "country": ["Namibia", "Congo", None],
        "level": ["place", "admin1", "none"],
        "latitude": [-19.2, -10.0, None],
        "longitude": [17.7, 25.0, None],
        "coordinate_uncertainty_km": [10.0, 100.0, None],
    }
)


def test_maps_and_bars():
    title = specimen_map(SPECIMENS, COUNTRIES).axes[0].get_title()
    assert title.startswith("3 specimens, 2 with a country (blue), 1 at a place (red), 1 in the")
    assert sample_density(pd.Series({"Congo": 4}), COUNTRIES, "title").axes
    assert len(count_bars(COUNTS, "title").axes[0].patches) == 2
    assert len(country_counts(SPECIMENS).axes[0].patches) == 2
    levels, uncertainties = radius_by_level(SPECIMENS).axes
    assert [int(text.get_text()) for text in levels.texts] == [1, 0, 1, 0, 1]
    assert uncertainties.get_xscale() == "log"


def test_the_page_needs_no_network():
    page = world_page(COUNTS, SPECIMENS, COUNTRIES, "Spectra").to_html(include_plotlyjs=False)
    assert "Congo: 4 spectra (2 Processed, 2 RAW) of 2 specimens" in page
    assert "http" not in page.replace("http://www.w3.org", "").split("plotly", 1)[0]
