"""Where assets whose work grows with the data keep their shards until they are whole."""

from __future__ import annotations

import dagster as dg

from raman_pipeline.common.shards import Ledger, Workers
from raman_pipeline.settings import Settings


def ledger(settings: Settings, asset: str) -> Ledger:
    """Returns the ledger of an asset of the running step, apart for each code version."""
    context = dg.AssetExecutionContext.get()
    version = context.assets_def.get_asset_spec(dg.AssetKey(asset)).code_version
    folder = settings.store / "shards" / asset / f"version-{version}"
    return Ledger(folder, Workers(settings.engine))
