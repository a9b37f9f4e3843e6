"""Denoising autoencoders and their evaluation as denoisers."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated

import pandas as pd
import pyarrow as pa

from raman_pipeline.common.parquet import StoredTable
from raman_pipeline.common.schema import Column, TableSchema
from raman_pipeline.learning.clustering.clustered_set import clustered_set
from raman_pipeline.learning.data.corpus import (
    CORPUS_COLUMNS,
    HELD_OUT_RULE,
    Corpus,
    SplitCorpus,
    make_corpus,
    split_corpus,
)
from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.learning.denoising import report as text
from raman_pipeline.learning.denoising.evaluation import (
    DENOISING_RUNS,
    evaluate,
    smoothers_of_least_noise,
)
from raman_pipeline.learning.denoising.pairs import DENOISED_PAIRS, evaluate_pairs, held_out_pairs
from raman_pipeline.learning.denoising.presets import AutoencoderName
from raman_pipeline.orchestration import asset_kit as kit
from raman_pipeline.orchestration import steps
from raman_pipeline.orchestration.partitions import PRESET_SEED, partition_values
from raman_pipeline.orchestration.provenance import current_rows, provenance
from raman_pipeline.plots.denoising import denoised_examples, error_by_noise
from raman_pipeline.settings import Settings
from raman_pipeline.spectra.tensor_file import SpectrumTensor

if TYPE_CHECKING:
    from raman_pipeline.learning.denoising.autoencoder import Autoencoder

CLUSTERING_USES = ["fine_grid", "denoising", "clustering"]
_table = partial(
    kit.table_asset,
    group_name="clustering",
    partitions_def=PRESET_SEED,
    code_version="3",
    uses=CLUSTERING_USES,
    provenance_inputs=["fine_spectra"],
)
autoencoder_asset = partial(
    kit.model_asset,
    group_name="clustering",
    partitions_def=PRESET_SEED,
    kinds={"pytorch"},
    uses=CLUSTERING_USES,
)
clustering_report_asset = partial(
    kit.report_asset, group_name="clustering_reports", code_version="3", uses=CLUSTERING_USES
)
DENOISING_REPORT = TableSchema(
    "denoising_report",
    (Column("preset", pa.string(), "preset of the autoencoder"), *DENOISING_RUNS.columns),
    ("preset", *DENOISING_RUNS.unique_together),
)
_SHOWN_NOISE = 0.05


def _corpus(
    seed: int, settings: Settings, spectra: StoredTable, fine_spectra: SpectrumTensor
) -> SplitCorpus:
    corpus = make_corpus(spectra.select(CORPUS_COLUMNS).to_pandas(), fine_spectra)
    return split_corpus(corpus, settings.clustering.hard_minerals, seed)


SeedCorpus = Annotated[SplitCorpus, _corpus]
"""The processed spectra and the seed's held-out specimens."""


def spectra_to_cluster(corpus: Corpus, settings: Settings, seed: int) -> Corpus:
    """Returns the clustered set of the settings: measured spectra, then augmented ones."""
    c = settings.clustering
    return clustered_set(corpus, c.minerals, c.augmented_of, c.copies, c.amplitude, c.noise, seed)


def open_autoencoder(denoising_autoencoder: ModelState) -> "Autoencoder":
    """Returns a stored autoencoder, ready for inference; loads torch only then."""
    from raman_pipeline.learning.denoising.autoencoder import Autoencoder

    return Autoencoder(denoising_autoencoder)


def _evaluation(corpus: SeedCorpus, denoising_autoencoder: ModelState) -> Corpus:
    # The `paper` preset was trained on some of the held-out specimens.
    return corpus.held_out.without_specimens(denoising_autoencoder.metadata["training_specimens"])


@autoencoder_asset(
    code_version="3",
    checks={"held_out_specimens": "No specimen of the evaluation was in the training set."},
)
def denoising_autoencoder(
    preset: AutoencoderName, seed: int, settings: Settings, corpus: SeedCorpus
) -> kit.Result:
    """A transformer autoencoder that reconstructs clean spectra from noisy ones.

    The `paper` preset is trained on the spectra that it clusters, as in the paper; `default`
    on all spectra except those of the seed's held-out specimens.
    """
    from raman_pipeline.learning.denoising.autoencoder import fit_autoencoder

    chosen = settings.denoising.presets[preset]
    training = corpus.training
    if chosen.train_on_clustered:
        training = spectra_to_cluster(corpus.spectra, settings, seed)
    checkpoint = steps.checkpoint_of(settings)
    state = fit_autoencoder(training, chosen, seed, checkpoint, steps.log_epochs())
    state.metadata["training_specimens"] = sorted(training.metadata["rruff_id"].unique())
    evaluation = _evaluation(corpus, state)
    shared = set(evaluation.metadata["rruff_id"]) & set(state.metadata["training_specimens"])
    specimens = evaluation.metadata["rruff_id"].nunique()
    title = f"Held-out specimens, added noise {_SHOWN_NOISE}: {preset}, seed {seed}"
    figure = denoised_examples(
        evaluation, open_autoencoder(state).denoise, _SHOWN_NOISE, seed, title
    )
    return kit.Result(
        state,
        {"dagster/row_count": len(training), "preset": preset, "seed": seed},
        checks={"held_out_specimens": kit.Check(not shared, specimens=specimens)},
        figures={"denoised": figure},
    )


