"""Reports on the data: how it was georeferenced, and what it holds."""

from typing import Any

import dagster as dg
import pandas as pd
import pyarrow as pa

from raman_pipeline.common import atomic
from raman_pipeline.common.parquet import StoredTable
from raman_pipeline.geography.georeferencing.consistency import minority_countries
from raman_pipeline.geography.reporting.dataset import (
    DATASET_COUNTS,
    count_dataset,
    dataset_markdown,
)
from raman_pipeline.geography.reporting.georeferencing import (
    GEOREFERENCING,
    compare_strategies,
    georeferencing_markdown,
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
)
from raman_pipeline.orchestration.resources import Geography, Rruff
from raman_pipeline.plots.specimens import count_bars, radius_by_level, sample_density
from raman_pipeline.plots.spectra import before_and_after
from raman_pipeline.plots.world_page import world_page
from raman_pipeline.spectra.tensor_file import SpectrumTensor

_COMMON: dict[str, Any] = {
    "dagster_type": TABLE,
    "group_name": "reports",
    "kinds": {"parquet", "markdown"},
    "owners": OWNERS,
    "automation_condition": EAGER_ON_DATA_CHANGE,
    "code_version": "1",
    "metadata": {"settings_used": ["geography"]},
}
_SPECTRUM_COLUMNS = ["member_id", "rruff_id", "mineral", "kind"]
_TOP = 20
PAPER_EXAMPLE_COUNTRY = "Mexico"
"""Where the spectrum of Figure 5 of Pappone (2024) comes from."""


@dg.asset(
    **_COMMON,
    check_specs=[
        schema_check("georeferencing_report"),
        blocking_check(
            "georeferencing_report", "nothing_lost", "Every locality is compared, each once."
        ),
    ],
)
def georeferencing_report(
    geography: dg.ResourceParam[Geography],
    paper_localities: pa.Table,
    located_localities: pa.Table,
    located_specimens: pa.Table,
) -> dg.MaterializeResult:
    """The paper's strategy and the constrained one side by side, locality by locality."""
    settings = geography.settings
    located = located_localities.to_pandas()
    table = compare_strategies(paper_localities.to_pandas(), located)
    compared = table.to_pandas()
    text = georeferencing_markdown(
        compared,
        located_specimens.to_pandas(),
        minority_countries(located),
        _geocoding_protocol(geography, len(located)),
    )
    path = settings.figure_store / "georeferencing_report" / "report.md"
    atomic.write_text(path, text)
    return table_result(
        "georeferencing_report",
        table,
        GEOREFERENCING,
        settings.part(["geography"]),
        [
            check_result(
                "georeferencing_report",
                "nothing_lost",
                table.num_rows == located_localities.num_rows,
                localities=located_localities.num_rows,
                rows=table.num_rows,
            )
        ],
        report=dg.MetadataValue.md(text),
        report_file=dg.MetadataValue.path(path),
        **figure_metadata(
            settings, "georeferencing_report", radius_by_level=radius_by_level(compared)
        ),
    )


