"""Stage 7: denoising autoencoders, and what they are worth as denoisers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import numpy.typing as npt

from raman_pipeline.common.parquet import StoredTable
from raman_pipeline.learning.clustering.clustered_set import clustered_set
from raman_pipeline.learning.data.corpus import Corpus, make_corpus, unseen
from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.learning.denoising.autoencoder import Autoencoder, fit_autoencoder
from raman_pipeline.learning.denoising.evaluation import (
    DENOISING,
    NOISE_LEVELS,
    TUNED_ON,
    judge,
    smoothers_for,
)
from raman_pipeline.learning.denoising.pairs import PAIRS, judge_pairs
from raman_pipeline.learning.denoising.presets import AutoencoderName
from raman_pipeline.learning.training.loop import EpochReport
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
from raman_pipeline.orchestration.partitions import PRESET_SEED, preset_and_seed
from raman_pipeline.orchestration.progress import Progress, publish
from raman_pipeline.orchestration.provenance import stamped
from raman_pipeline.plots.denoising import clean_noisy_denoised
from raman_pipeline.settings import Settings
from raman_pipeline.spectra.tensor_file import SpectrumTensor

_COMMON: dict[str, Any] = {
    "group_name": "clustering",
    "owners": OWNERS,
    "partitions_def": PRESET_SEED,
    "ins": {"spectra": ON_DISK},
}
_USED = ["fine_grid", "denoising", "clustering"]
_SHOWN_NOISE = 0.05
_SHOWN = 3


@dataclass(frozen=True)
class Opened:
    """What a partition works on.

    Attributes:
        preset: name of the autoencoder's preset.
        seed: of everything in the partition.
        corpus: all processed spectra on the fine grid.
        hidden: bool [n], the spectra of unseen specimens.
    """

    preset: AutoencoderName
    seed: int
    corpus: Corpus
    hidden: npt.NDArray[np.bool_]


def opened(
    partition: str, settings: Settings, spectra: StoredTable, fine_spectra: SpectrumTensor
) -> Opened:
    """Returns the spectra of a partition, divided by what its seed hides."""
    preset, seed = preset_and_seed(partition)
    corpus = processed_corpus(spectra, fine_spectra)
    return Opened(preset, seed, corpus, unseen(corpus, settings.clustering.hard_minerals, seed))


def processed_corpus(spectra: StoredTable, fine_spectra: SpectrumTensor) -> Corpus:
    """Returns all processed spectra on the fine grid."""
    columns = ["member_id", "member", "mineral", "rruff_id", "wavelength_nm", "kind"]
    metadata = spectra.select(columns).to_pandas()
    return make_corpus(fine_spectra, metadata[metadata["kind"] == "Processed"].drop(columns="kind"))


def the_clustered_set(corpus: Corpus, settings: Settings, seed: int) -> Corpus:
    """Returns the spectra that the settings say to cluster, augmented ones last."""
    chosen = settings.clustering
    return clustered_set(
        corpus,
        chosen.minerals,
        chosen.augmented_of,
        chosen.copies,
        chosen.amplitude,
        chosen.noise,
        seed,
    )


@dg.asset(
    **_COMMON,
    dagster_type=MODEL,
    io_manager_key="model_io_manager",
    kinds={"pytorch", "safetensors"},
    code_version="2",
    metadata={"settings_used": _USED},
    check_specs=[
        blocking_check(
            "denoising_autoencoder",
            "unseen_stay_unseen",
            "No specimen that it will be judged on stood in training.",
        )
    ],
)
def denoising_autoencoder(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    spectra: StoredTable,
    fine_spectra: SpectrumTensor,
) -> dg.MaterializeResult:
    """A transformer autoencoder that rebuilds clean spectra from noisy ones.

    The `paper` preset learns from the spectra that it clusters, as the paper does; `default`
    from all spectra but those of the seed's unseen specimens.
    """
    at = opened(context.partition_key, settings, spectra, fine_spectra)
    name, seed = at.preset, at.seed
    preset = settings.denoising.presets[name]
    if preset.only_task:
        training = the_clustered_set(at.corpus, settings, seed)
    else:
        training = at.corpus.subset(~at.hidden)

    def log(report: EpochReport) -> None:
        note = f"{report.measure} {report.value:.5f}"
        context.log.info(
            f"{name}, seed {seed}, epoch {report.epoch} of {report.epochs}: {note}, "
            f"{report.seconds:.1f} s"
        )
        step = f"denoising_autoencoder {context.partition_key}"
        publish(Progress(step, report.epoch, report.epochs, note))

    checkpoint = _checkpoint(settings, name, seed)
    state = fit_autoencoder(training, preset, seed, checkpoint, log)
    state.metadata["training_specimens"] = sorted(training.metadata["rruff_id"].unique())
    judged = judged_on(at, state)
    both = set(judged.metadata["rruff_id"]) & set(state.metadata["training_specimens"])
    return dg.MaterializeResult(
        value=state,
        data_version=dg.DataVersion(arrays_version(state.arrays, str(state.metadata))),
        metadata={
            "dagster/row_count": len(training),
            "settings": settings.part(_USED),
            "preset": name,
            "seed": seed,
            **{k: v for k, v in state.metadata.items() if isinstance(v, int | float)},
            **_figure(settings, context.partition_key, judged, Autoencoder(state), seed),
        },
        check_results=[
            check_result(
                "denoising_autoencoder",
                "unseen_stay_unseen",
                not both,
                unseen_specimens=judged.metadata["rruff_id"].nunique(),
            )
        ],
    )


@dg.asset(
    **_COMMON,
    dagster_type=TABLE,
    kinds={"parquet"},
    code_version="1",
    metadata={"settings_used": _USED},
    check_specs=[schema_check("denoising_runs")],
)
def denoising_runs(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    spectra: StoredTable,
    fine_spectra: SpectrumTensor,
    denoising_autoencoder: ModelState,
) -> dg.MaterializeResult:
    """The autoencoder beside classical smoothers, on noise added to unseen specimens."""
    at = opened(context.partition_key, settings, spectra, fine_spectra)
    # The model is stored by now, so the state to resume its training is not needed.
    _checkpoint(settings, at.preset, at.seed).unlink(missing_ok=True)
    table = DENOISING.from_rows(
        judge(
            judged_on(at, denoising_autoencoder).intensity,
            at.corpus.subset(~at.hidden).intensity,
            {"autoencoder": Autoencoder(denoising_autoencoder).denoise},
            settings.fine_grid.step_cm1,
            at.seed,
        )
    )
    frame = table.to_pandas()
    shown = frame[frame["noise"] == _SHOWN_NOISE].set_index("method")["mse"]
    return table_result(
        "denoising_runs",
        stamped(table, settings, fine_spectra),
        DENOISING,
        settings.part(_USED),
        mse_at_5_percent=dg.MetadataValue.json(shown.to_dict()),
    )


@dg.asset(
    **_COMMON,
    dagster_type=TABLE,
    kinds={"parquet"},
    code_version="1",
    metadata={"settings_used": _USED},
    check_specs=[schema_check("denoised_pairs")],
)
def denoised_pairs(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    spectra: StoredTable,
    fine_spectra: SpectrumTensor,
    denoising_autoencoder: ModelState,
) -> dg.MaterializeResult:
    """RAW spectra of unseen specimens beside the processed ones of the same scans."""
    at = opened(context.partition_key, settings, spectra, fine_spectra)
    judged = judged_on(at, denoising_autoencoder)
    twins = spectra.select(["member_id", "kind", "paired_id"]).to_pandas()
    raw = twins[(twins["kind"] == "RAW") & twins["paired_id"].isin(judged.metadata["member_id"])]
    rows = [fine_spectra.rows_of(raw[c].tolist()) for c in ("member_id", "paired_id")]
    rng = np.random.default_rng(at.seed)
    training = at.corpus.subset(~at.hidden).intensity
    few = training[rng.permutation(len(training))[:TUNED_ON]]
    smoothers = smoothers_for(min(NOISE_LEVELS), few, rng)
    denoisers = {name: smooth for name, (_, smooth) in smoothers.items()}
    denoisers["autoencoder"] = Autoencoder(denoising_autoencoder).denoise
    before, after = (np.asarray(fine_spectra.intensity[r]) for r in rows)
    table = PAIRS.from_rows(judge_pairs(before, after, denoisers, settings.fine_grid.step_cm1))
    return table_result(
        "denoised_pairs",
        stamped(table, settings, fine_spectra),
        PAIRS,
        settings.part(_USED),
        pairs=len(raw),
        minerals=judged.metadata["mineral"].nunique(),
    )


def judged_on(at: Opened, state: ModelState) -> Corpus:
    """Returns the unseen spectra; of them, those that the `paper` preset did not learn from."""
    seen = at.corpus.metadata["rruff_id"].isin(state.metadata["training_specimens"]).to_numpy()
    return at.corpus.subset(at.hidden & ~seen)


def _checkpoint(settings: Settings, preset: str, seed: int) -> Path:
    return settings.checkpoint_store / "denoising_autoencoder" / preset / f"{seed}.pt"


def _figure(
    settings: Settings, partition: str, judged: Corpus, autoencoder: Autoencoder, seed: int
) -> dict[str, dg.MetadataValue]:
    rng = np.random.default_rng(seed)
    drawn = judged.metadata.iloc[rng.permutation(len(judged))]
    rows = drawn.drop_duplicates("mineral").index.to_numpy()[:_SHOWN]
    clean = judged.intensity[rows]
    noisy = clean + np.float32(_SHOWN_NOISE) * rng.standard_normal(clean.shape, dtype=np.float32)
    metadata = judged.metadata.iloc[rows]
    figure = clean_noisy_denoised(
        judged.grid,
        clean,
        noisy,
        autoencoder.denoise(noisy),
        [f"{m} {r}" for m, r in zip(metadata["mineral"], metadata["rruff_id"], strict=True)],
        f"Unseen specimens, noise {_SHOWN_NOISE} added: {partition.replace('|', ', seed ')}",
    )
    folder = f"denoising_autoencoder/{partition.replace('|', '_')}"
    return figure_metadata(settings, folder, denoised=figure)