@_table(DENOISING_RUNS)
def denoising_runs(
    seed: int, settings: Settings, corpus: SeedCorpus, denoising_autoencoder: ModelState
) -> kit.Result:
    """The autoencoder and classical smoothers on held-out spectra with added noise."""
    held_out = _evaluation(corpus, denoising_autoencoder).intensity
    denoisers = {"autoencoder": open_autoencoder(denoising_autoencoder).denoise}
    step = settings.fine_grid.step_cm1
    table = DENOISING_RUNS.from_rows(
        evaluate(held_out, corpus.training.intensity, denoisers, step, seed)
    )
    frame = table.to_pandas()
    shown = frame[frame["noise"] == _SHOWN_NOISE].set_index("method")["mse"]
    return kit.Result(table, {"mse_at_5_percent": shown.to_dict()})


@_table(DENOISED_PAIRS)
def denoised_pairs(
    seed: int,
    settings: Settings,
    spectra: StoredTable,
    fine_spectra: SpectrumTensor,
    corpus: SeedCorpus,
    denoising_autoencoder: ModelState,
) -> kit.Result:
    """Denoisers on RAW spectra of held-out specimens, compared with the processed spectra."""
    evaluation = _evaluation(corpus, denoising_autoencoder)
    kinds = spectra.select(["member_id", "kind", "paired_id"]).to_pandas()
    raw, processed = held_out_pairs(kinds, evaluation, fine_spectra)
    denoisers = smoothers_of_least_noise(corpus.training.intensity, seed)
    denoisers["autoencoder"] = open_autoencoder(denoising_autoencoder).denoise
    step = settings.fine_grid.step_cm1
    return kit.Result(
        DENOISED_PAIRS.from_rows(evaluate_pairs(raw, processed, denoisers, step)),
        {"pairs": len(raw), "minerals": evaluation.metadata["mineral"].nunique()},
    )


def current_runs(
    settings: Settings, fine_spectra: SpectrumTensor, tables: Mapping[str, pa.Table]
) -> pd.DataFrame:
    """Returns the rows made with the present settings and spectra, with preset and seed.

    Raises:
        dagster.Failure: there are none.
    """
    present = provenance(settings, CLUSTERING_USES, fine_spectra)
    runs = current_rows(tables, present, partial(partition_values, PRESET_SEED))
    if runs.columns.empty:
        raise kit.failure(
            "No autoencoder was evaluated with the present settings and spectra; run "
            "`make cluster` first."
        )
    return runs


@clustering_report_asset(DENOISING_REPORT)
def denoising_report(
    settings: Settings,
    fine_spectra: SpectrumTensor,
    denoising_runs: dict[str, pa.Table],
    denoised_pairs: dict[str, pa.Table],
) -> kit.Result:
    """Autoencoders and classical smoothers on added noise and on measured pairs."""
    runs = current_runs(settings, fine_spectra, denoising_runs)
    table = text.summary(runs)
    pairs = text.pair_summary(current_runs(settings, fine_spectra, denoised_pairs))
    title = f"profile {settings.title}, held-out specimens, means over seeds"
    return kit.Result(
        DENOISING_REPORT.from_frame(runs),
        {"conclusions": text.conclusions(table), "seeds": runs["seed"].nunique()},
        figures={
            f"errors_{preset}": error_by_noise(rows, f"{preset} preset, {title}")
            for preset, rows in runs.groupby("preset")
        },
        report=text.to_markdown(table, pairs, clustering_protocol(settings, runs)),
    )


def clustering_protocol(settings: Settings, runs: pd.DataFrame) -> dict[str, object]:
    """Returns the protocol of both reports."""
    grid = settings.fine_grid
    stop = grid.start_cm1 + grid.step_cm1 * (grid.points - 1)
    seeds = runs.groupby("preset")["seed"].unique().map(sorted)
    return {
        "profile": settings.title,
        "grid": f"{grid.start_cm1:g} to {stop:g} cm⁻¹, {grid.points:,} points, min-max "
        "normalised, processed spectra only",
        "autoencoders": ", ".join(
            f"{preset} (seeds {', '.join(map(str, found))})" for preset, found in seeds.items()
        ),
        "held-out specimens": HELD_OUT_RULE,
        "hard set": ", ".join(settings.clustering.hard_minerals),
    }
