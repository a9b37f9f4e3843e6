"""Stage 4: the common window, and every spectrum on one grid."""

from typing import Any, Literal

import dagster as dg
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from raman_pipeline.common.parquet import StoredTable
from raman_pipeline.common.schema import Column, TableSchema
from raman_pipeline.orchestration.automation import EAGER_ON_DATA_CHANGE
from raman_pipeline.orchestration.io_managers import ON_DISK
from raman_pipeline.orchestration.metadata import (
    OWNERS,
    TABLE,
    TENSOR,
    arrays_version,
    blocking_check,
    check_result,
    figure_metadata,
    schema_check,
    table_result,
)
from raman_pipeline.plots.spectra import before_and_after, window_coverage
from raman_pipeline.settings import Settings
from raman_pipeline.spectra.resample import Ragged, resample_set
from raman_pipeline.spectra.tensor_file import SpectrumTensor
from raman_pipeline.spectra.window import Window, coverage, find_window

_RAGGED = ["raman_shift", "intensity"]
_COMMON: dict[str, Any] = {
    "group_name": "tensors",
    "owners": OWNERS,
    "automation_condition": EAGER_ON_DATA_CHANGE,
}

WINDOW = TableSchema(
    "wavenumber_window",
    (
        Column("raman_shift", pa.float64(), "grid point, cm⁻¹", unique=True),
        Column("coverage", pa.float64(), "share of spectra that reach it", between=(0, 1)),
    ),
)


@dg.asset(
    **_COMMON,
    ins={"spectra": ON_DISK},
    dagster_type=TABLE,
    kinds={"parquet"},
    code_version="2",
    metadata={"settings_used": ["grid"]},
    check_specs=[
        schema_check("wavenumber_window"),
        blocking_check("wavenumber_window", "covers_all", "No spectrum reaches beyond the window."),
    ],
)
def wavenumber_window(
    settings: dg.ResourceParam[Settings], spectra: StoredTable
) -> dg.MaterializeResult:
    """The smallest window that covers every spectrum, the grid on it, and its coverage."""
    ends = spectra.select(["shift_start", "shift_stop"])
    starts, stops = (column.to_numpy() for column in ends.columns)
    window = find_window(starts, stops)
    grid = window.grid(settings.grid.points)
    share = coverage(starts, stops, grid)
    covers = window.start <= starts.min() and stops.max() <= window.stop
    return table_result(
        "wavenumber_window",
        WINDOW.from_rows(
            {"raman_shift": x, "coverage": y} for x, y in zip(grid, share, strict=True)
        ),
        WINDOW,
        settings.part(["grid"]),
        [check_result("wavenumber_window", "covers_all", bool(covers))],
        start_cm1=window.start,
        stop_cm1=window.stop,
        step_cm1=float(grid[1] - grid[0]),
        **figure_metadata(
            settings,
            "wavenumber_window",
            coverage=window_coverage(grid, share, window.start, window.stop),
        ),
    )


@dg.asset(
    **_COMMON,
    ins={"spectra": ON_DISK},
    dagster_type=TENSOR,
    kinds={"safetensors"},
    io_manager_key="tensor_io_manager",
    code_version="2",
    metadata={"settings_used": ["grid"]},
    check_specs=[
        blocking_check("resampled_spectra", "nothing_lost", "One row for each spectrum, in order."),
        blocking_check("resampled_spectra", "normalised", "Every value is finite and in 0..1."),
    ],
)
def resampled_spectra(
    settings: dg.ResourceParam[Settings], spectra: StoredTable, wavenumber_window: pa.Table
) -> dg.MaterializeResult:
    """Every spectrum on the grid, min-max normalised after resampling: float32 [n, points].

    Zero outside a spectrum's own range; a flat spectrum is all zeros.
    """
    grid = wavenumber_window["raman_shift"].to_numpy()
    return _resampled("resampled_spectra", settings, "grid", spectra, grid)


@dg.asset(
    **_COMMON,
    ins={"spectra": ON_DISK},
    dagster_type=TENSOR,
    kinds={"safetensors"},
    io_manager_key="tensor_io_manager",
    code_version="1",
    metadata={"settings_used": ["fine_grid"]},
    check_specs=[
        blocking_check("fine_spectra", "nothing_lost", "One row for each spectrum, in order."),
        blocking_check("fine_spectra", "normalised", "Every value is finite and in 0..1."),
    ],
)
def fine_spectra(
    settings: dg.ResourceParam[Settings], spectra: StoredTable
) -> dg.MaterializeResult:
    """Every spectrum on a grid fine enough to judge denoising: float32 [n, points].

    The common window takes a step of some 4 cm⁻¹, which cuts sharp bands; this one is
    narrower, and its step as that of the spectrometers.
    """
    chosen = settings.fine_grid
    grid = chosen.start_cm1 + chosen.step_cm1 * np.arange(chosen.points, dtype=np.float64)
    return _resampled("fine_spectra", settings, "fine_grid", spectra, grid)


def _resampled(
    name: str,
    settings: Settings,
    used: Literal["grid", "fine_grid"],
    spectra: StoredTable,
    grid: npt.NDArray[np.float64],
) -> dg.MaterializeResult:
    """Returns a tensor of all spectra on a grid, with what the grid cost them."""
    interpolation = getattr(settings, used).interpolation
    batches = (Ragged.from_columns(*batch.columns) for batch in spectra.batches(_RAGGED))
    result = resample_set(batches, spectra.num_rows, grid, interpolation)
    names = spectra.select(["member_id", "member"])
    tensor = SpectrumTensor(result.intensity, grid, tuple(names["member_id"].to_pylist()))
    sound = bool(np.isfinite(tensor.intensity).all()) and (
        tensor.intensity.size == 0
        or bool((tensor.intensity.min() >= 0) & (tensor.intensity.max() <= 1))
    )
    shown = int(np.argsort(result.peak_loss)[len(result.peak_loss) // 2])
    measured = spectra.whole_row(shown)
    return dg.MaterializeResult(
        value=tensor,
        data_version=dg.DataVersion(
            arrays_version(
                {"intensity": tensor.intensity, "grid": grid}, "\n".join(tensor.member_ids)
            )
        ),
        metadata={
            "dagster/row_count": len(tensor.member_ids),
            "shape": list(tensor.intensity.shape),
            "dtype": "float32",
            "settings": settings.part([used]),
            "window": f"{Window(grid[0], grid[-1])}",
            "peak_loss_mean": float(result.peak_loss.mean()),
            "peak_loss_95_percent": float(np.quantile(result.peak_loss, 0.95)),
            "peak_loss_worst": float(result.peak_loss.max()),
            "peak_loss_worst_spectrum": names["member"][int(result.peak_loss.argmax())].as_py(),
            "spline_overshoots": int((result.overshoot > 1e-6).sum()),
            "spline_overshoot_worst": float(result.overshoot.max()),
            "flat_spectra": int((tensor.intensity.max(axis=1) == 0).sum()),
            **figure_metadata(
                settings,
                name,
                before_and_after=before_and_after(
                    measured["raman_shift"],
                    measured["intensity"],
                    grid,
                    tensor.intensity[shown],
                    f"{measured['mineral']} {measured['rruff_id']}",
                ),
            ),
        },
        check_results=[
            check_result(
                name,
                "nothing_lost",
                result.rows == spectra.num_rows == len(tensor.member_ids),
                rows_in=spectra.num_rows,
                rows_out=result.rows,
            ),
            check_result(name, "normalised", sound),
        ],
    )
