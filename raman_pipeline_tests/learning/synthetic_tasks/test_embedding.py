"""The paper's network, its loss, and the tasks."""

import numpy as np
import pandas as pd
import pytest
import torch

from raman_pipeline.learning.models.spectrum_cnn import SpectrumCNN
from raman_pipeline.learning.synthetic_tasks import report
from raman_pipeline.learning.synthetic_tasks.embedding import (
    Embedding,
    fit_embedding,
    nearest_classes,
)
from raman_pipeline.learning.synthetic_tasks.pair_distances import pair_distances
from raman_pipeline.learning.synthetic_tasks.presets import PAPER
from raman_pipeline.learning.synthetic_tasks.tasks import (
    RUNS,
    embedding_rows,
    paper_preset,
    task_data,
    untrained_rows,
)
from raman_pipeline.learning.synthetic_tasks.triplets import Triplets, cut_triplet_loss
from raman_pipeline.universal_synthetic.classes import CLASSES
from raman_pipeline.universal_synthetic.dataset import Labelled

QUICK = PAPER.model_copy(update={"epochs": 3, "batch_size": 8, "size": 8, "milestones": (1,)})


def labelled(spectra, label):
    return Labelled(spectra.astype(np.float32), label, np.ones(len(label), np.float32))


@pytest.fixture(scope="module")
def lines():
    """Four classes of short spectra, each with one peak of its own."""
    rng = np.random.default_rng(0)
    label = np.repeat(np.arange(4), 6)
    x = np.arange(80)
    at = 15 + 15 * label + rng.integers(-2, 3, label.size)
    return labelled(np.exp(-0.5 * ((x - at[:, None]) / 2.0) ** 2), label)


def test_the_network_has_the_papers_numbers():
    model = SpectrumCNN(5000)
    assert model.head.weight.shape == (64, 40_000)
    convolutions = [layer.conv for layer in model.layers]
    assert [(c.out_channels, c.kernel_size[1]) for c in convolutions] == [
        (16, 21),
        (32, 11),
        (64, 5),
    ]


def test_the_network_is_that_of_conv1d():
    torch.manual_seed(0)
    model = SpectrumCNN(83, 8).eval()
    x = torch.rand(3, 83)
    y = x[:, None]
    for layer in model.layers:
        y = torch.nn.functional.conv1d(
            y, layer.conv.weight[:, :, 0], layer.conv.bias, padding="same"
        )
        y = torch.nn.functional.leaky_relu(torch.nn.functional.max_pool1d(y, 2), 0.01)
        y = layer.norm(y.transpose(1, 2).flatten(0, 1)).view(3, -1, y.shape[1]).transpose(1, 2)
    flat = y.transpose(1, 2).flatten(1)
    expected = torch.nn.functional.normalize(model.head(flat))
    assert torch.allclose(model(x), expected, atol=1e-5)
    assert torch.allclose(model(x).norm(dim=1), torch.ones(3))


def test_the_loss_by_hand():
    a = torch.tensor([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]])
    positive = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    negative = torch.tensor([[0.0, 1.0], [1.0, 0.0], [1.0, 0.0]])
    # Terms 0, 2 and 1; the first is cut.
    loss, share = cut_triplet_loss(a, positive, negative, margin=1.0, cut=0.3)
    assert float(loss) == pytest.approx(1.5)
    assert float(share) == pytest.approx(2 / 3)
    loss, share = cut_triplet_loss(a[:1], positive[:1], negative[:1], 1.0, 0.3)
    assert (float(loss), float(share)) == (0.0, 0.0)


def test_positives_are_other_spectra_of_the_class_and_negatives_of_others(lines):
    objective = Triplets(SpectrumCNN(80, 8), lines, QUICK, False)
    torch.manual_seed(0)
    for _ in range(20):
        rows = torch.arange(len(lines))
        own = objective.y[rows]
        mates = objective._another(rows, own)
        assert (objective.y[mates] == own).all()
        assert (mates != rows).all()
        other = (own + torch.randint(1, 4, own.shape)) % 4
        assert (objective.y[objective._drawn(other)] == other).all()
        assert (other != own).all()
    rows = torch.cat(list(objective.batches(7)))
    assert sorted(rows.tolist()) == list(range(len(lines)))


def test_a_training_that_was_killed_ends_as_one_that_was_not(lines, tmp_path):
    whole = fit_embedding(lines, QUICK, 0)
    file = tmp_path / "state.pt"

    def kill(report):
        if report.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_embedding(lines, QUICK, 0, checkpoint=file, on_epoch=kill)
    resumed = fit_embedding(lines, QUICK, 0, checkpoint=file)
    assert all(np.array_equal(whole.arrays[n], resumed.arrays[n]) for n in whole.arrays)
    other = fit_embedding(lines, QUICK, 1)
    assert not np.array_equal(whole.arrays["head.weight"], other.arrays["head.weight"])


def test_the_embedding_learns_and_answers(lines, tmp_path):
    state = fit_embedding(lines, QUICK.model_copy(update={"epochs": 12}), 0)
    state.write(tmp_path / "m.safetensors")
    embed = Embedding(type(state).read(tmp_path / "m.safetensors"))
    vectors = embed(lines.spectra)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(lines)), abs=1e-5)
    found, k = nearest_classes((vectors, lines.label), (vectors, lines.label), vectors)
    assert (found == lines.label).mean() > 0.9
    assert k == 1
    same, other = pair_distances(vectors, lines.label, 0)
    assert np.median(same) < np.median(other)


