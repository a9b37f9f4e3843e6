"""Answers of the geocoders, the strategy of the paper, and the cache of the services."""

import sys
from collections import Counter
from collections.abc import Callable
from functools import partial

import dagster as dg
import pyarrow as pa

from raman_pipeline.geography.geocoding.cache import GEOCODER_ANSWERS
from raman_pipeline.geography.geocoding.service_terms import TERMS
from raman_pipeline.geography.georeferencing.candidates import geocode_localities
from raman_pipeline.geography.georeferencing.pappone2024 import locate_as_paper
from raman_pipeline.geography.georeferencing.progress import GeocodingProgress, announce
from raman_pipeline.geography.tables import CANDIDATES, PAPER_LOCALITIES
from raman_pipeline.orchestration import asset_kit as kit
from raman_pipeline.orchestration.resources import Geography

_table = partial(kit.table_asset, group_name="localities", uses=["geography"])


@_table(
    CANDIDATES,
    code_version="3",
    deps=["countries"],
    checks={
        "inside_named_country": "Every accepted answer lies in the polygon of the country that "
        "the text names."
    },
)
def geocoded_localities(geography: Geography, cleaned_localities: pa.Table) -> kit.Result:
    """Answers of every geocoder to the names in every locality, with the reason of refusals."""
    services = geography.services()
    log = _log()
    if services:
        log(announce(cleaned_localities, services))
    table = geocode_localities(
        cleaned_localities,
        geography.atlas,
        [geography.atlas.offline, *services],
        GeocodingProgress(services, log) if services else None,
    )
    frame = table.to_pandas()
    accepted = frame[frame["refused"].isna()]
    named = cleaned_localities.select(["locality", "iso_a2"]).to_pandas()
    named = named.set_index("locality")["iso_a2"]
    outside = accepted["polygon_iso_a2"].to_numpy() != named.loc[accepted["locality"]].to_numpy()
    return kit.Result(
        table,
        {
            "accepted": len(accepted),
            "localities_with_place": int(accepted["locality"].nunique()),
            "near_coast": int(frame["near_coast"].sum()),
            **kit.counts(frame, sources="source", refusals="refused"),
            "services": [f"{s.source} at {s.service.endpoint}" for s in services],
        },
        checks={"inside_named_country": kit.Check(not outside.any(), outside=int(outside.sum()))},
    )


@_table(
    PAPER_LOCALITIES,
    group_name="dataset_reports",
    deps=["countries"],
    checks={"rows_conserved": "Every locality is in the table."},
)
def paper_localities(geography: Geography, cleaned_localities: pa.Table) -> kit.Result:
    """Positions of every locality by the strategy of Pappone (2024), for comparison only.

    With the services that the settings name; with the offline geocoder where there is none.
    """
    services = geography.services()
    table = locate_as_paper(
        cleaned_localities,
        [*services] or [geography.atlas.offline],
        geography.atlas.countries,
        GeocodingProgress(services, _log()) if services else None,
    )
    frame = table.to_pandas()
    return kit.Result(
        table,
        {
            **kit.present(frame, with_coordinates="latitude", with_country="country"),
            **kit.counts(frame, levels="level", sources="source"),
        },
        checks={
            "rows_conserved": kit.Check.equal(
                localities=cleaned_localities.num_rows, rows=len(frame)
            )
        },
    )


@_table(
    GEOCODER_ANSWERS,
    group_name="dataset_reports",
    code_version="2",
    deps=[geocoded_localities, paper_localities],
)
def geocoder_answers(geography: Geography) -> kit.Result:
    """The cache of the geocoding services: queries, raw answers, times, versions, licences."""
    table = geography.cache.table()
    return kit.Result(
        table,
        {
            "statuses": dict(Counter(table["status"].to_pylist())),
            "cache_file": str(geography.cache),
            "terms": {name: f"{terms.licence}; {terms.policy}" for name, terms in TERMS.items()},
        },
    )


def _log() -> Callable[[str], None]:
    """Returns a callback that writes progress to the log of the run and to the terminal."""
    context = dg.AssetExecutionContext.get()

    def log(text: str) -> None:
        context.log.info(text)
        print(text, file=sys.stderr, flush=True)

    return log
