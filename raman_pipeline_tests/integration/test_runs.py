"""Whole runs over the sample archives, in a store of their own."""

import dagster as dg
import pytest

from raman_pipeline.learning.geolocation.registry import FAMILIES
from raman_pipeline.orchestration.sensors import FOLLOWED
from raman_pipeline.report_index.sections import SHOWN
from raman_pipeline.runs import runner
from raman_pipeline.runs.execution import Callbacks
from raman_pipeline.runs.instance import open_instance
from raman_pipeline.runs.runner import accept_archive, run_backfill, run_graph, run_job
from raman_pipeline.settings import GridSettings
from raman_pipeline_tests.integration.conftest import (
    TWO_ARCHIVES,
    in_this_process,
    quick_settings,
    site_of,
    states,
)
from raman_pipeline_tests.rruff.test_archive import zip_without

pytestmark = pytest.mark.integration


def done(outcomes):
    return {(o.job, o.partition): set(o.assets) for o in outcomes if o.assets}


def other_epochs(settings):
    return quick_settings(settings.store, site_of(settings), epochs=3)


def test_counts_of_every_stage(settings):
    found = states(settings)
    assert found["rruff_archive"].materialized == 10
    assert found["parsed_spectra"].rows + found["refused_members"].rows == 398
    assert found["parsed_spectra"].refused == 8
    assert found["spectra"].rows == 389
    assert found["resampled_spectra"].rows == 389
    assert found["fold_assignment"].rows == 5 * 389
    assert all(s.failed == 0 for s in found.values())


def test_what_is_unchanged_is_not_made_again(small):
    assert done(run_graph(small, Callbacks(), train=False)) == {}


def test_a_version_that_was_stored_and_not_recorded_is_fetched_again(small):
    name = TWO_ARCHIVES[0]
    tags = {"dagster/data_version": "former"}
    with open_instance(small) as instance:
        event = dg.AssetMaterialization("rruff_archive", partition=name, tags=tags)
        instance.report_runless_asset_event(event)
    made = done(run_graph(small, Callbacks(), train=False))
    assert made == {("ingest", name): {"rruff_archive"}}


def test_the_page_of_all_results_shows_what_there_is_and_what_is_outdated(settings):
    assert done(run_job(settings, "index", Callbacks())) == {("index", None): {"report_index"}}
    assert done(run_job(settings, "index", Callbacks())) == {}
    page = settings.index_page.read_text()
    with_reports = {path.name for path in settings.figure_store.iterdir() if path.is_dir()}
    assert with_reports <= set(SHOWN)
    assert "Outdated" not in page
    other = settings.model_copy(update={"grid": GridSettings(points=300)})
    assert done(run_job(other, "index", Callbacks())) == {("index", None): {"report_index"}}
    outdated = settings.index_page.read_text().split("Outdated")[1].split("</ul>")[0]
    assert "wavenumber_window" in outdated
    assert "georeferencing_report" not in outdated


def test_training_report_and_a_changed_archive(settings, monkeypatch):
    # The other two have the same assets; `test_families` fits each.
    network = ["convnext1d"]
    cheap = [name for name, family in FAMILIES.items() if family.baseline]
    some = cheap + network
    first = run_backfill(settings, Callbacks(), ["0|random"], processes=2, families=some)
    assert [o.errors for o in first if not o.succeeded] == []
    report = settings.figure_store / "geolocation_report" / "report.md"
    text = report.read_text()
    assert all(FAMILIES[name].title in text for name in some)
    assert "done: random 1/5, measurement 0/5, specimen 0/5, locality 0/5, species 0/5" in text
    assert (report.parent / "families_by_split.png").stat().st_size > 10_000
    assert not list(settings.checkpoint_store.rglob("*.pt"))
    monkeypatch.setattr(runner, "in_processes", in_this_process)
    assert done(run_backfill(settings, Callbacks(), ["0|random"], families=some)) == {}

    # Predictions made with other settings are excluded, and counted.
    for chosen, split in ((settings, "specimen"), (other_epochs(settings), "random")):
        again = run_backfill(chosen, Callbacks(), [f"0|{split}"], families=network)
        assert all(o.succeeded for o in again)
    text = report.read_text()
    assert "1 sets of predictions excluded" in text
    assert "| specimen | ConvNeXt1D |" not in text
    assert "| random | ConvNeXt1D |" in text
    assert "| random | majority class |" in text

    # One archive disappears, which is accepted: only it and its downstream assets run again.
    (site_of(settings) / "poor_unoriented.zip").unlink()
    assert accept_archive(settings, "poor_unoriented").succeeded
    changed = done(run_graph(settings, Callbacks(), train=False))
    parsed = {p for (job, p), assets in changed.items() if "parsed_spectra" in assets}
    assert parsed == {"poor_unoriented"}
    assert changed["folds", "random"] == {"dealt_folds", "fold_assignment"}
    assert changed["labelled", "random"] == {"labelled_spectra", "split_leakage"}
    assert states(settings)["spectra"].rows == 389 - 45 + 1

    # Predictions for the former folds are excluded from the report, and counted.
    later = run_backfill(settings, Callbacks(), ["0|random"], families=cheap)
    assert [o.errors for o in later if not o.succeeded] == []
    text = report.read_text()
    assert "done: random 1/5, measurement 0/5" in text
    assert f"{2 * len(network)} sets of predictions excluded" in text


def test_a_damaged_archive_is_told_and_harms_nothing(small):
    site, name = site_of(small), f"{TWO_ARCHIVES[0]}.zip"
    good = (site / name).read_bytes()
    before = (small.asset_store / "spectra.parquet").read_bytes()
    (site / name).write_bytes(good[:2000])
    try:
        outcomes = run_graph(small, Callbacks(), train=False)
        errors = [e for o in outcomes for e in o.errors]
        assert len(errors) == 1
        assert "not a complete zip archive" in errors[0]
        assert "stays in use" in errors[0]
        assert states(small)["rruff_archive"].failed == 1
        assert (small.asset_store / "spectra.parquet").read_bytes() == before
    finally:
        (site / name).write_bytes(good)
    assert all(o.succeeded for o in run_graph(small, Callbacks(), train=False))
    assert states(small)["rruff_archive"].failed == 0


def test_a_run_goes_on_with_the_versions_in_use(small):
    goes, changes = (site_of(small) / f"{name}.zip" for name in TWO_ARCHIVES)
    goes.unlink()
    changes.write_bytes(zip_without(changes.read_bytes(), 1))
    outcomes = run_graph(small, Callbacks(), train=False)
    failed = [o for o in outcomes if not o.succeeded]
    assert [(o.partition, o.update_rejected) for o in failed] == [(TWO_ARCHIVES[0], True)]
    made = {o.job for o in outcomes if o.assets and o.succeeded}
    assert made == {*FOLLOWED}
