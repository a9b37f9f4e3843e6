import numpy as np

from raman_pipeline.learning.synthetic_tasks.presets import PAPER
from raman_pipeline.universal_synthetic.dataset import Labelled

FEW = 12
"""Classes of the fixture `few`."""

QUICK = PAPER.model_copy(update={"epochs": 3, "batch_size": 8, "size": 8, "milestones": (1,)})


def labelled(spectra, label):
    return Labelled(spectra.astype(np.float32), label, np.ones(len(label), np.float32))
