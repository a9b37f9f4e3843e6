"""Assets of the universal synthetic benchmark: sets, the paper's network, other methods."""

from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from raman_pipeline.common.schema import Column, TableSchema
from raman_pipeline.common.storage import StorePath, below
from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.learning.synthetic_tasks import report as text
from raman_pipeline.learning.synthetic_tasks.names import SYNTHETIC_RUNS, TASKS, TITLES, TaskName
from raman_pipeline.learning.synthetic_tasks.pair_distances import pair_distances
from raman_pipeline.orchestration import asset_kit as kit
from raman_pipeline.orchestration import steps
from raman_pipeline.orchestration.partitions import SYNTHETIC_SEED, TASK_SEED
from raman_pipeline.orchestration.progress import Progress, publish
from raman_pipeline.orchestration.provenance import current_rows, provenance
from raman_pipeline.plots.synthetic import distances, error_rates
from raman_pipeline.settings import Settings
from raman_pipeline.universal_synthetic.dataset import (
    SET_NAMES,
    SETS,
    Labelled,
    describe_set,
    load_set,
    write_set,
)
from raman_pipeline.universal_synthetic.variation import Part, SetName

_USES = ["synthetic"]
_by_seed = partial(
    kit.table_asset,
    group_name="synthetic",
    code_version="3",
    partitions_def=SYNTHETIC_SEED,
    uses=_USES,
)
_OF_NETWORK: dict[str, Any] = dict(
    group_name="embedding", code_version="3", partitions_def=TASK_SEED, uses=_USES
)
REPORT = TableSchema(
    "synthetic_report",
    (Column("seed", pa.int64(), "of data and training"), *SYNTHETIC_RUNS.columns),
    ("seed", *SYNTHETIC_RUNS.unique_together),
)


@_by_seed(SETS, kinds={"numpy"}, checks={"complete": "Each class has the same number of spectra."})
def universal_synthetic_set(seed: int, settings: Settings) -> kit.Result:
    """The 500-class set of Schuetzke et al. (2023) and its challenge set, to be memory-mapped."""
    variation = settings.synthetic.variation_seed + seed
    rows: list[dict] = []
    for name in SET_NAMES:
        folder = _folder(settings, seed, name)
        where = {"folder": below(settings.store, folder)}
        write_set(folder, name, variation)
        rows += [row | where for row in describe_set(name, variation)]
    complete = all(row["spectra"] % row["classes"] == 0 for row in rows)
    return kit.Result(SETS.from_rows(rows), checks={"complete": kit.Check(complete)})


@_by_seed(SYNTHETIC_RUNS, kinds={"scikitlearn"}, provenance_inputs=[])
def synthetic_runs(seed: int, settings: Settings, universal_synthetic_set: pa.Table) -> kit.Result:
    """Accuracy of the untrained baselines and of peak models in every task."""
    from raman_pipeline.learning.synthetic_tasks.tasks import (
        gallery_rows,
        task_data,
        untrained_rows,
    )

    sets = _opened(settings, seed)
    step = steps.step_name()
    rows = []
    for number, task in enumerate(TASKS):
        rows += list(untrained_rows(task, task_data(task, sets, seed), seed))
        publish(Progress(step, number + 1, len(TASKS) + 1, task))
    rows += list(gallery_rows(sets, seed))
    publish(Progress(step, len(TASKS) + 1, len(TASKS) + 1, "galleries"))
    return kit.Result(SYNTHETIC_RUNS.from_rows(rows), {"seed": seed})


@kit.model_asset(**_OF_NETWORK, kinds={"pytorch"}, deps=[universal_synthetic_set])
def spectrum_embedding(seed: int, task: TaskName, settings: Settings) -> kit.Result:
    """The network of Vorozhtsov & Kitina (2024), trained for one task with random triplets."""
    from raman_pipeline.learning.synthetic_tasks.embedding import fit_embedding
    from raman_pipeline.learning.synthetic_tasks.tasks import paper_preset, task_data

    data = task_data(task, _opened(settings, seed), seed)
    preset, mixtures = paper_preset(task, settings.synthetic.embedding), task == "mixtures"
    checkpoint = steps.checkpoint_of(settings)
    state = fit_embedding(data.training, preset, seed, mixtures, checkpoint, steps.log_epochs())
    return kit.Result(state, {"dagster/row_count": len(data.training), "task": task, "seed": seed})


@kit.table_asset(SYNTHETIC_RUNS, **_OF_NETWORK, kinds={"scikitlearn"}, provenance_inputs=[])
def embedding_runs(
    seed: int, task: TaskName, settings: Settings, spectrum_embedding: ModelState
) -> kit.Result:
    """Accuracy of the trained network in its task, and distances of pairs (Figure 1)."""
    from raman_pipeline.learning.synthetic_tasks.embedding import Embedding
    from raman_pipeline.learning.synthetic_tasks.tasks import embedding_rows, task_data

    data, embed = task_data(task, _opened(settings, seed), seed), Embedding(spectrum_embedding)
    table = SYNTHETIC_RUNS.from_rows(embedding_rows(task, data, embed, seed))
    same, other = pair_distances(embed(data.test.spectra), data.test.label, seed)
    title = f"{TITLES[task]}, test spectra, seed {seed}"
    return kit.Result(
        table,
        {
            "seed": seed,
            "median_distance_same": float(np.median(same)),
            "median_distance_other": float(np.median(other)),
        },
        figures={"pair_distances": distances(same, other, title)},
    )


@kit.report_asset(REPORT, group_name="synthetic_reports", code_version="4", uses=_USES)
def synthetic_report(
    settings: Settings, synthetic_runs: dict[str, pa.Table], embedding_runs: dict[str, pa.Table]
) -> kit.Result:
    """All methods in every task, and the published figures."""
    runs = current_rows(
        synthetic_runs | embedding_runs,
        provenance(settings, _USES),
        lambda key: {"seed": int(key.split("|")[0])},
    )
    if runs.empty:
        raise kit.failure(
            "No synthetic task was run with these settings; run `make synthetic-benchmark` first."
        )
    table = text.summary(runs)
    return kit.Result(
        REPORT.from_frame(runs),
        {"conclusions": text.conclusions(table)},
        figures={"error_rates": error_rates(table)},
        report=text.to_markdown(table, text.protocol(settings.synthetic.variation_seed)),
    )


def _opened(settings: Settings, seed: int) -> dict[SetName, dict[Part, Labelled]]:
    return {name: load_set(_folder(settings, seed, name)) for name in SET_NAMES}


def _folder(settings: Settings, seed: int, name: SetName) -> StorePath:
    return settings.synthetic_store / str(seed) / name
