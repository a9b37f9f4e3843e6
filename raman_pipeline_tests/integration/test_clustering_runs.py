"""Autoencoders trained, evaluated and clustered on the sample archives."""

import pandas as pd
import pyarrow.parquet as pq
import pytest

from raman_pipeline.common.errors import InputError
from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.runs import runner
from raman_pipeline.runs.execution import Callbacks
from raman_pipeline.runs.runner import run_clustering
from raman_pipeline_tests.integration.conftest import in_this_process, states

pytestmark = pytest.mark.integration

PARTITIONS = ("default|0", "paper|0")


@pytest.fixture(scope="module")
def clustered(settings):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "in_processes", in_this_process)
        outcomes = run_clustering(settings, Callbacks(), PARTITIONS)
        assert [o.errors for o in outcomes if not o.succeeded] == []
        yield settings


def table(settings, asset, preset="default"):
    return pq.read_table(settings.asset_store / asset / preset / "0.parquet").to_pandas()


def test_every_file_is_in_one_list(clustered):
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
        assert (folder / "embedding.html").stat().st_size > 100_000
        assert (folder / "pseudo_spectrum_0.png").stat().st_size > 5_000


def test_training_specimens_are_stored_and_smoothers_compared(clustered):
    for preset in ("default", "paper"):
        path = clustered.asset_store / "denoising_autoencoder" / preset / "0.safetensors"
        model = ModelState.read(path)
        assert model.metadata["training_specimens"]
    runs = table(clustered, "denoising_runs")
    assert set(runs["method"]) > {"nothing", "autoencoder", "Whittaker"}
    assert runs["n"].min() > 10


def test_reports_give_protocol_and_conclusions(clustered):
    reports = clustered.figure_store
    text = (reports / "clustering_report" / "report.md").read_text()
    assert (
        "hard set, held-out specimens, default preset: the best clustering of the autoencoder"
        in text
    )
    assert "| the paper, as printed | 44 | 42 | 50 | 20 | 0.955 |" in text
    text = (reports / "denoising_report" / "report.md").read_text()
    assert "noise 0.05, default preset: the autoencoder" in text
    assert (reports / "denoising_report" / "errors_default.png").stat().st_size > 10_000
    runs = pd.DataFrame(table(clustered, "clustering_runs"))
    assert set(runs["task"]) == {
        "the paper's minerals", "hard set", "hard set, held-out specimens",
    }  # fmt: skip
    assert not list(clustered.checkpoint_store.rglob("*.pt"))


def test_only_changed_settings_are_run_again(clustered):
    again = run_clustering(clustered, Callbacks(), ["paper|0"])
    assert [o for o in again if o.assets] == []
    changed = clustered.model_copy(
        update={"clustering": clustered.clustering.model_copy(update={"clusters": 4})}
    )
    outcomes = run_clustering(changed, Callbacks(), ["paper|0"])
    assert all(o.succeeded for o in outcomes)
    assert table(changed, "clusters", "paper")["cluster"].max() == 3
    # Results of the other partition have the former settings and are excluded.
    text = (changed.figure_store / "clustering_report" / "report.md").read_text()
    assert "autoencoders: paper (seeds 0)" in text
    assert "| paper preset, seed 0 |" in text
    assert "| default preset, seed 0 |" not in text


def test_an_unknown_partition_is_rejected(settings):
    with pytest.raises(InputError, match="no partition default\\|9"):
        run_clustering(settings, Callbacks(), ["default|9"])


def test_missing_minerals_are_named(settings):
    lost = settings.clustering.model_copy(update={"minerals": ("Unobtainium",)})
    changed = settings.model_copy(update={"clustering": lost})
    outcomes = run_clustering(changed, Callbacks(), ["paper|1"])
    assert any("no spectrum of Unobtainium" in e for o in outcomes for e in o.errors)
    assert states(changed)["denoising_autoencoder"].failed
