"""The mineral library, and the evaluation of identification by it."""

from dataclasses import replace
from functools import partial
from typing import Any

import dagster as dg
import numpy as np
import pyarrow as pa

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
from raman_pipeline.orchestration.asset_kit import (
    Check,
    Result,
    model_asset,
    report_asset,
    table_asset,
)
from raman_pipeline.orchestration.io_managers import ON_DISK
from raman_pipeline.plots.identification import reliability_of_scores, tops_by_protocol
from raman_pipeline.settings import Settings
from raman_pipeline.spectra.tensor_file import SpectrumTensor

_table = partial(table_asset, group_name="identification", code_version="3")


@model_asset(
    group_name="features",
    code_version="3",
    ins={"spectra": ON_DISK},
    uses=["fine_grid"],
    eager=True,
    checks={"rows_conserved": "Every processed spectrum is in the library or has no name."},
)
def mineral_library(
    spectra: StoredTable, fine_spectra: SpectrumTensor, located_specimens: pa.Table
) -> Result:
    """All processed spectra that have a mineral's name, ready to be searched.

    First-derivative spectra of one or more spectra per specimen, and the numbers that turn
    similarities into probabilities, fitted with specimens left out.
    """
    columns = ["member_id", "mineral", "rruff_id", "wavelength_nm", "kind"]
    ends = ["shift_start", "shift_stop"]
    frame = spectra.select([*columns, *ends]).to_pandas()
    frame = frame[frame["kind"] == "Processed"]
    named = frame[frame["mineral"].notna()]
    specimens = located_specimens.select(["rruff_id", "iso_a2"]).to_pandas()
    named = named.merge(specimens, on="rruff_id", how="left").rename(columns={"iso_a2": "country"})
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
    nameless = len(frame) - len(named)
    return Result(
        replace(library, fitted=fitted).to_state(),
        {
            "dagster/row_count": len(library),
            "minerals": len(library.minerals),
            "specimens": len(library.specimens),
            "spectra_of_repeated_minerals": len(repeated(library)),
            "without_name": nameless,
            "fitted": fitted,
        },
        checks={
            "rows_conserved": Check(
                len(library) + nameless == len(frame),
                processed=len(frame),
                in_library=len(library),
            )
        },
    )


def _fitted(library: MineralLibrary) -> dict[str, Any]:
    answers = left_out(library)
    _, index = country_codes(library)
    guess = fit_countries(library, answers.specimens, index[library.specimen[answers.row]])
    return {
        "confidence": fit_confidence(library, answers).as_json(),
        "countries": guess.as_json(),
    }


@_table(
    IDENTIFIED,
    kinds={"scikitlearn"},
    checks={"complete": "Every spectrum whose mineral has another specimen is evaluated."},
)
def identified_spectra(mineral_library: ModelState) -> Result:
    """Every spectrum searched for in a library without its specimen, and without its mineral."""
    library = MineralLibrary.from_state(mineral_library)
    judged = can_be_judged(library)
    table = judge(library) if judged else IDENTIFIED.from_rows([])
    expected = len(repeated(library)) if judged else 0
    return Result(table, checks={"complete": Check(table.num_rows == expected, expected=expected)})


@_table(ABSENCE, kinds={"scikitlearn"})
def open_set_recognition(mineral_library: ModelState) -> Result:
    """Spectra of minerals with one specimen, searched for in a library of the others."""
    library = MineralLibrary.from_state(mineral_library)
    judged = can_be_judged(library)
    table = judge_absent(library) if judged else ABSENCE.from_rows([])
    found = text.absence(table.to_pandas()) if judged else {}
    return Result(table, {"auroc": dg.MetadataValue.json(found)})


@_table(MIXED, uses=["identification"])
def mixture_evaluation(settings: dg.ResourceParam[Settings], mineral_library: ModelState) -> Result:
    """Mixtures of two and of three real minerals, their specimens left out of the library."""
    chosen = settings.identification
    library = MineralLibrary.from_state(mineral_library)
    count = chosen.mixtures if can_be_judged(library) else 0
    table = judge_mixtures(library, count, chosen.seed)
    found = text.mixed_by_method(table.to_pandas())
    return Result(table, {"all_right": dg.MetadataValue.json(found.round(4).to_dict("records"))})


@report_asset(
    text.BY_PROTOCOL,
    group_name="identification",
    code_version="4",
    uses=["fine_grid", "identification"],
)
def identification_report(
    settings: dg.ResourceParam[Settings],
    mineral_library: ModelState,
    identified_spectra: pa.Table,
    open_set_recognition: pa.Table,
    mixture_evaluation: pa.Table,
) -> Result:
    """Identification by protocol, specimens and laser; open-set recognition; mixtures."""
    judged, mixed = identified_spectra.to_pandas(), mixture_evaluation.to_pandas()
    if judged.empty:
        raise dg.Failure(
            f"Fewer than {FOLDS} minerals have two specimens, so identification cannot be "
            "evaluated; use more archives.",
            allow_retries=False,
        )
    library = MineralLibrary.from_state(mineral_library)
    protocol = _protocol(settings, library, len(judged))
    table = text.identified_by_protocol(judged)
    title = f"profile {settings.title}, n = {len(judged):,}"
    right = (judged["rank"] == 1).to_numpy()
    return Result(
        text.BY_PROTOCOL.from_frame(table),
        {"verdicts": text.verdicts(judged, mixed)},
        figures={
            "protocols": tops_by_protocol(table, title),
            "scores": reliability_of_scores(judged["share"].to_numpy(), right, title),
        },
        report=text.to_markdown(judged, open_set_recognition.to_pandas(), mixed, protocol),
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
