"""Stage 10: the mineral library, and what identification by it is worth."""

from dataclasses import replace
from typing import Any

import dagster as dg
import numpy as np
import pyarrow as pa

from raman_pipeline.common import atomic
from raman_pipeline.common.parquet import StoredTable
from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.learning.identification import report as text
from raman_pipeline.learning.identification.calibrating import (
    FOLDS,
    can_be_judged,
    fit_confidence,
    left_out,
    repeated,
)
from raman_pipeline.learning.identification.countries import country_codes, fit_countries
from raman_pipeline.learning.identification.evaluation import IDENTIFIED, judge
from raman_pipeline.learning.identification.library import MineralLibrary, build_library
from raman_pipeline.learning.identification.mixture_evaluation import MIXED, judge_mixtures
from raman_pipeline.learning.identification.open_set import ABSENCE, judge_absent
from raman_pipeline.orchestration.automation import EAGER_ON_DATA_CHANGE
from raman_pipeline.orchestration.io_managers import ON_DISK
from raman_pipeline.orchestration.metadata import (
    MODEL,
    OWNERS,
    TABLE,
    arrays_version,
    blocking_check,
    check_result,
    figure_metadata,
    schema_check,
    table_result,
)
from raman_pipeline.plots.identification import reliability_of_scores, tops_by_protocol
from raman_pipeline.settings import Settings
from raman_pipeline.spectra.tensor_file import SpectrumTensor

_COMMON: dict[str, Any] = {"group_name": "identification", "owners": OWNERS, "code_version": "3"}
_USED = ["fine_grid", "identification"]


@dg.asset(
    **_COMMON,
    automation_condition=EAGER_ON_DATA_CHANGE,
    ins={"spectra": ON_DISK},
    dagster_type=MODEL,
    io_manager_key="model_io_manager",
    kinds={"safetensors"},
    metadata={"settings_used": ["fine_grid"]},
    check_specs=[
        blocking_check(
            "mineral_library", "nothing_lost", "Every processed spectrum is there or has no name."
        )
    ],
)
def mineral_library(
    settings: dg.ResourceParam[Settings],
    spectra: StoredTable,
    fine_spectra: SpectrumTensor,
    located_specimens: pa.Table,
) -> dg.MaterializeResult:
    """All processed spectra that have a mineral's name, ready to be searched.

    Slopes of one or more spectra a specimen, and numbers that make chances of similarities, fitted
    on specimens left out.
    """
    columns = ["member_id", "mineral", "rruff_id", "wavelength_nm", "kind"]
    ends = ["shift_start", "shift_stop"]
    frame = spectra.select([*columns, *ends]).to_pandas()
    frame = frame[frame["kind"] == "Processed"]
    named = frame[frame["mineral"].notna()]
    samples = located_specimens.select(["rruff_id", "iso_a2"]).to_pandas()
    named = named.merge(samples, on="rruff_id", how="left").rename(columns={"iso_a2": "country"})
    places = named["country"].astype(object)
    named = named.assign(country=places.where(places.notna(), None))
    grid = fine_spectra.grid
    covered = (grid >= named["shift_start"].to_numpy()[:, None]) & (
        grid <= named["shift_stop"].to_numpy()[:, None]
    )
    rows = fine_spectra.rows_of(named["member_id"].tolist())
    library = build_library(
        np.asarray(fine_spectra.intensity[rows]), covered, grid, named.to_dict("records")
    )
    fitted = _fitted(library) if can_be_judged(library) else {}
    state = replace(library, fitted=fitted).to_state()
    return dg.MaterializeResult(
        value=state,
        data_version=dg.DataVersion(arrays_version(state.arrays, str(state.metadata))),
        metadata={
            "dagster/row_count": len(library),
            "minerals": len(library.minerals),
            "specimens": len(library.specimens),
            "spectra_of_repeated_minerals": len(repeated(library)),
            "without_name": int(len(frame) - len(named)),
            "fitted": fitted,
            "settings": settings.part(["fine_grid"]),
        },
        check_results=[
            check_result(
                "mineral_library",
                "nothing_lost",
                len(library) + int(frame["mineral"].isna().sum()) == len(frame),
                processed=len(frame),
                in_library=len(library),
            )
        ],
    )


def _fitted(library: MineralLibrary) -> dict[str, Any]:
    answers = left_out(library)
    _, index = country_codes(library)
    guess = fit_countries(library, answers.specimens, index[library.specimen[answers.row]])
    return {
        "confidence": fit_confidence(library, answers).as_json(),
        "countries": guess.as_json(),
    }


