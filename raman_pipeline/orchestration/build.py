"""The definitions for some settings: all assets, jobs, schedules, sensors and resources."""

from __future__ import annotations

import os
from functools import partial

import dagster as dg

from raman_pipeline.orchestration import assets as asset_modules
from raman_pipeline.orchestration.io_managers import io_managers
from raman_pipeline.orchestration.jobs import JOBS
from raman_pipeline.orchestration.lineage import with_lineage
from raman_pipeline.orchestration.metadata import SETTINGS, USES
from raman_pipeline.orchestration.notices import notices
from raman_pipeline.orchestration.resources import Geography, Rruff
from raman_pipeline.orchestration.schedules import weekly_refresh
from raman_pipeline.orchestration.sensors import changed_archives, follow_up, lost_starts
from raman_pipeline.profiles import load_settings
from raman_pipeline.report_index.sections import SHOWN
from raman_pipeline.settings import INDEX_URL, Settings


def build_definitions(settings: Settings | None = None) -> dg.Definitions:
    """Returns all definitions for some settings.

    An asset's code version joins its own with a hash of the settings that it uses, so
    that changing a setting makes stale just what depends on it.

    Args:
        settings: those of the environment where None.
    """
    again, settings = partial(build_definitions, settings), settings or load_settings()
    loaded = dg.load_assets_from_package_module(asset_modules)
    assets = [asset for asset in loaded if isinstance(asset, dg.AssetsDefinition)]
    metadata = with_lineage(spec for asset in assets for spec in asset.specs)

    def with_settings(spec: dg.AssetSpec) -> dg.AssetSpec:
        uses = spec.metadata.get(USES, [])
        version = f"{spec.code_version}-{settings.version_of(uses)}" if uses else spec.code_version
        described = metadata[spec.key] | {SETTINGS: settings.part(uses)}
        name, url = spec.key.to_user_string(), os.environ.get(INDEX_URL)
        if url and name in (*SHOWN, "report_index"):
            described["open"] = dg.MetadataValue.url(f"{url}#{name}")
        return spec.replace_attributes(code_version=version, metadata=described)

    return dg.Definitions(
        assets=dg.map_asset_specs(with_settings, assets),
        jobs=JOBS,
        schedules=[weekly_refresh],
        sensors=[changed_archives, follow_up(again), lost_starts, notices],
        resources={
            "settings": settings,
            "definitions": again,
            "rruff": Rruff(settings),
            "geography": Geography(settings),
            **io_managers(settings.asset_store, settings.checkpoint_store),
        },
        executor=dg.in_process_executor,
    )
