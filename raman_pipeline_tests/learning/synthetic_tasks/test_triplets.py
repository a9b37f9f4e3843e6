import numpy as np
import pytest
import torch

from raman_pipeline.learning.models.spectrum_cnn import SpectrumCNN
from raman_pipeline.learning.synthetic_tasks.triplets import Triplets, cut_triplet_loss
from raman_pipeline.universal_synthetic.dataset import Labelled
from raman_pipeline_tests.learning.synthetic_tasks.spectra import QUICK


def test_the_loss_of_small_triplets():
    a = torch.tensor([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]])
    positive = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    negative = torch.tensor([[0.0, 1.0], [1.0, 0.0], [1.0, 0.0]])
    # Terms 0, 2 and 1; the first is cut.
    loss, active = cut_triplet_loss(a, positive, negative, margin=1.0, cut=0.3)
    assert float(loss) == pytest.approx(1.5)
    assert float(active) == pytest.approx(2 / 3)
    loss, active = cut_triplet_loss(a[:1], positive[:1], negative[:1], 1.0, 0.3)
    assert (float(loss), float(active)) == (0.0, 0.0)


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


def test_mixtures_hold_other_spectra_of_the_two_classes(lines):
    # Each spectrum has its own point, so that a sum shows its components and their weights.
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
        # With the anchor itself in the positive the variation of the class would not be learned.
        assert own not in in_positive
        assert positive[in_positive].numpy() == pytest.approx(
            top[in_positive] / top[in_positive].max()
        )
        classes = objective.y[in_positive].tolist()
        assert len(classes) == 2
        assert classes.count(int(objective.y[own])) == 1
        others = set(objective.y[in_negative].tolist())
        assert others == set(classes) - {int(objective.y[own])}
