"""Autoencoders trained, judged and clustered over the sample archives."""

import pandas as pd
import pyarrow.parquet as pq
import pytest

from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.runs.runner import Callbacks, run_clustering
from raman_pipeline_tests.integration.conftest import states

pytestmark = pytest.mark.integration

PARTITIONS = ("default|0", "paper|0")


@pytest.fixture(scope="module")
def clustered(settings):
    outcomes = run_clustering(settings, Callbacks(), PARTITIONS, processes=2)
    assert [o.errors for o in outcomes if not o.succeeded] == []
    return settings


def table(settings, asset, preset="default"):
    return pq.read_table(settings.asset_store / asset / preset / "0.parquet").to_pandas()


def test_every_file_is_listed_in_one_cluster(clustered):
    for preset in ("default", "paper"):
        frame = table(clustered, "clusters", preset)
        folder = clustered.figure_store / "clusters" / f"{preset}_0"
        lists = {p.name: p.read_text().split() for p in folder.glob("*.txt")}
        assert sorted(f for names in lists.values() for f in names) == sorted(frame["file"])
        copies = [f for name, names in lists.items() if "augmented" in name for f in names]
        assert sorted(copies) == [f"augmented_{i}.txt" for i in range(6)]
        parents = frame[frame["augmented"]]
        assert set(parents["mineral"]) == {"Albite"}
        assert set(parents["member_id"]) <= set(frame[~frame["augmented"]]["member_id"])
        assert (folder / "plane.html").stat().st_size > 100_000
        assert (folder / "pseudo_spectrum_0.png").stat().st_size > 5_000


def test_no_judged_specimen_was_trained_on(clustered):
    for preset in ("default", "paper"):
        path = clustered.asset_store / "denoising_autoencoder" / preset / "0.safetensors"
        model = ModelState.read(path)
        assert model.metadata["training_specimens"]
    judged = table(clustered, "denoising_runs")
    assert set(judged["method"]) > {"nothing", "autoencoder", "Whittaker"}
    assert judged["n"].min() > 10


def test_reports_say_protocol_and_winner(clustered):
    reports = clustered.figure_store
    text = (reports / "clustering_report" / "report.md").read_text()
    assert "hard set, unseen specimens, default preset: the best of what the autoencoder" in text
    assert "| the paper, as printed | 44 | 42 | 50 | 20 | 0.955 |" in text
    text = (reports / "denoising_report" / "report.md").read_text()
    assert "noise 0.05, default preset: the autoencoder" in text
    assert (reports / "denoising_report" / "errors_default.png").stat().st_size > 10_000
    runs = pd.DataFrame(table(clustered, "clustering_runs"))
    assert set(runs["task"]) == {
        "the paper's minerals", "hard set", "hard set, unseen specimens",
    }  # fmt: skip
    assert not list(clustered.checkpoint_store.rglob("*.pt"))


def test_what_is_done_is_not_done_again_and_other_settings_are(clustered):
    again = run_clustering(clustered, Callbacks(), ["paper|0"], processes=1)
    assert [o for o in again if o.assets] == []
    changed = clustered.model_copy(
        update={"clustering": clustered.clustering.model_copy(update={"clusters": 4})}
    )
    outcomes = run_clustering(changed, Callbacks(), ["paper|0"], processes=1)
    assert all(o.succeeded for o in outcomes)
    assert table(changed, "clusters", "paper")["cluster"].max() == 3
    # The numbers of the other partition stand under the former settings and are left out.
    text = (changed.figure_store / "clustering_report" / "report.md").read_text()
    assert "autoencoders: paper (seeds 0)" in text
    assert "| paper preset, seed 0 |" in text
    assert "| default preset, seed 0 |" not in text


def test_a_partition_that_is_none_is_refused(settings):
    with pytest.raises(ValueError, match="no partition default\\|9"):
        run_clustering(settings, Callbacks(), ["default|9"])


def test_minerals_that_are_not_there_are_named(settings):
    lost = settings.clustering.model_copy(update={"minerals": ("Unobtainium",)})
    changed = settings.model_copy(update={"clustering": lost})
    outcomes = run_clustering(changed, Callbacks(), ["paper|1"], processes=1)
    assert any("no spectrum of Unobtainium" in e for o in outcomes for e in o.errors)
    assert states(changed)["denoising_autoencoder"].failed
