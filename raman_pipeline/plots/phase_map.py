"""The picture of a phase map.

What belongs here: where points lie on a grid, and their colours. What does not: which mineral a
point is (see `raman_pipeline.learning.identification.maps`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from raman_pipeline.learning.identification.phases import NO_ANSWER, UNKNOWN
from raman_pipeline.plots.style import new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from matplotlib.figure import Figure

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

OTHER = "other minerals"
# The colours of Okabe and Ito, which the colour-blind tell apart, too.
_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442")
_MORE = {OTHER: "#1a1a1a", UNKNOWN: "#bdbdbd", NO_ANSWER: "#ffffff"}
_EMPTIEST = 4
"""Cells of a grid for each point, from which on points are scattered and on no grid."""
_LONGEST = 20
"""Sides of a map, one divided by the other, from which on they are not drawn to one scale."""


class Grid(NamedTuple):
    """Points on a grid.

    Attributes:
        column, row: of each point, from 0.
        extent: left, right, bottom and top edge of its cells.
    """

    column: Integers
    row: Integers
    extent: tuple[float, float, float, float]


def grid_of(x: Floats, y: Floats) -> Grid | None:
    """Returns the grid that points lie on, up to a quarter of its step; None if there is none.

    Args:
        x: coordinates, float64 [n].
        y: as many.
    """
    along, across = _steps(x), _steps(y)
    if along is None or across is None:
        return None
    (column, width), (row, height) = along, across
    width, height = width or height or 1.0, height or width or 1.0
    cells = (column.max() + 1) * (row.max() + 1)
    if cells > _EMPTIEST * x.size or np.unique(np.stack([column, row]), axis=1).shape[1] < x.size:
        return None
    left, bottom = x.min() - width / 2, y.min() - height / 2
    return Grid(
        column,
        row,
        (left, left + width * (column.max() + 1), bottom, bottom + height * (row.max() + 1)),
    )


def _steps(values: Floats) -> tuple[Integers, float] | None:
    """Returns the step of each value on an even scale, and its length; 0 if all are equal."""
    unique, of_each = np.unique(values, return_inverse=True)
    gaps = np.diff(unique)
    if not gaps.size:
        return np.zeros(values.size, dtype=np.int64), 0.0
    # A stage comes back to a place within a fraction of its step; some columns may be missing.
    steps = np.r_[0, np.cumsum(np.rint(gaps / np.median(gaps[gaps > gaps.max() / 10])))]
    if not steps[-1]:
        return None
    length = float(np.ptp(unique) / steps[-1])
    if np.abs(unique - unique[0] - steps * length).max() > length / 4:
        return None
    return steps.astype(np.int64)[of_each], length


def phase_colours(phases: Sequence[str]) -> dict[str, str]:
    """Returns the colour of each phase; the minerals after the most frequent seven share one."""
    counts = Counter(phase for phase in phases if phase not in _MORE)
    minerals = sorted(counts, key=lambda name: (-counts[name], name))
    others = dict.fromkeys(minerals, _MORE[OTHER])
    return others | dict(zip(minerals, _COLOURS, strict=False)) | _MORE


def draw_phases(
    ax: Axes, x: Floats, y: Floats, phases: Sequence[str], colours: Mapping[str, str], unit: str
) -> None:
    """Draws points in the colours of their phases (see `phase_colours`)."""
    from matplotlib.colors import ListedColormap

    names = list(colours)
    numbers = np.array([names.index(phase) for phase in phases], dtype=np.float64)
    scale = ListedColormap([colours[name] for name in names])
    _draw(ax, x, y, numbers, unit, cmap=scale, vmin=-0.5, vmax=len(names) - 0.5)


def phase_map(
    x: Floats,
    y: Floats,
    phases: Sequence[str],
    probability: Floats,
    title: str,
    unit: str,
) -> Figure:
    """Plots the phases of a map with their shares, and the probability of the named minerals.

    Args:
        x: coordinates, float64 [n].
        y: as many.
        phases: n names of minerals, UNKNOWN or NO_ANSWER.
        probability: float64 [n], of the mineral; NaN without an answer.
        title: printed above.
        unit: of the coordinates, empty if not known.
    """
    wide = np.ptp(x) > 1.6 * np.ptp(y)
    rows, columns = (2, 1) if wide else (1, 2)
    ratio = np.ptp(y) / (np.ptp(x) or np.ptp(y) or 1)
    side = 6.5 if wide else 4.2
    height = rows * (side * float(np.clip(ratio, 0.15, 1.6)) + 0.75) + 0.4
    figure, axes = new_figure((side + 0.9) * columns + 2.2, height, columns, rows)
    colours = phase_colours(phases)
    draw_phases(axes[0], x, y, phases, colours, unit)
    axes[0].set_title("Mineral", fontsize=10)
    shown = _draw(axes[1], x, y, probability, unit, cmap="cividis", vmin=0, vmax=1)
    axes[1].set_title("Probability", fontsize=10)
    figure.colorbar(shown, ax=axes[1], pad=0.02, aspect=30)
    figure.suptitle(title, fontsize=11, parse_math=False)
    figure.legend(
        handles=legend_of(phases, colours), loc="outside right upper", fontsize=8, frameon=False
    )
    return figure


def legend_of(phases: Sequence[str], colours: Mapping[str, str]) -> list[Any]:
    """Returns a patch for each phase with its share, for a legend."""
    from matplotlib.patches import Patch

    shared = {p: OTHER for p, colour in colours.items() if colour == _MORE[OTHER]}
    counts = Counter(shared.get(phase, phase) for phase in phases)
    last = list(_MORE)
    ordered = sorted(counts, key=lambda n: (last.index(n) + 1 if n in last else 0, -counts[n]))
    return [
        Patch(
            facecolor=colours[name],
            edgecolor="#666666",
            linewidth=0.5,
            label=f"{name}  {counts[name] / len(phases):.1%}",
        )
        for name in ordered
    ]


def _draw(
    ax: Axes, x: Floats, y: Floats, values: Floats, unit: str, **scale: Any
) -> ScalarMappable:
    """Draws values in cells if their points lie on a grid, else as dots that hardly overlap."""
    from matplotlib.collections import EllipseCollection

    shown: ScalarMappable
    if (grid := grid_of(x, y)) is not None:
        cells = np.full((grid.row.max() + 1, grid.column.max() + 1), np.nan)
        cells[grid.row, grid.column] = values
        shown = ax.imshow(cells, origin="lower", extent=grid.extent, interpolation="none", **scale)
    else:
        size = _distance(x, y)
        limits = {name: scale.pop(name) for name in ("vmin", "vmax")}
        dots = EllipseCollection(
            [size],
            [size],
            [0],
            units="xy",
            offsets=np.stack([x, y], axis=1),
            offset_transform=ax.transData,
            array=values,
            edgecolors="#666666",
            linewidths=0.2,
            **scale,
        )
        dots.set_clim(**limits)
        ax.add_collection(dots)
        ax.set_xlim(x.min() - size, x.max() + size)
        ax.set_ylim(y.min() - size, y.max() + size)
        shown = dots
    sides = [np.ptp(limits) for limits in (ax.get_xlim(), ax.get_ylim())]
    ax.set_aspect("equal" if max(sides) < _LONGEST * min(sides) else "auto")
    of = f" ({unit})" if unit else " (unit not stated)"
    ax.set_xlabel(f"x{of}")
    ax.set_ylabel(f"y{of}")
    return shown


def _distance(x: Floats, y: Floats) -> float:
    """Returns the median distance of points to their nearest neighbours."""
    from scipy.spatial import KDTree

    points = np.unique(np.stack([x, y], axis=1), axis=0)
    if len(points) == 1:
        return 1.0
    return float(np.median(KDTree(points).query(points, 2)[0][:, 1]))
