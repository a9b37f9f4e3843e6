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


def distinct(lines, mixtures):
    """Returns triplets of spectra that have one point each, which shows the components of sums."""
    top = np.linspace(0.1, 1, len(lines), dtype=np.float32)
    spectra = Labelled(np.eye(len(lines), dtype=np.float32), lines.label, top)
    objective = Triplets(SpectrumCNN(len(lines), 8), spectra, QUICK, mixtures)
    torch.manual_seed(0)
    triplets = objective.draw(torch.arange(len(lines)).repeat(20))
    points = [[p.nonzero().flatten() for p in part] for part in triplets]
    return objective, top, triplets, zip(*points, strict=True)


def test_positives_are_other_spectra_of_the_class_and_negatives_of_others(lines):
    objective, _, _, points = distinct(lines, False)
    for own, positive, negative in points:
        assert positive != own
        assert objective.y[positive] == objective.y[own] != objective.y[negative]
    rows = torch.cat(list(objective.batches(7)))
    assert sorted(rows.tolist()) == list(range(len(lines)))


def test_mixtures_hold_other_spectra_of_the_two_classes(lines):
    objective, top, (_, positives, _), points = distinct(lines, True)
    for positive, (own, in_positive, in_negative) in zip(positives, points, strict=True):
        # With the anchor itself in the positive the variation of the class would not be learned.
        assert own not in in_positive
        heights = top[in_positive] / top[in_positive].max()
        assert positive[in_positive].numpy() == pytest.approx(heights)
        classes = objective.y[in_positive].tolist()
        assert len(classes) == 2
        assert classes.count(int(objective.y[own])) == 1
        assert set(objective.y[in_negative].tolist()) == set(classes) - {int(objective.y[own])}