def test_mixtures_hold_other_spectra_of_the_two_classes(lines):
    # Each spectrum has a place of its own, so that a sum tells which are in it and how much.
    top = np.linspace(0.1, 1, len(lines), dtype=np.float32)
    distinct = Labelled(np.eye(len(lines), dtype=np.float32), lines.label, top)
    objective = Triplets(SpectrumCNN(24, 8), distinct, QUICK, True)
    torch.manual_seed(0)
    rows = torch.arange(len(lines)).repeat(20)
    anchors, positives, negatives = objective.draw(rows)
    for anchor, positive, negative in zip(anchors, positives, negatives, strict=True):
        (own,), in_positive, in_negative = (
            p.nonzero().flatten() for p in (anchor, positive, negative)
        )
        # A class learned from its anchors themselves would not learn how its spectra vary.
        assert own not in in_positive
        assert positive[in_positive].numpy() == pytest.approx(
            top[in_positive] / top[in_positive].max()
        )
        classes = objective.y[in_positive].tolist()
        assert len(classes) == 2
        assert classes.count(int(objective.y[own])) == 1
        others = set(objective.y[in_negative].tolist())
        assert others == set(classes) - {int(objective.y[own])}


def test_mixture_triplets_train(lines):
    state = fit_embedding(lines, QUICK, 0, mixtures=True)
    assert state.metadata["mixtures"]


@pytest.fixture(scope="module")
def sets():
    """A set with all classes on few points: 21 training spectra each, two others."""
    rng = np.random.default_rng(0)
    parts = {}
    for part, size in (("train", 21), ("validation", 2), ("test", 2)):
        label = np.repeat(np.arange(CLASSES), size)
        parts[part] = labelled(rng.random((len(label), 40)), label)
    small = {part: p.of_classes(0, 27) for part, p in parts.items()}
    return {"universal": parts, "challenge": small}


def test_unseen_classes_are_unseen(sets):
    for task, learned, searched in (
        ("unseen_classes", (0, 399), (400, 499)),
        ("mixtures", (100, 499), (0, 99)),
    ):
        data = task_data(task, sets, 0)
        assert (data.learned.label.min(), data.learned.label.max()) == learned
        for part in (data.reference, data.validation, data.test):
            assert (part.label.min(), part.label.max()) == searched


@pytest.mark.parametrize(
    ("task", "size"),
    [("all_classes", 21), ("forty_percent", 20), ("ten_percent", 5), ("unseen_classes", 20),
     ("mixtures", 20)],
)  # fmt: skip
def test_how_many_spectra_of_a_class_train(sets, task, size):
    data = task_data(task, sets, 0)
    for part in (data.learned, data.reference):
        assert set(np.unique(part.label, return_counts=True)[1]) == {size}


def test_tasks_differ_as_the_paper_says(sets):
    assert paper_preset("all_classes").learning_rate == 5e-3
    assert paper_preset("unseen_classes").learning_rate == 9e-3
    assert (paper_preset("mixtures").learning_rate, paper_preset("mixtures").epochs) == (4e-3, 16)
    assert len(task_data("challenge", sets, 0).test) == 54
    noisy = [task_data("noisy", sets, seed).test.spectra for seed in (0, 0, 1)]
    assert np.array_equal(noisy[0], noisy[1])
    assert not np.array_equal(noisy[0], noisy[2])


def test_rows_are_a_table(lines):
    grouped = labelled(lines.spectra, np.array([0, 8, 9, 26])[lines.label])
    sets = {"challenge": {p: grouped for p in ("train", "validation", "test")}}
    data = task_data("challenge", sets, 0)
    rows = list(untrained_rows("challenge", data, 0))
    rows += embedding_rows("challenge", data, lambda s: s[:, :40], 0)
    assert [r["n"] for r in rows if r["method"] == "embedding"] == [24, 12, 6, 6]
    table = RUNS.from_rows(rows)
    assert RUNS.problems(table) == []
    whole = table.to_pandas().query("part == 'all'").set_index("method")
    assert whole.loc["smoothed cosine", "accuracy"] > 0.9


def runs(**accuracies):
    return pd.DataFrame(
        [
            {
                "task": "challenge", "method": method.replace("_", " "), "part": "all",
                "components": 1, "at_least": 1, "n": 100, "accuracy": accuracy + 0.01 * seed,
                "setting": None, "seed": seed,
            }
            for method, accuracy in accuracies.items()
            for seed in (0, 1)
        ]
    )  # fmt: skip


def test_the_report_names_the_winner():
    won = report.summary(runs(peak_model=0.9, peak_list=0.8, embedding=0.5))
    assert report.verdicts(won) == [
        "challenge, 27 classes: peak models (90.50%) beat the best baseline, peak list (80.50%)."
    ]
    lost = report.summary(runs(peak_model=0.7, peak_list=0.8))
    assert "lose to the best baseline" in report.verdicts(lost)[0]
    text = report.to_markdown(won, {"data": "two seeds"})
    assert "| 53.08 | 78 to 87 | 50.50 ± 0.71 [2] |" in text
