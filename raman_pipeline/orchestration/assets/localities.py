"""Localities, countries, located localities and specimens (geocoding: see `geocoding`)."""

from functools import partial

import pyarrow as pa

from raman_pipeline.common.parquet import StoredTable
from raman_pipeline.geography.georeferencing.candidates import clean_localities, country_rate
from raman_pipeline.geography.georeferencing.locate import locate_localities
from raman_pipeline.geography.georeferencing.specimens import locate_specimens
from raman_pipeline.geography.maps.countries import country_table
from raman_pipeline.geography.reporting.darwin_core import darwin_core
from raman_pipeline.geography.tables import (
    COUNTRIES,
    LOCALITIES,
    LOCATED_LOCALITIES,
    LOCATED_SPECIMENS,
)
from raman_pipeline.orchestration import asset_kit as kit
from raman_pipeline.orchestration.resources import Geography
from raman_pipeline.orchestration.staleness import STAND_IN
from raman_pipeline.plots.specimens import country_counts, specimen_map

MIN_COUNTRY_RATE = 0.97
"""Share of localities naming a place that should get a country."""

_table = partial(kit.table_asset, group_name="localities", uses=["geography"])


@_table(
    LOCALITIES,
    code_version="4",
    checks={"rows_conserved": "The locality of every spectrum is in the table."},
    warnings={
        "countries_found": f"At least {MIN_COUNTRY_RATE:.0%} of the localities that name a place "
        "get a country."
    },
)
def cleaned_localities(geography: Geography, spectra: StoredTable) -> kit.Result:
    """One row per distinct locality: cleaned text, segments, class, country, search plan."""
    frame = spectra.select(["locality", "rruff_id"]).to_pandas()
    table = clean_localities(frame, geography.atlas)
    localities = table.to_pandas()
    rate = country_rate(localities)
    counted = int(localities["spectra"].sum())
    return kit.Result(
        table,
        {
            **kit.counts(localities, origins="origin"),
            "country_rate": rate,
            "countries_named": int(localities["iso_a2"].nunique()),
        },
        checks={
            "rows_conserved": kit.Check.equal(spectra=len(frame), counted=counted),
            "countries_found": kit.Check(rate >= MIN_COUNTRY_RATE, rate=rate),
        },
    )


@_table(
    COUNTRIES,
    code_version="2",
    warnings={"requested_map": "The map is the one that the settings name."},
)
def countries(geography: Geography) -> kit.Result:
    """Natural Earth countries: names, codes and areas of the polygons in use.

    The 1:10m map is downloaded once and must have the pinned SHA-256. Where no server
    answers, the embedded 1:50m map takes its place, and a check warns.
    """
    problem = geography.fetch_map()
    atlas = geography.atlas
    return kit.Result(
        COUNTRIES.from_frame(country_table(atlas.countries, atlas.gazetteer.iso_a3)),
        {
            STAND_IN: problem is not None,
            "natural_earth": atlas.countries.version,
            "divisions": atlas.admin_divisions.version,
            "licence": "Natural Earth: public domain; names of divisions: GeoNames, CC BY 4.0",
            "note": "Natural Earth draws de facto borders: Crimea is in Russia, and Greenland and "
            "Puerto Rico are separate entries.",
        },
        checks={
            "requested_map": kit.Check(
                problem is None,
                in_use=atlas.countries.version,
                problem=problem or "none",
                remedy="run again with a network, or set NATURAL_EARTH_URL (a folder, an "
                "address, or `embedded`)",
            )
        },
    )


@_table(
    LOCATED_LOCALITIES,
    code_version="3",
    deps=[countries],
    checks={
        "rows_conserved": "Every locality is in the table.",
        "points_have_uncertainty": "Every point has an uncertainty, and a country alone no point.",
    },
    warnings={
        "same_name_same_country": "No locality is in another country than most others that share "
        "its name."
    },
)
def located_localities(
    geography: Geography, cleaned_localities: pa.Table, geocoded_localities: pa.Table
) -> kit.Result:
    """Position, level and confidence of every locality, by the constrained strategy."""
    overrides = geography.overrides
    table = locate_localities(cleaned_localities, geocoded_localities, geography.atlas, overrides)
    located = table.to_pandas()
    point, uncertain = located["latitude"].notna(), located["coordinate_uncertainty_km"].notna()
    pointless = located["level"].isin(["country", "none"])
    return kit.Result(
        table,
        {
            **kit.counts(located, levels="level", confidence="confidence", sources="source"),
            "overridden": int(located["locality"].isin(list(overrides)).sum()),
            "overrides_without_locality": sorted(set(overrides) - set(located["locality"])),
        },
        checks={
            "rows_conserved": kit.Check.equal(
                localities=cleaned_localities.num_rows, rows=len(located)
            ),
            "points_have_uncertainty": kit.Check(
                (point == uncertain).all() and (point != pointless).all()
            ),
            "same_name_same_country": kit.Check(
                not located["flags"].map(lambda flags: "minority_country" in flags).any(),
                to_review=located.loc[located["majority"].notna(), "locality"].tolist(),
                remedy=f"review them; correct wrong ones in {geography.chosen.overrides_file}",
            ),
        },
    )


@_table(
    LOCATED_SPECIMENS,
    code_version="4",
    checks={
        "rows_conserved": "Every specimen is in the table.",
        "synthetic_unlocated": "No synthetic specimen has a country or coordinates.",
    },
)
def located_specimens(
    geography: Geography, spectra: StoredTable, located_localities: pa.Table
) -> kit.Result:
    """One row per specimen: country, point, uncertainty, level, source, flags, is_synthetic."""
    frame = spectra.select(["rruff_id", "mineral", "locality", "description"]).to_pandas()
    table = locate_specimens(frame, located_localities)
    specimens = table.to_pandas()
    synthetic = specimens[specimens["is_synthetic"]]
    placed = synthetic[["country", "latitude", "longitude"]].notna().any(axis=1)
    expected = frame["rruff_id"].nunique()
    return kit.Result(
        table,
        {
            **kit.present(specimens, with_country="country", with_coordinates="latitude"),
            "synthetic": len(synthetic),
            "countries": int(specimens["country"].nunique()),
            **kit.counts(specimens, levels="level"),
        },
        checks={
            "rows_conserved": kit.Check.equal(specimens=expected, rows=len(specimens)),
            "synthetic_unlocated": kit.Check(not placed.any(), wrong=int(placed.sum())),
        },
        figures={
            "specimen_map": specimen_map(specimens, geography.atlas.countries.frame),
            "specimens_by_country": country_counts(specimens),
        },
        files={"darwin_core.csv": darwin_core(specimens).to_csv(index=False)},
    )
