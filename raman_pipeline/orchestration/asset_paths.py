"""Where the IO managers put the files of an asset; free of Dagster, for quick commands."""

from __future__ import annotations

from raman_pipeline.common.storage import StorePath, below, in_order


def asset_path(
    store: StorePath, asset: str, partition: str | None = None, extension: str = ".parquet"
) -> StorePath:
    """Returns the file of an asset or of one partition, by the rule of `UPathIOManager`.

    Args:
        store: folder of all assets, or of their checkpoints.
        asset: name of the asset.
        partition: key such as `LR-Raman` or `0|random`; None where there are none.
        extension: of the file format.
    """
    path = store.joinpath(asset, *(partition or "").split("|"))
    return path.with_name(path.name + extension)


def asset_files(store: StorePath, asset: str) -> dict[str | None, StorePath]:
    """Returns the files of an asset that exist, by partition key; None where there are none."""
    for file in store.glob(f"{asset}.*"):
        return {None: file}
    folder = store / asset
    files = in_order(p for p in folder.rglob("*.*") if not p.name.startswith("."))
    return {below(folder, p.with_suffix("")).replace("/", "|"): p for p in files}
