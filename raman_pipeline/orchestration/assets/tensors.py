"""The common window, and every spectrum on one grid."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from raman_pipeline.common.parquet import StoredTable
from raman_pipeline.common.schema import Column, TableSchema
from raman_pipeline.orchestration import asset_kit as kit
from raman_pipeline.orchestration.ledgers import ledger
from raman_pipeline.plots.spectra import before_and_after, window_coverage
from raman_pipeline.settings import Settings
from raman_pipeline.spectra.resample import Interpolation
from raman_pipeline.spectra.resample_table import resample_table
from raman_pipeline.spectra.tensor_file import SpectrumTensor
from raman_pipeline.spectra.window import Window, coverage, find_window

_CHECKS = {
    "rows_conserved": "One row per spectrum, in the order of the spectra.",
    "normalised": "Every value is finite and between 0 and 1.",
}
WINDOW = TableSchema(
    "wavenumber_window",
    (
        Column("raman_shift", pa.float64(), "grid point, cm⁻¹", unique=True),
        Column("coverage", pa.float64(), "share of spectra that reach it", between=(0, 1)),
    ),
)


@kit.table_asset(
    WINDOW,
    group_name="features",
    code_version="2",
    uses=["grid"],
    checks={"covers_all": "No spectrum reaches beyond the window."},
)
def wavenumber_window(settings: Settings, spectra: StoredTable) -> kit.Result:
    """The smallest window that covers every spectrum, the grid on it, and its coverage."""
    ends = spectra.select(["shift_start", "shift_stop"])
    starts, stops = (column.to_numpy() for column in ends.columns)
    window = find_window(starts, stops)
    grid = window.grid(settings.grid.points)
    share = coverage(starts, stops, grid)
    rows = ({"raman_shift": x, "coverage": y} for x, y in zip(grid, share, strict=True))
    step = float(grid[1] - grid[0])
    covers = window.start <= starts.min() and stops.max() <= window.stop
    return kit.Result(
        WINDOW.from_rows(rows),
        checks={"covers_all": kit.Check(covers)},
        figures={"coverage": window_coverage(grid, share, window.start, window.stop)},
        metadata={"start_cm1": window.start, "stop_cm1": window.stop, "step_cm1": step},
    )


@kit.tensor_asset(group_name="features", code_version="3", uses=["grid"], checks=_CHECKS)
def resampled_spectra(
    settings: Settings, spectra: StoredTable, wavenumber_window: pa.Table
) -> kit.Result:
    """Every spectrum on the grid, min-max normalised after resampling: float32 [n, points].

    Zero outside a spectrum's own range; a flat spectrum is all zeros.
    """
    window = wavenumber_window["raman_shift"].to_numpy()
    return _resampled(settings, "resampled_spectra", spectra, window, settings.grid.interpolation)


@kit.tensor_asset(group_name="features", code_version="3", uses=["fine_grid"], checks=_CHECKS)
def fine_spectra(settings: Settings, spectra: StoredTable) -> kit.Result:
    """Every spectrum on a grid fine enough to evaluate denoising: float32 [n, points].

    The common window has a step of some 4 cm⁻¹, which cuts sharp bands; this grid is narrower,
    with the step of the spectrometers.
    """
    chosen = settings.fine_grid
    grid = chosen.start_cm1 + chosen.step_cm1 * np.arange(chosen.points, dtype=np.float64)
    return _resampled(settings, "fine_spectra", spectra, grid, "adaptive")


def _resampled(
    settings: Settings,
    asset: str,
    spectra: StoredTable,
    grid: npt.NDArray[np.float64],
    interpolation: Interpolation,
) -> kit.Result:
    """Returns a tensor of all spectra on a grid, with the loss of peak height on it."""
    result = resample_table(spectra, grid, interpolation, ledger(settings, asset))
    names = spectra.select(["member_id", "member"])
    tensor = SpectrumTensor(result.intensity, grid, tuple(names["member_id"].to_pylist()))
    values, loss = tensor.intensity, result.peak_loss
    in_range = values.size == 0 or (values.min() >= 0 and values.max() <= 1)
    shown = int(np.argsort(loss)[len(loss) // 2])
    measured = spectra.whole_row(shown)
    title = f"{measured['mineral']} {measured['rruff_id']}"
    return kit.Result(
        tensor,
        checks={
            "rows_conserved": kit.Check.equal(spectra=spectra.num_rows, rows=result.rows),
            "normalised": kit.Check(np.isfinite(values).all() and in_range),
        },
        figures={"before_and_after": before_and_after(measured, grid, values[shown], title)},
        metadata={
            "shape": list(values.shape),
            "dtype": "float32",
            "window": f"{Window(grid[0], grid[-1])}",
            "peak_loss_mean": float(loss.mean()),
            "peak_loss_95_percent": float(np.quantile(loss, 0.95)),
            "peak_loss_worst": float(loss.max()),
            "peak_loss_worst_spectrum": names["member"][int(loss.argmax())].as_py(),
            "spline_overshoots": int((result.overshoot > 1e-6).sum()),
            "spline_overshoot_worst": float(result.overshoot.max()),
            "flat_spectra": int((values.max(axis=1) == 0).sum()),
        },
    )
