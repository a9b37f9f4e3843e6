"""What the page shows: subjects in order, and the assets with the reports and figures of each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    """One subject.

    Attributes:
        title: of the subject.
        command: of `raman-pipeline`; it materialises the assets.
        assets: those with a report or figures, in order.
    """

    title: str
    command: str
    assets: tuple[str, ...]


SECTIONS = (
    Section(
        "Spectra",
        "run",
        (
            *("dataset_report", "wavenumber_window", "resampled_spectra", "fine_spectra"),
            "member_changes",
        ),
    ),
    Section("Localities", "run", ("georeferencing_report", "located_specimens")),
    Section("Geolocation", "backfill", ("geolocation_report", "augmented_training_set")),
    Section(
        "Experiments on geolocation",
        "experiments",
        ("paired_comparison", "input_ablation", "learning_curve", "duplicate_effect"),
    ),
    Section("Identification", "build-library", ("identification_report",)),
    Section("Denoising", "cluster", ("denoising_report", "denoising_autoencoder")),
    Section("Clustering", "cluster", ("clustering_report", "clusters")),
    Section(
        "Universal synthetic benchmark",
        "synthetic-benchmark",
        ("synthetic_report", "embedding_runs"),
    ),
)
SHOWN = tuple(asset for section in SECTIONS for asset in section.assets)
COMMANDS = {asset: section.command for section in SECTIONS for asset in section.assets}
