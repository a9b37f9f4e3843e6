"""The commands `build-library` and `synthetic-benchmark` end to end."""

import json

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from raman_pipeline.cli.main import app
from raman_pipeline.common.errors import InputError
from raman_pipeline.learning.synthetic_tasks.presets import PAPER
from raman_pipeline.rruff.archive import read_outcomes
from raman_pipeline.rruff.member import Member
from raman_pipeline.runs.execution import Callbacks
from raman_pipeline.runs.runner import run_identification, run_synthetic
from raman_pipeline.settings import SyntheticSettings
from raman_pipeline.universal_synthetic.classes import challenge_classes
from raman_pipeline_tests.integration.conftest import in_this_process, states, two_archives

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def settings(small_store):
    with two_archives():
        yield small_store


@pytest.fixture(scope="module")
def identified(settings):
    outcomes = run_identification(settings, Callbacks())
    assert [o.errors for o in outcomes if not o.succeeded] == []
    return settings


def test_library_and_report(identified):
    found = states(identified)
    spectra = pq.read_table(identified.asset_store / "spectra.parquet", columns=["kind", "mineral"])
    frame = spectra.to_pandas()
    named = (frame["kind"] == "Processed") & frame["mineral"].notna()
    assert found["mineral_library"].rows == named.sum()
    text = (identified.figure_store / "identification_report" / "report.md").read_text()
    assert "| leaky: ours, leave-one-spectrum-out |" in text
    assert "AUROC" in text and "least squares" in text
    assert [o for o in run_identification(identified, Callbacks()) if o.assets] == []


def test_members_of_the_archives_are_identified(identified, sample_folder, tmp_path):
    members = [
        outcome
        for _, outcome in read_outcomes(sample_folder / "excellent_unoriented.zip")
        if isinstance(outcome, Member) and outcome.kind == "Processed" and outcome.mineral
    ][:20]
    for member in members:
        rows = zip(member.raman_shift, member.intensity, strict=True)
        (tmp_path / member.name.raw).write_text("\n".join(f"{x}, {y}" for x, y in rows))
    library = ["--library", str(identified.asset_store / "mineral_library.safetensors")]
    result = CliRunner().invoke(app, ["identify", str(tmp_path), "--json", *library])
    assert result.exit_code == 0, result.output
    found = [json.loads(line) for line in result.stdout.splitlines()]
    names = {m.name.raw: m.mineral for m in members}
    correct = [f["minerals"][0]["name"] == names[f["file"].split("/")[-1]] for f in found]
    assert len(correct) == len(members)
    assert sum(correct) >= 0.9 * len(correct)


def test_the_network_is_trained_for_the_given_partitions(settings, monkeypatch):
    # The tasks with 500 classes take minutes; the challenge runs the same code.
    assets = "raman_pipeline.orchestration.assets.synthetic"
    monkeypatch.setattr(f"{assets}.TASKS", ("challenge",))
    tasks = "raman_pipeline.learning.synthetic_tasks.tasks"
    monkeypatch.setattr(f"{tasks}.gallery_rows", lambda sets, seed: [])
    # Spectra per class, of 50.
    monkeypatch.setattr(f"{tasks}.TRAINING_SPECTRA", {"challenge": 5})
    sets = "raman_pipeline.universal_synthetic.dataset"
    monkeypatch.setattr(f"{sets}.universal_classes", challenge_classes)
    monkeypatch.setattr("raman_pipeline.runs.runner.in_processes", in_this_process)
    quick = PAPER.model_copy(update={"epochs": 1, "size": 8})
    chosen = settings.model_copy(update={"synthetic": SyntheticSettings(embedding=quick)})
    outcomes = run_synthetic(chosen, Callbacks(), ["0|challenge"])
    assert [o.errors for o in outcomes if not o.succeeded] == []
    text = (chosen.figure_store / "synthetic_report" / "report.md").read_text()
    assert "challenge, 27 classes: peak models" in text
    runs = pq.read_table(chosen.asset_store / "embedding_runs" / "0" / "challenge.parquet")
    assert set(runs.to_pandas()["part"]) == {"all", "weak peaks", "positions", "heights"}
    assert not list(chosen.checkpoint_store.rglob("*.pt"))
    again = run_synthetic(chosen, Callbacks(), ["0|challenge"])
    assert [o for o in again if o.assets] == []


def test_an_unknown_partition_is_refused(settings):
    with pytest.raises(InputError, match=r"no partition 0\|nothing; they are 0\|all_classes"):
        run_synthetic(settings, Callbacks(), ["0|nothing"])
