"""Sets of minerals to cluster, easy and hard."""

from __future__ import annotations

THREE_MINERALS = ("Albite", "Almandine", "Andradite")
"""Sparavigna (2025)."""

HARD_SET: dict[str, tuple[str, ...]] = {
    "feldspars": ("Albite", "Anorthite", "Microcline", "Orthoclase"),
    "garnets": ("Almandine", "Pyrope", "Spessartine", "Grossular", "Andradite", "Uvarovite"),
    "pyroxenes": (
        "Diopside", "Hedenbergite", "Augite", "Enstatite", "Aegirine", "Jadeite", "Spodumene",
    ),
    "amphiboles": (
        "Actinolite", "Tremolite", "Grunerite", "Riebeckite", "Richterite", "Pargasite",
    ),
    "olivines": ("Forsterite", "Fayalite", "Tephroite"),
}  # fmt: skip
"""Members of solid solutions, which share a structure and differ in the cations.

Each has at least two specimens in the archives of excellent spectra.
"""

HARD_MINERALS = tuple(name for group in HARD_SET.values() for name in group)
