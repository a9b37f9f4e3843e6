"""Reports on the data: its georeferencing and its content."""

from functools import partial
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from raman_pipeline.common.parquet import StoredTable
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
from raman_pipeline.orchestration import asset_kit as kit
from raman_pipeline.orchestration.resources import Geography, Rruff
from raman_pipeline.plots.specimens import count_bars, radius_by_level, sample_density
from raman_pipeline.plots.spectra import before_and_after
from raman_pipeline.plots.world_page import world_page
from raman_pipeline.spectra.tensor_file import SpectrumTensor

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_report = partial(kit.report_asset, group_name="dataset_reports", uses=["geography"])
_SPECTRUM_COLUMNS = ["member_id", "rruff_id", "mineral", "kind"]
_TOP = 20
PAPER_EXAMPLE_COUNTRY = "Mexico"
"""Origin of the spectrum in Figure 5 of Pappone (2024)."""


@_report(
    GEOREFERENCING,
    code_version="2",
    checks={"rows_conserved": "Every locality is compared, each once."},
)
def georeferencing_report(
    geography: Geography,
    paper_localities: pa.Table,
    located_localities: pa.Table,
    located_specimens: pa.Table,
) -> kit.Result:
    """The paper's strategy and the constrained one side by side, locality by locality."""
    located = located_localities.to_pandas()
    table = compare_strategies(paper_localities.to_pandas(), located)
    compared, specimens = table.to_pandas(), located_specimens.to_pandas()
    protocol = _geocoding_protocol(geography, len(located))
    return kit.Result(
        table,
        checks={"rows_conserved": kit.Check.equal(localities=len(located), rows=len(compared))},
        figures={"radius_by_level": radius_by_level(compared)},
        report=georeferencing_markdown(compared, specimens, located, protocol),
    )


@_report(
    DATASET_COUNTS,
    code_version="2",
    checks={"rows_conserved": "Every spectrum is counted or excluded for a reason."},
)
def dataset_report(
    geography: Geography,
    rruff: Rruff,
    spectra: StoredTable,
    refused_members: dict[str, StoredTable],
    located_specimens: pa.Table,
    resampled_spectra: SpectrumTensor,
) -> kit.Result:
    """Tables 1 to 3 of Pappone (2024) per kind, beside the paper's counts, with maps and bars."""
    frame, specimens = spectra.select(_SPECTRUM_COLUMNS).to_pandas(), located_specimens.to_pandas()
    refused = pa.concat_tables(
        refused_members[name].select(["rruff_id", "code", "kind"])
        for name in sorted(refused_members)
    ).to_pandas()
    table = count_dataset(frame, specimens, refused)
    counts = table.to_pandas()
    countries = counts[counts["section"] == "country"]
    totals = counts[counts["section"].isin(["total", "excluded"])].set_index("name")["spectra"]
    excluded = counts[(counts["section"] == "excluded") & ~counts["name"].str.startswith("member")]
    counted = int(totals["all"]) + int(excluded["spectra"].sum())
    world = geography.atlas.countries
    title = f"profile {geography.settings.title}"
    page = world_page(
        countries,
        specimens,
        world.frame,
        f"Natural spectra by country ({title}); points: specimens at a place "
        "(red) or in the middle of a division (orange)",
    )
    protocol = {
        "profile": geography.settings.title,
        "archives": "; ".join(rruff.published()),
        "spectra": f"{len(frame):,} of {frame['rruff_id'].nunique():,} specimens",
        "countries": world.version,
    }
    note = f"{title}, natural spectra of both kinds"
    return kit.Result(
        table,
        checks={"rows_conserved": kit.Check.equal(spectra=len(frame), counted=counted)},
        figures={
            "sample_density": sample_density(
                countries.set_index("name")["spectra"],
                world.frame,
                f"Spectra by country: {int(countries['spectra'].sum()):,} in {len(countries)} "
                f"countries ({note})",
            ),
            **{
                f"top_{plural}": count_bars(
                    counts[counts["section"] == section].head(_TOP),
                    f"{plural.capitalize()} with most spectra ({note})",
                )
                for section, plural in (("country", "countries"), ("species", "species"))
            },
            "example_spectrum": _example(specimens, spectra, frame, resampled_spectra),
        },
        report=dataset_markdown(counts, protocol),
        files={"map.html": page.to_html(div_id="map")},
    )


def _example(
    specimens: pd.DataFrame, spectra: StoredTable, frame: pd.DataFrame, tensor: SpectrumTensor
) -> "Figure":
    """Returns a figure of a spectrum from the paper's country, as measured and resampled."""
    there = specimens.loc[specimens["country"] == PAPER_EXAMPLE_COUNTRY, "rruff_id"]
    rows = frame.index[frame["rruff_id"].isin(there)]
    row = spectra.whole_row(int(rows[0]) if len(rows) else 0)
    at = int(tensor.rows_of([row["member_id"]])[0])
    title = f"{row['mineral']} {row['rruff_id']} ({row['kind']})"
    return before_and_after(row, tensor.grid, tensor.intensity[at], title)


def _geocoding_protocol(geography: Geography, localities: int) -> dict[str, object]:
    services = [f"{s.source} at {s.service.endpoint}" for s in geography.services()]
    return {
        "profile": geography.settings.title,
        "localities": f"{localities:,} distinct LOCALITY headers",
        "countries": geography.atlas.countries.version,
        "divisions": geography.atlas.admin_divisions.version,
        "constrained strategy": ", ".join(["geonames (offline)", *services]),
        "paper's strategy": ", ".join(services)
        or "geonames (offline) in place of its services: it has no streets and shops, so it "
        "shows fewer false hits than they would",
        "overrides": f"{len(geography.overrides)} in {geography.chosen.overrides_file.name}",
    }
