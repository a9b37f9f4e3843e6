"""The page that leads to every report, table, figure and map."""

from collections.abc import Callable

import dagster as dg

from raman_pipeline.common import atomic
from raman_pipeline.common.markdown import markdown_table
from raman_pipeline.orchestration import assets as modules
from raman_pipeline.orchestration.asset_kit import Result, report_asset
from raman_pipeline.orchestration.asset_paths import asset_files
from raman_pipeline.orchestration.dagster_internals import staleness
from raman_pipeline.orchestration.staleness import OUTDATED, outdated_inputs
from raman_pipeline.report_index.findings import FINDINGS, READ, findings
from raman_pipeline.report_index.sections import SHOWN
from raman_pipeline.report_index.store import Store
from raman_pipeline.settings import Settings


@report_asset(
    FINDINGS,
    group_name="index",
    code_version="5",
    deps=list(dict.fromkeys([*READ, *SHOWN])),
)
def report_index(settings: Settings, definitions: Callable[[], dg.Definitions]) -> Result:
    """The findings, and one page with all reports and figures: `reports/index.html`.

    It shows what there is: what was not made yet is named with the command that makes it.
    """
    # Loads what renders the page, which no other asset needs.
    from raman_pipeline.report_index.page import Made, index_page

    context, graph = dg.AssetExecutionContext.get(), definitions().resolve_asset_graph()
    is_stale = staleness(context.instance, graph)
    outdated = outdated_inputs(graph, context.instance, context.asset_key, is_stale)
    store = Store(settings.asset_store, settings.figure_store)
    table = findings(store, settings.profile)
    made = {
        spec.key.to_user_string(): Made(
            (spec.description or "").replace("`", ""),
            asset_files(settings.asset_store, spec.key.to_user_string()),
        )
        for asset in dg.load_assets_from_package_module(modules)
        if isinstance(asset, dg.AssetsDefinition)
        for spec in asset.specs
    }
    page = index_page(store, table, made, outdated, settings.profile, settings.simulated)
    atomic.write_text(settings.index_page, page)
    shown = "\n".join(markdown_table(table.to_pandas()[["subject", "finding"]]))
    return Result(
        table,
        {
            OUTDATED: dg.MetadataValue.json(outdated),
            "page": dg.MetadataValue.url(settings.index_page.as_uri()),
            "page_file": dg.MetadataValue.path(str(settings.index_page)),
            "findings": dg.MetadataValue.md(shown),
        },
    )