@dg.asset(
    **_COMMON,
    ins={"spectra": ON_DISK, "refused_members": ON_DISK},
    check_specs=[
        schema_check("dataset_report"),
        blocking_check(
            "dataset_report", "nothing_lost", "Every spectrum is counted or left out for a reason."
        ),
    ],
)
def dataset_report(
    geography: dg.ResourceParam[Geography],
    rruff: dg.ResourceParam[Rruff],
    spectra: StoredTable,
    refused_members: dict[str, StoredTable],
    located_specimens: pa.Table,
    resampled_spectra: SpectrumTensor,
) -> dg.MaterializeResult:
    """Tables 1 to 3 of Pappone (2024) per kind, beside the paper's counts, with maps and bars."""
    settings = geography.settings
    frame, samples = spectra.select(_SPECTRUM_COLUMNS).to_pandas(), located_specimens.to_pandas()
    refused = pa.concat_tables(
        refused_members[name].select(["rruff_id", "code", "kind"])
        for name in sorted(refused_members)
    ).to_pandas()
    table = count_dataset(frame, samples, refused)
    counts = table.to_pandas()
    protocol = {
        "profile": settings.profile
        + (" (simulated spectra)" if settings.profile == "sample" else ""),
        "archives": "; ".join(rruff.published()),
        "spectra": f"{len(frame):,} of {frame['rruff_id'].nunique():,} specimens",
        "countries": geography.atlas.countries.version,
    }
    text = dataset_markdown(counts, protocol)
    folder = settings.figure_store / "dataset_report"
    atomic.write_text(folder / "report.md", text)
    by_country = counts[counts["section"] == "country"]
    page = world_page(
        by_country,
        samples,
        geography.atlas.countries.frame,
        f"Natural spectra by country ({settings.profile} profile); points: specimens at a place "
        "(red) or in the middle of a division (orange)",
    )
    atomic.write_text(folder / "map.html", page.to_html(include_plotlyjs=True, full_html=True))
    totals = counts[counts["section"].isin(["total", "excluded"])].set_index("name")["spectra"]
    left_out = counts[(counts["section"] == "excluded") & ~counts["name"].str.startswith("member")]
    counted = int(totals["all"]) + int(left_out["spectra"].sum())
    return table_result(
        "dataset_report",
        table,
        DATASET_COUNTS,
        settings.part(["geography"]),
        [
            check_result(
                "dataset_report",
                "nothing_lost",
                counted == len(frame),
                spectra=len(frame),
                counted=counted,
            )
        ],
        report=dg.MetadataValue.md(text),
        report_file=dg.MetadataValue.path(folder / "report.md"),
        interactive_map_file=dg.MetadataValue.path(folder / "map.html"),
        **_figures(geography, counts, samples, spectra, frame, resampled_spectra),
    )


def _figures(
    geography: Geography,
    counts: pd.DataFrame,
    samples: pd.DataFrame,
    spectra: StoredTable,
    frame: pd.DataFrame,
    tensor: SpectrumTensor,
) -> dict[str, dg.MetadataValue]:
    countries = counts[counts["section"] == "country"]
    species = counts[counts["section"] == "species"]
    note = f"{geography.settings.profile} profile, natural spectra of both kinds"
    return figure_metadata(
        geography.settings,
        "dataset_report",
        sample_density=sample_density(
            countries.set_index("name")["spectra"],
            geography.atlas.countries.frame,
            f"Spectra by country: {int(countries['spectra'].sum()):,} in {len(countries)} "
            f"countries ({note})",
        ),
        top_countries=count_bars(countries.head(_TOP), f"Countries with most spectra ({note})"),
        top_species=count_bars(species.head(_TOP), f"Species with most spectra ({note})"),
        example_spectrum=_example(samples, spectra, frame, tensor),
    )


def _example(
    samples: pd.DataFrame, spectra: StoredTable, frame: pd.DataFrame, tensor: SpectrumTensor
) -> Any:
    """Returns a figure of a spectrum from the paper's country, as measured and resampled."""
    there = samples.loc[samples["country"] == PAPER_EXAMPLE_COUNTRY, "rruff_id"]
    rows = frame.index[frame["rruff_id"].isin(there)]
    shown = int(rows[0]) if len(rows) else 0
    row = spectra.whole_row(shown)
    at = int(tensor.rows_of([row["member_id"]])[0])
    title = f"{row['mineral']} {row['rruff_id']} ({row['kind']})"
    return before_and_after(
        row["raman_shift"], row["intensity"], tensor.grid, tensor.intensity[at], title
    )


def _geocoding_protocol(geography: Geography, localities: int) -> dict[str, object]:
    services = [f"{s.source} at {s.service.endpoint}" for s in geography.services()]
    return {
        "profile": geography.settings.profile,
        "localities": f"{localities:,} distinct LOCALITY headers",
        "countries": geography.atlas.countries.version,
        "divisions": geography.atlas.regions.version,
        "constrained strategy": ", ".join(["geonames (offline)", *services]),
        "paper's strategy": ", ".join(services)
        or "geonames (offline) in place of its services: it knows no streets and shops, so it "
        "shows fewer false hits than they would",
        "overrides": f"{len(geography.overrides)} in {geography.chosen.overrides_file.name}",
    }
