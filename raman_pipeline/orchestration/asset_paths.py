"""Where the IO managers put the files of an asset; free of Dagster, for quick commands."""

from __future__ import annotations

from pathlib import Path


def asset_path(
    store: Path, asset: str, partition: str | None = None, extension: str = ".parquet"
) -> Path:
    """Returns the file of an asset or of one partition, by the rule of `UPathIOManager`.

    Args:
        store: folder of all assets, or of their checkpoints.
        asset: name of the asset.
        partition: key such as `LR-Raman` or `0|random`; None where there are none.
        extension: of the file format.
    """
    path = store.joinpath(asset, *(partition or "").split("|"))
    return path.with_name(path.name + extension)


def asset_files(store: Path, asset: str) -> dict[str | None, Path]:
    """Returns the files of an asset that exist, by partition key; None where there are none."""
    for file in store.glob(f"{asset}.*"):
        return {None: file}
    folder = store / asset
    files = sorted(p for p in folder.rglob("*.*") if not p.name.startswith("."))
    return {"|".join(p.relative_to(folder).with_suffix("").parts): p for p in files}
