"""Stage 3: localities, countries, located localities and specimens (asking: see `geocoding`)."""

from collections import Counter
from typing import Any

import dagster as dg
import pyarrow as pa

from raman_pipeline.common import atomic
from raman_pipeline.common.parquet import StoredTable
from raman_pipeline.geography.georeferencing.candidates import (
    clean_localities,
    country_rate,
)
from raman_pipeline.geography.georeferencing.consistency import minority_countries
from raman_pipeline.geography.georeferencing.locate import locate_localities, locate_specimens
from raman_pipeline.geography.maps.countries import country_table
from raman_pipeline.geography.reporting.darwin_core import darwin_core
from raman_pipeline.geography.tables import (
    COUNTRIES,
    LOCALITIES,
    LOCATED_LOCALITIES,
    LOCATED_SPECIMENS,
)
from raman_pipeline.orchestration.automation import EAGER_ON_DATA_CHANGE
from raman_pipeline.orchestration.io_managers import ON_DISK
from raman_pipeline.orchestration.metadata import (
    OWNERS,
    TABLE,
    blocking_check,
    check_result,
    figure_metadata,
    schema_check,
    table_result,
    warning_check,
)
from raman_pipeline.orchestration.resources import Geography
from raman_pipeline.plots.specimens import country_counts, specimen_map

_COMMON: dict[str, Any] = {
    "dagster_type": TABLE,
    "group_name": "localities",
    "kinds": {"parquet"},
    "owners": OWNERS,
    "automation_condition": EAGER_ON_DATA_CHANGE,
    "metadata": {"settings_used": ["geography"]},
}
MIN_COUNTRY_RATE = 0.97
"""Share of localities naming a place that should get a country."""


@dg.asset(
    ins={"spectra": ON_DISK},
    **_COMMON,
    code_version="2",
    check_specs=[
        schema_check("cleaned_localities"),
        blocking_check(
            "cleaned_localities", "nothing_lost", "Every spectrum's locality is in the table."
        ),
        warning_check(
            "cleaned_localities",
            "countries_found",
            f"At least {MIN_COUNTRY_RATE:.0%} of the localities that name a place get a country.",
        ),
    ],
)
def cleaned_localities(
    geography: dg.ResourceParam[Geography], spectra: StoredTable
) -> dg.MaterializeResult:
    """One row a distinct locality: cleaned text, segments, class, the country it names."""
    frame = spectra.select(["locality", "rruff_id"]).to_pandas()
    table = clean_localities(frame, geography.atlas)
    localities = table.to_pandas()
    rate = country_rate(localities)
    counted = int(localities["spectra"].sum())
    return table_result(
        "cleaned_localities",
        table,
        LOCALITIES,
        geography.settings.part(["geography"]),
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
    code_version="2",
    check_specs=[
        schema_check("countries"),
        warning_check("countries", "map_wanted", "The map is the one that the settings ask for."),
    ],
)
def countries(geography: dg.ResourceParam[Geography]) -> dg.MaterializeResult:
    """Natural Earth countries: names, codes and areas of the polygons in use.

    The 1:10m map is downloaded once and must have the pinned SHA-256. Where no server
    answers, the embedded 1:50m map takes its place, and a check says so.
    """
    problem = geography.fetch_map()
    atlas = geography.atlas
    table = COUNTRIES.from_frame(country_table(atlas.countries, atlas.gazetteer.iso_a3))
    return table_result(
        "countries",
        table,
        COUNTRIES,
        geography.settings.part(["geography"]),
        [
            check_result(
                "countries",
                "map_wanted",
                problem is None,
                dg.AssetCheckSeverity.WARN,
                in_use=atlas.countries.version,
                problem=problem or "none",
                remedy="run again with a network, or set NATURAL_EARTH_URL (a folder, an "
                "address, or `embedded`)",
            )
        ],
        natural_earth=atlas.countries.version,
        divisions=atlas.regions.version,
        licence="Natural Earth: public domain; names of divisions: GeoNames, CC BY 4.0",
        note="Natural Earth draws de facto borders: Crimea stands in Russia, and Greenland and "
        "Puerto Rico are entries of their own.",
    )


