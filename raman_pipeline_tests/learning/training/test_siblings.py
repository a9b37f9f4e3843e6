import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from raman_pipeline.learning.training.siblings import Siblings


@given(st.lists(st.integers(0, 4), min_size=1, max_size=30), st.integers(0, 9))
def test_siblings_are_of_the_same_specimen(specimens, seed):
    numbers = np.array(specimens)
    torch.manual_seed(seed)
    drawn = Siblings(numbers, torch.device("cpu")).draw(torch.arange(len(numbers)))
    assert numbers[drawn.numpy()].tolist() == specimens


def test_every_sibling_is_drawn():
    siblings = Siblings(np.array([7, 3, 7, 3, 7]), torch.device("cpu"))
    torch.manual_seed(0)
    assert set(siblings.draw(torch.zeros(100, dtype=torch.int64)).tolist()) == {0, 2, 4}
