"""What is clustered: sets of minerals, easy and hard.

What belongs here: names of minerals. What does not: spectra.
"""

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
"""Members of solid solutions, which share structures and differ in the cations.

Those with at least two specimens in the archives that are rated excellent.
"""

HARD_MINERALS = tuple(name for group in HARD_SET.values() for name in group)