@dg.asset(
    **_COMMON,
    dagster_type=TABLE,
    kinds={"parquet", "scikitlearn"},
    check_specs=[
        schema_check("identified_spectra"),
        blocking_check(
            "identified_spectra", "all_asked", "Every spectrum with a sibling is asked."
        ),
    ],
)
def identified_spectra(mineral_library: ModelState) -> dg.MaterializeResult:
    """Every spectrum searched for in a library without its specimen, and without its mineral."""
    library = MineralLibrary.from_state(mineral_library)
    judged = can_be_judged(library)
    table = judge(library) if judged else IDENTIFIED.from_rows([])
    asked = len(repeated(library)) if judged else 0
    return table_result(
        "identified_spectra",
        table,
        IDENTIFIED,
        {},
        [check_result("identified_spectra", "all_asked", table.num_rows == asked, asked=asked)],
    )


@dg.asset(
    **_COMMON,
    dagster_type=TABLE,
    kinds={"parquet", "scikitlearn"},
    check_specs=[schema_check("open_set_recognition")],
)
def open_set_recognition(mineral_library: ModelState) -> dg.MaterializeResult:
    """Spectra of minerals with one specimen, asked of a library of the others."""
    library = MineralLibrary.from_state(mineral_library)
    judged = can_be_judged(library)
    table = judge_absent(library) if judged else ABSENCE.from_rows([])
    found = text.absence(table.to_pandas()) if judged else {}
    return table_result(
        "open_set_recognition", table, ABSENCE, {}, auroc=dg.MetadataValue.json(found)
    )


@dg.asset(
    **_COMMON,
    dagster_type=TABLE,
    kinds={"parquet"},
    metadata={"settings_used": ["identification"]},
    check_specs=[schema_check("mixture_evaluation")],
)
def mixture_evaluation(
    settings: dg.ResourceParam[Settings], mineral_library: ModelState
) -> dg.MaterializeResult:
    """Mixtures of two and of three real minerals, their specimens left out of the library."""
    chosen = settings.identification
    library = MineralLibrary.from_state(mineral_library)
    count = chosen.mixtures if can_be_judged(library) else 0
    table = judge_mixtures(library, count, chosen.seed)
    found = text.mixed_by_method(table.to_pandas())
    return table_result(
        "mixture_evaluation",
        table,
        MIXED,
        settings.part(["identification"]),
        all_right=dg.MetadataValue.json(found.round(4).to_dict("records")),
    )


@dg.asset(
    **{**_COMMON, "code_version": "3"},
    dagster_type=TABLE,
    kinds={"parquet", "markdown"},
    metadata={"settings_used": _USED},
    check_specs=[schema_check("identification_report")],
)
def identification_report(
    settings: dg.ResourceParam[Settings],
    mineral_library: ModelState,
    identified_spectra: pa.Table,
    open_set_recognition: pa.Table,
    mixture_evaluation: pa.Table,
) -> dg.MaterializeResult:
    """What identification is worth, by protocol, specimens, laser; unknown minerals; mixtures."""
    judged, mixed = identified_spectra.to_pandas(), mixture_evaluation.to_pandas()
    if judged.empty:
        raise dg.Failure(
            f"Fewer than {FOLDS} minerals have two specimens, so identification cannot be judged; "
            "use more archives.",
            allow_retries=False,
        )
    library = MineralLibrary.from_state(mineral_library)
    report = text.to_markdown(
        judged,
        open_set_recognition.to_pandas(),
        mixed,
        _protocol(settings, library, len(judged)),
    )
    path = settings.figure_store / "identification_report" / "report.md"
    atomic.write_text(path, report)
    table = text.identified_by_protocol(judged)
    title = f"{settings.title} profile, n = {len(judged):,}"
    return table_result(
        "identification_report",
        text.BY_PROTOCOL.from_frame(table),
        text.BY_PROTOCOL,
        settings.part(_USED),
        [],
        report=dg.MetadataValue.md(report),
        report_file=dg.MetadataValue.path(path),
        verdicts=text.verdicts(judged, mixed),
        **figure_metadata(
            settings,
            "identification_report",
            protocols=tops_by_protocol(table, title),
            scores=reliability_of_scores(
                judged["share"].to_numpy(), (judged["rank"] == 1).to_numpy(), title
            ),
        ),
    )


def _protocol(settings: Settings, library: MineralLibrary, asked: int) -> dict[str, object]:
    grid = library.grid
    return {
        "profile": settings.title,
        "library": f"{len(library):,} processed spectra of {len(library.specimens):,} specimens, "
        f"{len(library.minerals):,} minerals, {grid[0]:g} to {grid[-1]:g} cm⁻¹",
        "queries": f"{asked:,} spectra of minerals with at least two specimens, each with its own "
        "specimen left out",
        "fitted": f"chances and countries in {FOLDS} folds grouped by mineral; similarities have "
        "nothing fitted, though their smoothing was chosen on these spectra",
        "mixtures": f"{settings.identification.mixtures:,} of each size, minerals drawn evenly, "
        f"seed {settings.identification.seed}",
    }
