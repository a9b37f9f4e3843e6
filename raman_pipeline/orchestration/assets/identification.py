"""The mineral library, and the evaluation of identification by it."""

from dataclasses import replace
from functools import partial
from typing import Annotated

import pyarrow as pa

from raman_pipeline.common.parquet import StoredTable
from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.learning.identification import report as text
from raman_pipeline.learning.identification.calibration_fit import fitted
from raman_pipeline.learning.identification.evaluation import IDENTIFIED, evaluate
from raman_pipeline.learning.identification.leave_one_out import (
    FOLDS,
    can_be_evaluated,
    multi_specimen_spectra,
)
from raman_pipeline.learning.identification.library import (
    MineralLibrary,
    library_of_tables,
    searchable,
)
from raman_pipeline.learning.identification.mixture_evaluation import MIXTURES, evaluate_mixtures
from raman_pipeline.learning.identification.open_set import OPEN_SET, evaluate_open_set
from raman_pipeline.learning.identification.robustness import (
    ROBUSTNESS,
    by_condition,
    evaluate_robustness,
)
from raman_pipeline.orchestration import asset_kit as kit
from raman_pipeline.orchestration.ledgers import ledger
from raman_pipeline.plots.identification import (
    accuracy_by_protocol,
    accuracy_under_disturbance,
    reliability_diagram,
)
from raman_pipeline.rruff.simulated.archives import LABEL
from raman_pipeline.settings import Settings
from raman_pipeline.spectra.resample import Ragged

_table = partial(kit.table_asset, group_name="identification", code_version="8")


@kit.model_asset(
    group_name="library",
    code_version="10",
    checks={"rows_conserved": "Every processed spectrum is in the library or has no mineral."},
)
def mineral_library(spectra: StoredTable, located_specimens: pa.Table) -> kit.Result:
    """All processed spectra with a mineral, RAW ones of minerals that have no others.

    Prepared for the search: first-derivative spectra, and the parameters of calibrated
    probabilities, which are fitted leave-one-specimen-out.
    """
    columns = ["member_id", "mineral", "kind", "rruff_id", "wavelength_nm", "archive"]
    columns += ["ideal_chemistry", "measured_chemistry", "description", "copies"]
    frame = spectra.select(columns).to_pandas()
    measured = (
        Ragged.from_columns(*batch.columns)
        for batch in spectra.batches(["raman_shift", "intensity"])
    )
    kept = searchable(frame)
    library = replace(
        fitted(library_of_tables(frame, measured, located_specimens.to_pandas())),
        simulated=bool((frame.loc[kept, "description"] == LABEL).any()),
    )
    raw = int((kept & (frame["kind"] == "RAW")).sum())
    processed = frame["kind"] == "Processed"
    unnamed = int((processed & ~kept).sum())
    return kit.Result(
        library.to_state(),
        {
            "dagster/row_count": len(library),
            "simulated": library.simulated,
            "minerals": len(library.minerals),
            "specimens": len(library.specimens),
            "multi_specimen_spectra": len(multi_specimen_spectra(library)),
            "raw_of_other_minerals": raw,
            "without_mineral": unnamed,
            "fitted": library.fitted,
        },
        checks={
            "rows_conserved": kit.Check.equal(
                processed=int(processed.sum()), found=len(library) - raw + unnamed
            )
        },
    )


def _library(mineral_library: ModelState) -> MineralLibrary:
    return MineralLibrary.from_state(mineral_library)


_Library = Annotated[MineralLibrary, _library]


@_table(
    IDENTIFIED,
    kinds={"scikitlearn"},
    checks={"complete": "Every spectrum of a multi-specimen mineral is evaluated."},
)
def identified_spectra(library: _Library) -> kit.Result:
    """Identification of each spectrum without its own specimen, and without its mineral."""
    possible = can_be_evaluated(library)
    table = evaluate(library) if possible else IDENTIFIED.from_rows([])
    expected = len(multi_specimen_spectra(library)) if possible else 0
    return kit.Result(
        table, checks={"complete": kit.Check.equal(rows=table.num_rows, expected=expected)}
    )


