import numpy as np
import pytest

from raman_pipeline.learning.identification.phases import NO_ANSWER, UNKNOWN
from raman_pipeline.plots.phase_map import OTHER, grid_of, legend_of, phase_colours, phase_map

X, Y = (
    a.ravel() * step for a, step in zip(np.meshgrid(range(6), range(4)), (2.5, 0.1), strict=True)
)
KEPT = np.arange(X.size) % 5 != 0
RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("x", "y", "shape"),
    [
        (X - 7, Y, (4, 6)),
        (X + RNG.uniform(-0.2, 0.2, X.size), Y, (4, 6)),
        (X[KEPT], Y[KEPT], (4, 6)),
        (X[X != 5], Y[X != 5], (4, 6)),
        (X[:6], Y[:6], (1, 6)),
        (X[:1], Y[:1], (1, 1)),
        (X + Y, Y - X, None),
        (RNG.uniform(0, 9, 50), RNG.uniform(0, 9, 50), None),
        (np.r_[X, X], np.r_[Y, Y], None),
    ],
    ids=["grid", "jitter", "points lost", "column lost", "line", "point", "turned", "any", "twice"],
)
def test_points_on_a_grid(x, y, shape):
    grid = grid_of(x, y)
    assert (grid and (grid.row.max() + 1, grid.column.max() + 1)) == shape
    if grid:
        left, right, bottom, top = grid.extent
        cells = (grid.column + 0.5) / shape[1], (grid.row + 0.5) / shape[0]
        np.testing.assert_allclose(left + cells[0] * (right - left), x, atol=0.4)
        np.testing.assert_allclose(bottom + cells[1] * (top - bottom), y, atol=0.02)


def test_rare_minerals_share_a_colour_and_shares_are_of_all_points():
    phases = [f"M{n}" for n in range(9) for _ in range(9 - n)] + [UNKNOWN] * 4 + [NO_ANSWER]
    colours = phase_colours(phases)
    assert len({colours[f"M{n}"] for n in range(7)}) == 7
    assert colours["M7"] == colours["M8"] == colours[OTHER]
    labels = [patch.get_label() for patch in legend_of(phases, colours)]
    assert labels[0] == "M0  18.0%"
    assert labels[-3:] == [f"{OTHER}  6.0%", f"{UNKNOWN}  8.0%", f"{NO_ANSWER}  2.0%"]


@pytest.mark.parametrize("turned", [False, True])
def test_the_picture_is_to_scale_and_names_the_unit(turned):
    x, y = (X + Y, Y - X) if turned else (X, 25 * Y)
    phases = ["Calcite", UNKNOWN] * 12
    mineral, probability = phase_map(x, y, phases, np.full(24, 0.5), "a $map$", "µm").axes[:2]
    assert mineral.get_aspect() == probability.get_aspect() == 1
    assert mineral.get_xlabel() == "x (µm)"
    drawn = (mineral.collections if turned else mineral.images)[0]
    named = drawn.get_cmap()(drawn.norm(np.ma.masked_invalid(drawn.get_array()).compressed()))
    assert len(np.unique(named, axis=0)) == 2
