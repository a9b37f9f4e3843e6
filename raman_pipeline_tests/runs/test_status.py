from raman_pipeline.runs.status import leftovers
from raman_pipeline.settings import load_settings


def test_leftovers_are_what_belongs_to_no_asset(tmp_path):
    settings = load_settings("sample", store=tmp_path)
    assert leftovers(settings, ["spectra"]) == []
    for folder in (settings.asset_store, settings.figure_store):
        for name in ("spectra", "twin_effect"):
            (folder / name).mkdir(parents=True)
    for name in ("spectra.parquet", "located_samples.parquet", ".tmp-1"):
        (settings.asset_store / name).touch()
    assert leftovers(settings, ["spectra"]) == [
        settings.asset_store / "located_samples.parquet",
        settings.asset_store / "twin_effect",
        settings.figure_store / "twin_effect",
    ]
