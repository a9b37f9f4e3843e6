"""Not-a-knot cubic splines, compiled, for many spectra on one grid.

The slopes at the knots solve a tridiagonal system (de Boor 1978, A Practical Guide to Splines,
chapter IV), as in scipy's `CubicSpline`; elimination runs from both ends at once, since the
divisions of one end depend on each other.
"""

from __future__ import annotations

import numpy as np

from raman_pipeline.common.jit import compiled


@compiled()
def resample_ragged(shift, intensity, offsets, grid, out, peak_loss, overshoot):  # noqa: ANN001, ANN201
    """Resamples and min-max normalises ragged spectra.

    Args:
        shift: float32 [points], concatenated Raman shifts.
        intensity: float32 [points].
        offsets: int64 [n + 1], start of each spectrum.
        grid: float64 [m].
        out: float32 [n, m], filled; zero outside a spectrum's range.
        peak_loss: float64 [n], filled; see `resample.ResampledSet`.
        overshoot: float64 [n], filled; likewise.
    """
    longest = 0
    for row in range(offsets.size - 1):
        longest = max(longest, offsets[row + 1] - offsets[row])
    work = np.empty((5, longest))
    values = np.zeros(grid.size)
    for row in range(offsets.size - 1):
        y = intensity[offsets[row] : offsets[row + 1]]
        first, last = _evaluate(shift[offsets[row] : offsets[row + 1]], y, grid, values, work)
        low, high = _extremes(y)
        if last > first and high > low:
            found_low, found_high = _extremes(values[first:last])
            span = np.float64(high) - np.float64(low)
            peak_loss[row] = (high - found_high) / span
            overshoot[row] = max(0.0, found_high - high, low - found_low) / span
            width = found_high - found_low
            if width > 0:
                for i in range(first, last):
                    out[row, i] = (values[i] - found_low) / width


# Only finite numbers, so that comparisons can be reordered and vectorised.
@compiled(fastmath={"nnan", "nsz"})
def _extremes(values):  # noqa: ANN001, ANN202
    low, high = values[0], values[0]
    for value in values:
        low = value if value < low else low
        high = value if value > high else high
    return low, high


@compiled()
def _evaluate(x, y, grid, values, work):  # noqa: ANN001, ANN202
    """Fills `values` inside the spectrum's range; returns the first and last point there."""
    n = x.size
    first = np.searchsorted(grid, np.float64(x[0]), side="left")
    last = np.searchsorted(grid, np.float64(x[n - 1]), side="right")
    if last <= first:
        return first, first
    step, slope, upper, right, derivative = work
    for i in range(n - 1):
        step[i] = np.float64(x[i + 1]) - np.float64(x[i])
        slope[i] = (np.float64(y[i + 1]) - np.float64(y[i])) / step[i]
    _slopes_at_knots(n, step, slope, upper, right, derivative)
    knot = 0
    for i in range(first, last):
        at = grid[i]
        while knot < n - 2 and at >= x[knot + 1]:
            knot += 1
        offset = at - x[knot]
        part = offset / step[knot]
        start, rise = derivative[knot], slope[knot]
        bend = start + derivative[knot + 1] - 2 * rise
        values[i] = y[knot] + offset * (start + part * (rise - start - bend + part * bend))
    return first, last


@compiled()
def _slopes_at_knots(n, step, slope, upper, right, derivative):  # noqa: ANN001, ANN202
    """Fills the first derivative at each of n knots."""
    if n == 2:
        derivative[0] = derivative[1] = slope[0]
        return
    if n == 3:
        # Both end conditions are the same: one parabola through three points.
        curve = (slope[1] - slope[0]) / (step[0] + step[1])
        derivative[0] = slope[0] - curve * step[0]
        derivative[1] = slope[0] + curve * step[0]
        derivative[2] = slope[1] + curve * step[1]
        return
    # Row i of the system, scaled to a unit diagonal: the left half keeps the factor of
    # its right neighbour, the right half that of its left one.
    reach = step[0] + step[1]
    upper[0] = reach / step[1]
    right[0] = ((step[0] + 2 * reach) * step[1] * slope[0] + step[0] ** 2 * slope[1]) / (
        reach * step[1]
    )
    end = n - 1
    reach = step[end - 1] + step[end - 2]
    upper[end] = reach / step[end - 2]
    right[end] = (
        step[end - 1] ** 2 * slope[end - 2]
        + (2 * reach + step[end - 1]) * step[end - 2] * slope[end - 1]
    ) / (reach * step[end - 2])
    middle = n // 2
    left_upper, left_right = upper[0], right[0]
    end_upper, end_right = upper[end], right[end]
    for i in range(1, middle):
        pivot = 2 * (step[i - 1] + step[i]) - step[i] * left_upper
        known = 3 * (step[i] * slope[i - 1] + step[i - 1] * slope[i])
        left_upper = step[i - 1] / pivot
        left_right = (known - step[i] * left_right) / pivot
        upper[i], right[i] = left_upper, left_right
        j = end - i
        if j > middle:
            pivot = 2 * (step[j - 1] + step[j]) - step[j - 1] * end_upper
            known = 3 * (step[j] * slope[j - 1] + step[j - 1] * slope[j])
            end_upper = step[j] / pivot
            end_right = (known - step[j - 1] * end_right) / pivot
            upper[j], right[j] = end_upper, end_right
    # The halves meet at the middle knot, whose row has both neighbours.
    i = middle
    known = 3 * (step[i] * slope[i - 1] + step[i - 1] * slope[i])
    derivative[i] = (known - step[i] * right[i - 1] - step[i - 1] * right[i + 1]) / (
        2 * (step[i - 1] + step[i]) - step[i] * upper[i - 1] - step[i - 1] * upper[i + 1]
    )
    down = up = derivative[i]
    for k in range(1, middle + 1):
        down = right[middle - k] - upper[middle - k] * down
        derivative[middle - k] = down
        if middle + k <= end:
            up = right[middle + k] - upper[middle + k] * up
            derivative[middle + k] = up
