"""Stage 3, asking: answers of the geocoders, the paper's way, the cache of the services."""

import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import dagster as dg
import pyarrow as pa

from raman_pipeline.geography.geocoding.cache import GEOCODER_ANSWERS
from raman_pipeline.geography.geocoding.service_terms import TERMS
from raman_pipeline.geography.georeferencing.candidates import (
    geocode_localities,
)
from raman_pipeline.geography.georeferencing.pappone2024 import locate_as_paper
from raman_pipeline.geography.georeferencing.progress import Pace, announce
from raman_pipeline.geography.tables import (
    CANDIDATES,
    PAPER_LOCALITIES,
)
from raman_pipeline.orchestration.automation import EAGER_ON_DATA_CHANGE
from raman_pipeline.orchestration.metadata import (
    OWNERS,
    TABLE,
    blocking_check,
    check_result,
    schema_check,
    table_result,
)
from raman_pipeline.orchestration.resources import Geography

_COMMON: dict[str, Any] = {
    "dagster_type": TABLE,
    "group_name": "localities",
    "kinds": {"parquet"},
    "owners": OWNERS,
    "automation_condition": EAGER_ON_DATA_CHANGE,
    "metadata": {"settings_used": ["geography"]},
}


@dg.asset(
    **_COMMON,
    code_version="2",
    deps=["countries"],
    check_specs=[
        schema_check("geocoded_localities"),
        blocking_check(
            "geocoded_localities",
            "inside_the_named_country",
            "Every accepted answer lies in the polygon of the country that the text names.",
        ),
    ],
)
def geocoded_localities(
    context: dg.AssetExecutionContext,
    geography: dg.ResourceParam[Geography],
    cleaned_localities: pa.Table,
) -> dg.MaterializeResult:
    """Answers of every geocoder to the names in every locality, accepted or refused and why."""
    localities = cleaned_localities.to_pandas()
    services = geography.services()
    say = _say(context)
    if services:
        say(announce(localities, geography.atlas, services))
    table = geocode_localities(
        localities,
        geography.atlas,
        [geography.atlas.offline, *services],
        Pace(services, say) if services else None,
    )
    frame = table.to_pandas()
    accepted = frame[frame["accepted"]]
    named = localities.set_index("locality")["iso_a2"]
    outside = accepted["polygon_iso_a2"].to_numpy() != named.loc[accepted["locality"]].to_numpy()
    return table_result(
        "geocoded_localities",
        table,
        CANDIDATES,
        geography.settings.part(["geography"]),
        [
            check_result(
                "geocoded_localities",
                "inside_the_named_country",
                not outside.any(),
                outside=int(outside.sum()),
            )
        ],
        accepted=len(accepted),
        localities_with_place=int(accepted["locality"].nunique()),
        near_coast=int(frame["near_coast"].sum()),
        sources=dict(Counter(frame["source"])),
        refusals=dict(Counter(frame["refused"].dropna())),
        services=[f"{s.source} at {s.service.endpoint}" for s in services],
    )


@dg.asset(
    **_COMMON,
    code_version="1",
    deps=["countries"],
    check_specs=[
        schema_check("paper_localities"),
        blocking_check("paper_localities", "nothing_lost", "Every locality is in the table."),
    ],
)
def paper_localities(
    context: dg.AssetExecutionContext,
    geography: dg.ResourceParam[Geography],
    cleaned_localities: pa.Table,
) -> dg.MaterializeResult:
    """Where the strategy of Pappone (2024) puts every locality, for comparison only.

    With the services that the settings name; with the offline geocoder where none is.
    """
    localities = cleaned_localities.to_pandas()
    services = geography.services()
    table = locate_as_paper(
        localities,
        [*services] or [geography.atlas.offline],
        geography.atlas.countries,
        Pace(services, _say(context)) if services else None,
    )
    frame = table.to_pandas()
    return table_result(
        "paper_localities",
        table,
        PAPER_LOCALITIES,
        geography.settings.part(["geography"]),
        [
            check_result(
                "paper_localities",
                "nothing_lost",
                len(frame) == len(localities),
                localities=len(localities),
                rows=len(frame),
            )
        ],
        with_coordinates=int(frame["latitude"].notna().sum()),
        with_country=int(frame["country"].notna().sum()),
        levels=dict(Counter(frame["level"])),
        sources=dict(Counter(frame["source"].dropna())),
    )


@dg.asset(
    **_COMMON,
    code_version="1",
    deps=[geocoded_localities, paper_localities],
    check_specs=[schema_check("geocoder_answers")],
)
def geocoder_answers(geography: dg.ResourceParam[Geography]) -> dg.MaterializeResult:
    """The cache of the geocoding services: questions, raw answers, times, versions, licences."""
    table = geography.cache.table()
    return table_result(
        "geocoder_answers",
        table,
        GEOCODER_ANSWERS,
        geography.settings.part(["geography"]),
        statuses=dict(Counter(table["status"].to_pylist())),
        cache_file=dg.MetadataValue.path(geography.cache.path),
        terms={name: f"{terms.licence}; {terms.policy}" for name, terms in TERMS.items()},
    )


def _say(context: dg.AssetExecutionContext) -> Callable[[str], None]:
    """Returns what tells of progress in the log of the run and at the terminal."""

    def say(text: str) -> None:
        context.log.info(text)
        print(text, file=sys.stderr, flush=True)

    return say
