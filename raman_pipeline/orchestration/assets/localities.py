"""Stage 3: localities, candidates for their coordinates, countries, specimens."""

from collections import Counter
from typing import Any

import dagster as dg
import pyarrow as pa

from raman_pipeline.geography.countries import country_table
from raman_pipeline.geography.georeference import (
    clean_localities,
    country_rate,
    geocode_localities,
    locate_samples,
)
from raman_pipeline.geography.tables import CANDIDATES, COUNTRIES, LOCALITIES, LOCATED_SAMPLES
from raman_pipeline.orchestration.automation import FOLLOW
from raman_pipeline.orchestration.io_managers import ON_DISK
from raman_pipeline.orchestration.metadata import (
    OWNERS,
    TABLE,
    check_result,
    figure_metadata,
    promise_check,
    quality_check,
    schema_check,
    table_result,
)
from raman_pipeline.orchestration.resources import Atlas
from raman_pipeline.plots.samples import country_counts, specimen_map
from raman_pipeline.table_file import StoredTable

_COMMON: dict[str, Any] = {
    "dagster_type": TABLE,
    "group_name": "localities",
    "kinds": {"parquet"},
    "owners": OWNERS,
    "automation_condition": FOLLOW,
}
MIN_COUNTRY_RATE = 0.97
"""Share of localities naming a place that should get a country."""


@dg.asset(
    ins={"spectra": ON_DISK},
    **_COMMON,
    code_version="1",
    metadata={"settings_used": ["geography"]},
    check_specs=[
        schema_check("cleaned_localities"),
        promise_check(
            "cleaned_localities", "nothing_lost", "Every spectrum's locality is in the table."
        ),
        quality_check(
            "cleaned_localities",
            "countries_found",
            f"At least {MIN_COUNTRY_RATE:.0%} of the localities that name a place get a country.",
        ),
    ],
)
def cleaned_localities(
    atlas: dg.ResourceParam[Atlas], spectra: StoredTable
) -> dg.MaterializeResult:
    """One row a distinct locality: cleaned text, segments, class, the country it names."""
    frame = spectra.select(["locality", "rruff_id"]).to_pandas()
    table = clean_localities(frame, atlas.names)
    localities = table.to_pandas()
    rate = country_rate(localities)
    counted = int(localities["spectra"].sum())
    return table_result(
        "cleaned_localities",
        table,
        LOCALITIES,
        atlas.settings.part(["geography"]),
        [
            check_result(
                "cleaned_localities",
                "nothing_lost",
                counted == len(frame),
                spectra_in=len(frame),
                spectra_counted=counted,
            ),
            check_result(
                "cleaned_localities",
                "countries_found",
                rate >= MIN_COUNTRY_RATE,
                dg.AssetCheckSeverity.WARN,
                rate=rate,
            ),
        ],
        origins=dict(Counter(localities["origin"])),
        country_rate=rate,
        countries_named=int(localities["iso_a2"].nunique()),
    )


@dg.asset(
    **_COMMON,
    code_version="1",
    metadata={"settings_used": ["geography"]},
    check_specs=[schema_check("countries")],
)
def countries(atlas: dg.ResourceParam[Atlas]) -> dg.MaterializeResult:
    """Natural Earth countries: names, codes and areas of the polygons in use."""
    table = COUNTRIES.from_frame(country_table(atlas.countries))
    return table_result(
        "countries",
        table,
        COUNTRIES,
        atlas.settings.part(["geography"]),
        natural_earth=atlas.countries.version,
        licence="public domain",
        note="Natural Earth draws de facto borders: Crimea stands in Russia, and Greenland and "
        "Puerto Rico are entries of their own.",
    )


@dg.asset(
    **_COMMON,
    code_version="1",
    deps=[countries],
    metadata={"settings_used": ["geography"]},
    check_specs=[schema_check("geocoded_localities")],
)
def geocoded_localities(
    atlas: dg.ResourceParam[Atlas], cleaned_localities: pa.Table
) -> dg.MaterializeResult:
    """Candidates of every geocoder for every segment, placed in country polygons."""
    localities = cleaned_localities.to_pandas()
    table = geocode_localities(localities, atlas.names, [atlas.gazetteer], atlas.countries)
    accepted = table.filter(table["accepted"])
    return table_result(
        "geocoded_localities",
        table,
        CANDIDATES,
        atlas.settings.part(["geography"]),
        accepted=accepted.num_rows,
        localities_with_place=len(set(accepted["locality"].to_pylist())),
        near_coast=sum(table["near_coast"].to_pylist()),
        sources=dict(Counter(table["source"].to_pylist())),
    )


@dg.asset(
    ins={"spectra": ON_DISK},
    **_COMMON,
    code_version="1",
    metadata={"settings_used": ["geography"]},
    check_specs=[
        schema_check("located_samples"),
        promise_check("located_samples", "nothing_lost", "Every specimen is in the table."),
        promise_check(
            "located_samples",
            "synthetic_nowhere",
            "No synthetic specimen has a country or coordinates.",
        ),
    ],
)
def located_samples(
    atlas: dg.ResourceParam[Atlas],
    spectra: StoredTable,
    cleaned_localities: pa.Table,
    geocoded_localities: pa.Table,
) -> dg.MaterializeResult:
    """One row a specimen: country, coordinates, level, source, flags, is_synthetic."""
    frame = spectra.select(["rruff_id", "mineral", "locality", "description"]).to_pandas()
    table = locate_samples(
        frame, cleaned_localities.to_pandas(), geocoded_localities.to_pandas(), atlas.countries
    )
    samples = table.to_pandas()
    synthetic = samples[samples["is_synthetic"]]
    placed = synthetic[["country", "latitude", "longitude"]].notna().any(axis=1)
    specimens = frame["rruff_id"].nunique()
    figures = figure_metadata(
        atlas.settings,
        "located_samples",
        specimen_map=specimen_map(samples, atlas.countries.frame),
        specimens_by_country=country_counts(samples),
    )
    return table_result(
        "located_samples",
        table,
        LOCATED_SAMPLES,
        atlas.settings.part(["geography"]),
        [
            check_result(
                "located_samples",
                "nothing_lost",
                len(samples) == specimens,
                specimens=specimens,
                rows=len(samples),
            ),
            check_result(
                "located_samples", "synthetic_nowhere", not placed.any(), wrong=int(placed.sum())
            ),
        ],
        with_country=int(samples["country"].notna().sum()),
        with_coordinates=int(samples["latitude"].notna().sum()),
        synthetic=len(synthetic),
        countries=int(samples["country"].nunique()),
        levels=dict(Counter(samples["level"])),
        **figures,
    )
