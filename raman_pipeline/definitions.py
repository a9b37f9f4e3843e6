"""The code location: the only file that knows every asset.

What belongs here: putting assets, jobs, schedules, sensors and resources together.
What does not: any of them.
"""

from __future__ import annotations

import dagster as dg

from raman_pipeline.learning.geolocation.registry import FAMILIES
from raman_pipeline.orchestration.assets import (
    archives,
    augmentation,
    clustering,
    denoising,
    experiments,
    folds,
    geocoding,
    geolocation,
    geolocation_report,
    identification,
    localities,
    reports,
    spectra,
    synthetic,
    tensors,
)
from raman_pipeline.orchestration.io_managers import io_managers
from raman_pipeline.orchestration.jobs import JOBS
from raman_pipeline.orchestration.lineage import with_lineage
from raman_pipeline.orchestration.metadata import SETTINGS, USES
from raman_pipeline.orchestration.resources import Geography, Rruff
from raman_pipeline.orchestration.schedules import weekly_refresh
from raman_pipeline.orchestration.sensors import changed_archives, follow_up
from raman_pipeline.settings import Settings, load_settings


def build_definitions(settings: Settings | None = None) -> dg.Definitions:
    """Returns all definitions for some settings.

    An asset's code version joins its own with a hash of the settings that it uses, so
    that changing a setting makes stale just what depends on it.

    Args:
        settings: those of the environment where None.
    """
    settings = settings or load_settings()
    assets = [
        archives.rruff_archive,
        spectra.parsed_members,
        spectra.spectra,
        spectra.member_changes,
        localities.cleaned_localities,
        localities.countries,
        geocoding.geocoded_localities,
        geocoding.paper_localities,
        geocoding.geocoder_answers,
        localities.located_localities,
        localities.located_specimens,
        tensors.wavenumber_window,
        tensors.resampled_spectra,
        tensors.fine_spectra,
        reports.georeferencing_report,
        reports.dataset_report,
        folds.spectrum_covariates_asset,
        folds.fold_assignment,
        folds.split_leakage,
        augmentation.augmented_training_set,
        *(a for family in FAMILIES.values() for a in geolocation.family_assets(family)),
        experiments.paired_comparison,
        experiments.input_ablation,
        experiments.learning_curve_asset,
        experiments.duplicate_effect_asset,
        geolocation_report.geolocation_report,
        denoising.denoising_autoencoder,
        denoising.denoising_runs,
        denoising.denoised_pairs,
        clustering.latent_vectors,
        clustering.embedding_2d,
        clustering.clusters,
        clustering.clustering_runs,
        denoising.denoising_report,
        clustering.clustering_report,
        identification.mineral_library,
        identification.identified_spectra,
        identification.open_set_recognition,
        identification.mixture_evaluation,
        identification.identification_report,
        synthetic.universal_synthetic_set,
        synthetic.synthetic_runs,
        synthetic.spectrum_embedding,
        synthetic.embedding_runs,
        synthetic.synthetic_report,
    ]

    metadata = with_lineage(spec for asset in assets for spec in asset.specs)

    def with_settings(spec: dg.AssetSpec) -> dg.AssetSpec:
        uses = spec.metadata.get(USES, [])
        version = f"{spec.code_version}-{settings.version_of(uses)}" if uses else spec.code_version
        return spec.replace_attributes(
            code_version=version, metadata=metadata[spec.key] | {SETTINGS: settings.part(uses)}
        )

    return dg.Definitions(
        assets=dg.map_asset_specs(with_settings, assets),
        jobs=JOBS,
        schedules=[weekly_refresh],
        sensors=[changed_archives, follow_up],
        resources={
            "settings": settings,
            "rruff": Rruff(settings),
            "geography": Geography(settings),
            **io_managers(settings.asset_store, settings.checkpoint_store),
        },
        executor=dg.in_process_executor,
    )


defs = build_definitions()