@dg.asset(
    **_COMMON,
    code_version="1",
    deps=[countries],
    check_specs=[
        schema_check("located_localities"),
        blocking_check("located_localities", "nothing_lost", "Every locality is in the table."),
        blocking_check(
            "located_localities",
            "every_point_has_a_radius",
            "A point says how far it may be off, and a country alone has no point.",
        ),
        warning_check(
            "located_localities",
            "same_name_same_country",
            "No locality lies in another country than most others that share its name.",
        ),
    ],
)
def located_localities(
    geography: dg.ResourceParam[Geography],
    cleaned_localities: pa.Table,
    geocoded_localities: pa.Table,
) -> dg.MaterializeResult:
    """Where every locality is, how coarse and how sure, by the constrained strategy."""
    overrides = geography.overrides
    table = locate_localities(
        cleaned_localities.to_pandas(),
        geocoded_localities.to_pandas(),
        geography.atlas,
        overrides,
    )
    located = table.to_pandas()
    point, radius = located["latitude"].notna(), located["coordinate_uncertainty_km"].notna()
    pointless = located["level"].isin(["country", "none"])
    suspects = minority_countries(located)
    return table_result(
        "located_localities",
        table,
        LOCATED_LOCALITIES,
        geography.settings.part(["geography"]),
        [
            check_result(
                "located_localities",
                "nothing_lost",
                len(located) == cleaned_localities.num_rows,
                localities=cleaned_localities.num_rows,
                rows=len(located),
            ),
            check_result(
                "located_localities",
                "every_point_has_a_radius",
                bool((point == radius).all() and (point != pointless).all()),
            ),
            check_result(
                "located_localities",
                "same_name_same_country",
                not located["flags"].str.contains("minority_country", na=False).any(),
                dg.AssetCheckSeverity.WARN,
                to_look_at=suspects["locality"].tolist(),
                remedy=f"look at them; put what is wrong into {geography.chosen.overrides_file}",
            ),
        ],
        levels=dict(Counter(located["level"])),
        confidence=dict(Counter(located["confidence"].dropna())),
        sources=dict(Counter(located["source"].dropna())),
        overridden=int(located["locality"].isin(list(overrides)).sum()),
        overrides_without_locality=sorted(set(overrides) - set(located["locality"])),
    )


@dg.asset(
    ins={"spectra": ON_DISK},
    **_COMMON,
    code_version="2",
    check_specs=[
        schema_check("located_specimens"),
        blocking_check("located_specimens", "nothing_lost", "Every specimen is in the table."),
        blocking_check(
            "located_specimens",
            "synthetic_nowhere",
            "No synthetic specimen has a country or coordinates.",
        ),
    ],
)
def located_specimens(
    geography: dg.ResourceParam[Geography],
    spectra: StoredTable,
    located_localities: pa.Table,
) -> dg.MaterializeResult:
    """One row a specimen: country, point, radius, level, source, flags, is_synthetic."""
    frame = spectra.select(["rruff_id", "mineral", "locality", "description"]).to_pandas()
    table = locate_specimens(frame, located_localities.to_pandas())
    samples = table.to_pandas()
    synthetic = samples[samples["is_synthetic"]]
    placed = synthetic[["country", "latitude", "longitude"]].notna().any(axis=1)
    specimens = frame["rruff_id"].nunique()
    export = geography.settings.figure_store / "located_specimens" / "darwin_core.csv"
    atomic.write_text(export, darwin_core(samples).to_csv(index=False))
    figures = figure_metadata(
        geography.settings,
        "located_specimens",
        specimen_map=specimen_map(samples, geography.atlas.countries.frame),
        specimens_by_country=country_counts(samples),
    )
    return table_result(
        "located_specimens",
        table,
        LOCATED_SPECIMENS,
        geography.settings.part(["geography"]),
        [
            check_result(
                "located_specimens",
                "nothing_lost",
                len(samples) == specimens,
                specimens=specimens,
                rows=len(samples),
            ),
            check_result(
                "located_specimens", "synthetic_nowhere", not placed.any(), wrong=int(placed.sum())
            ),
        ],
        with_country=int(samples["country"].notna().sum()),
        with_coordinates=int(samples["latitude"].notna().sum()),
        synthetic=len(synthetic),
        countries=int(samples["country"].nunique()),
        levels=dict(Counter(samples["level"])),
        darwin_core_file=dg.MetadataValue.path(export),
        **figures,
    )