@_table(OPEN_SET, kinds={"scikitlearn"})
def open_set_recognition(library: _Library) -> kit.Result:
    """Spectra of single-specimen minerals against a library of the multi-specimen ones."""
    possible = can_be_evaluated(library)
    table = evaluate_open_set(library) if possible else OPEN_SET.from_rows([])
    found = text.open_set_auroc(table.to_pandas()) if possible else {}
    return kit.Result(table, {"auroc": found})


@_table(MIXTURES, uses=["identification"])
def mixture_evaluation(settings: Settings, library: _Library) -> kit.Result:
    """Mixtures of two and of three minerals whose specimens are left out of the library."""
    chosen = settings.identification
    count = chosen.mixtures if can_be_evaluated(library) else 0
    shards = ledger(settings, "mixture_evaluation")
    table = evaluate_mixtures(library, count, chosen.seed, shards)
    found = text.mixtures_by_method(table.to_pandas())
    return kit.Result(table, {"all_correct": found.round(4).to_dict("records")})


@_table(ROBUSTNESS, uses=["identification"])
def robustness_evaluation(
    settings: Settings, library: _Library, spectra: StoredTable
) -> kit.Result:
    """Identification of disturbed spectra without their specimens, beside a plain search."""
    chosen = settings.identification
    if not can_be_evaluated(library):
        return kit.Result(ROBUSTNESS.from_rows([]))
    shards = ledger(settings, "robustness_evaluation")
    return kit.Result(evaluate_robustness(library, spectra, chosen.robustness, chosen.seed, shards))


@kit.report_asset(
    text.BY_PROTOCOL,
    group_name="identification",
    code_version="7",
    uses=["identification"],
)
def identification_report(
    settings: Settings,
    library: _Library,
    identified_spectra: pa.Table,
    open_set_recognition: pa.Table,
    mixture_evaluation: pa.Table,
    robustness_evaluation: pa.Table,
) -> kit.Result:
    """Identification by protocol, specimens and laser; open set; mixtures; disturbed spectra."""
    identified, mixtures = identified_spectra.to_pandas(), mixture_evaluation.to_pandas()
    if identified.empty:
        raise kit.failure(
            f"Fewer than {FOLDS} minerals have two specimens, so identification cannot be "
            "evaluated; use more archives."
        )
    protocol = _protocol(settings, library, len(identified))
    table = text.accuracy_by_protocol(identified)
    title = f"profile {settings.title}, n = {len(identified):,}"
    robust = by_condition(robustness_evaluation.to_pandas())
    correct = (identified["rank"] == 1).to_numpy()
    predicted = identified["conditional_probability"].to_numpy()
    return kit.Result(
        text.BY_PROTOCOL.from_frame(table),
        {"conclusions": text.conclusions(identified, mixtures)},
        figures={
            "protocols": accuracy_by_protocol(table, title),
            "reliability": reliability_diagram(predicted, correct, title),
            "robustness": accuracy_under_disturbance(
                robust, f"profile {settings.title}, n = {robust['n'].max():,} for each condition"
            ),
        },
        report=text.to_markdown(
            identified, open_set_recognition.to_pandas(), mixtures, robust, protocol
        ),
    )


def _protocol(settings: Settings, library: MineralLibrary, queries: int) -> dict[str, object]:
    grid = library.grid
    return {
        "profile": settings.title,
        "library": f"{len(library):,} spectra of {len(library.specimens):,} specimens, "
        f"{len(library.minerals):,} minerals, {grid[0]:g} to {grid[-1]:g} cm⁻¹",
        "queries": f"{queries:,} spectra of multi-specimen minerals, leave-one-specimen-out",
        "fitted": f"probabilities and countries, cross-fitted in {FOLDS} folds grouped by mineral; "
        "on the spectra and on disturbed copies; the similarity is not fitted, but its widths and "
        "penalties were chosen on these spectra",
        "mixtures": f"{settings.identification.mixtures:,} of each size, minerals drawn "
        f"uniformly, seed {settings.identification.seed}",
        "disturbed spectra": f"{settings.identification.robustness:,} at most, drawn uniformly, as "
        f"measured, seed {settings.identification.seed}",
    }
