import json

import numpy as np
import pytest

from raman_pipeline.universal_synthetic.classes import (
    CLASSES,
    MARGIN,
    POINTS,
    challenge_classes,
    universal_classes,
)
from raman_pipeline_tests.conftest import SHARED


@pytest.mark.parametrize(
    ("file", "classes"),
    [("benchmark", universal_classes), ("challenge", challenge_classes)],
)
def test_classes_are_the_published_ones(file, classes):
    path = SHARED / "universal-synthetic" / f"{file}.json"
    if not path.exists():
        pytest.skip("needs the public class tables in ../shared/universal-synthetic")
    published = json.loads(path.read_text(encoding="utf-8"))["spectra"]
    assert len(published) == len(classes())
    for i, ours in enumerate(classes()):
        assert ours.positions.tolist() == published[str(i)]["peak_positions"]
        assert ours.heights.tolist() == published[str(i)]["peak_heights"]


def test_spot_checks_of_the_classes():
    classes = universal_classes()
    assert len(classes) == CLASSES
    assert classes[1].positions.tolist() == [508, 1588, 1645, 4378]
    assert classes[1].heights.tolist() == [0.368, 0.947, 1.0, 0.768]
    # Class 38 has twelve drawn peaks, of which ten are kept.
    assert classes[38].heights.tolist()[:3] == [0.385, 0.021, 0.302]
    for c in classes:
        assert 2 <= len(c.positions) <= 10
        assert c.heights.max() == 1.0
        assert (np.diff(c.positions) >= 0).all()
        assert MARGIN <= c.positions.min() <= c.positions.max() < POINTS - MARGIN
