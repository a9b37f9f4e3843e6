import numpy as np
import pandas as pd
import pytest

from raman_pipeline.learning.synthetic_tasks import report
from raman_pipeline.learning.synthetic_tasks.names import SYNTHETIC_RUNS
from raman_pipeline.learning.synthetic_tasks.tasks import (
    embedding_rows,
    paper_preset,
    task_data,
    untrained_rows,
)
from raman_pipeline.universal_synthetic.classes import CLASSES
from raman_pipeline_tests.learning.synthetic_tasks.spectra import labelled


@pytest.fixture(scope="module")
def sets():
    """All classes on few points: 21 training, 2 validation and 2 test spectra each."""
    rng = np.random.default_rng(0)
    parts = {}
    for part, size in (("train", 21), ("validation", 2), ("test", 2)):
        label = np.repeat(np.arange(CLASSES), size)
        parts[part] = labelled(rng.random((len(label), 40)), label)
    small = {part: p.of_classes(0, 27) for part, p in parts.items()}
    return {"universal": parts, "challenge": small}


@pytest.mark.parametrize(
    ("task", "size", "trained", "searched", "rate"),
    [
        ("all_classes", 21, (0, 499), (0, 499), 5e-3),
        ("forty_percent", 20, (0, 499), (0, 499), 5e-3),
        ("ten_percent", 5, (0, 499), (0, 499), 5e-3),
        ("unseen_classes", 20, (0, 399), (400, 499), 9e-3),
        ("mixtures", 20, (100, 499), (0, 99), 4e-3),
    ],
)
def test_training_of_a_task(sets, task, size, trained, searched, rate):
    data = task_data(task, sets, 0)
    assert paper_preset(task).learning_rate == rate
    for part in (data.training, data.reference):
        assert set(np.unique(part.label, return_counts=True)[1]) == {size}
    assert (data.training.label.min(), data.training.label.max()) == trained
    for part in (data.reference, data.validation, data.test):
        assert (part.label.min(), part.label.max()) == searched


def test_noise_depends_on_the_seed(sets):
    noisy = [task_data("noisy", sets, seed).test.spectra for seed in (0, 0, 1)]
    assert np.array_equal(noisy[0], noisy[1])
    assert not np.array_equal(noisy[0], noisy[2])


def test_every_method_is_a_row_of_each_part(lines):
    grouped = labelled(lines.spectra, np.array([0, 8, 9, 26])[lines.label])
    sets = {"challenge": {p: grouped for p in ("train", "validation", "test")}}
    data = task_data("challenge", sets, 0)
    rows = list(untrained_rows("challenge", data, 0))
    rows += embedding_rows("challenge", data, lambda s: s[:, :40], 0)
    assert [r["n"] for r in rows if r["method"] == "embedding"] == [24, 12, 6, 6]
    table = SYNTHETIC_RUNS.from_rows(rows)
    assert SYNTHETIC_RUNS.problems(table) == []
    whole = table.to_pandas().query("part == 'all'").set_index("method")
    assert whole.loc["smoothed cosine", "accuracy"] > 0.9


def runs(**accuracies):
    means = pd.DataFrame({"method": [m.replace("_", " ") for m in accuracies]})
    means["accuracy"] = accuracies.values()
    every = means.assign(task="challenge", part="all", components=1, at_least=1, n=100)
    again = every["accuracy"] + 0.01
    return pd.concat([every.assign(seed=0), every.assign(seed=1, accuracy=again)])


def test_the_report_states_the_best_method():
    won = report.summary(runs(peak_model=0.9, peak_list=0.8, embedding=0.5))
    assert report.conclusions(won) == [
        "challenge, 27 classes: peak models (90.50%) beat the best baseline, peak list (80.50%)."
    ]
    lost = report.summary(runs(peak_model=0.7, peak_list=0.8))
    assert "lose to the best baseline" in report.conclusions(lost)[0]
    text = report.to_markdown(won, {"data": "two seeds"})
    assert "| 53.08 | 78 to 87 | 50.50 ± 0.71 [2] |" in text
