"""Figures that Pappone (2024) prints of its data set, for comparison with ours."""

from __future__ import annotations

PAPER_TOTALS = {
    "all": 32_940,
    "natural": 32_214,
    "synthetic": 726,
    "with coordinates": 32_892,
    "without coordinates": 48,
}
"""Pappone (2024), section 3."""

PAPER_COUNTRIES = {
    "United States of America": 9656, "Canada": 2758, "Russia": 1514, "Brazil": 1390,
    "Mexico": 1202, "Germany": 1022, "Italy": 946, "Australia": 836, "Sweden": 834,
    "India": 828, "Namibia": 754, "Bolivia": 730, "Chile": 582, "United Kingdom": 466,
    "China": 462, "Czechia": 446, "Pakistan": 432, "Japan": 390, "Peru": 348,
    "Dem. Rep. Congo": 332,
}  # fmt: skip
"""Pappone (2024), Table 1."""

PAPER_SPECIES = {
    "Diopside": 380, "Fluorapatite": 256, "Marialite": 244, "Axinite-(Fe)": 194,
    "Forsterite": 188, "Grossular": 186, "Enstatite": 182, "Zircon": 172, "Pyrope": 172,
    "Albite": 166, "Actinolite": 162, "Beryl": 162, "Kyanite": 156, "Epidote": 150,
    "Microcline": 146, "Titanite": 140, "Tremolite": 140, "Elbaite": 134,
    "Andalusite": 132, "Rutile": 132,
}  # fmt: skip
"""Pappone (2024), Table 2."""

PAPER_GROUPS = {
    "United States of America": 9656, "Canada": 2758, "Australia": 836, "Others": 20_742,
}  # fmt: skip
"""Pappone (2024), Table 3."""

PAPER_GROUP_PERCENTAGES = {
    "United States of America": 30, "Canada": 16, "Australia": 8, "Others": 46,
}  # fmt: skip
"""As Table 3 prints them; its counts give 28.4, 8.1, 2.5 and 61.0 of 33,992."""
