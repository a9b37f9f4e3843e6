import numpy as np
import pytest

from raman_pipeline.learning.identification.filters import Filters
from raman_pipeline.learning.identification.identify import Identifier
from raman_pipeline.spectra.spectrum_files import Spectrum


def mixture(library, parts, shift=0.0):
    """Returns a sum of the first spectra of minerals as a user measures it, the axis shifted."""
    rows = [int(np.flatnonzero(library.mineral == m)[0]) for m in parts]
    valid = library.valid[rows].all(axis=0)
    y = np.einsum("i,ij", list(parts.values()), library.intensity[rows])
    return Spectrum("mixed.txt", library.grid[valid] + shift, 900 * y[valid] + 40)


def identified(library, spectrum, *accept):
    return Identifier(library, filters=Filters(accept=accept)).identify([spectrum])[0]


@pytest.mark.parametrize("shift", [0, 3, -5])
def test_accepted_minerals_are_subtracted_and_the_rest_is_searched(library, shift):
    spectrum = mixture(library, {1: 0.6, 2: 0.25, 4: 0.15}, shift)
    first = identified(library, spectrum, "m1")
    assert first.accepted.parts[0].mineral == "M1"
    assert first.accepted.parts[0].share == pytest.approx(0.6, abs=0.12)
    assert first.minerals[0].name == "M2"
    second = identified(library, spectrum, "M1", "M2")
    shares = [part.share for part in second.accepted.parts]
    assert shares == pytest.approx([0.6, 0.25], abs=0.06)
    assert sum(shares) + second.accepted.left == pytest.approx(1)
    assert second.minerals[0].name == "M4"
    assert second.accepted.unexplained < first.accepted.unexplained
    assert not {"M1", "M2"} & {mineral.name for mineral in second.minerals}
    data = second.as_json()
    assert [part["name"] for part in data["accepted"]["minerals"]] == ["M1", "M2"]
    assert data["settings"]["accept"] == ["M1", "M2"]
    assert "accepted minerals subtracted: M1" in data["preprocessing"][-1]


@pytest.mark.parametrize(
    ("accept", "expected"),
    [(("M1",), ["little_left"]), (("M1", "M2"), ["accepted_absent", "little_left"]), ((), [])],
)
def test_what_was_accepted_wrongly_or_leaves_little_is_warned_of(library, accept, expected):
    found = identified(library, mixture(library, {1: 1.0}), *accept)
    assert [warning.kind for warning in found.query.warnings] == expected
    assert (found.accepted is None) == (not accept)
