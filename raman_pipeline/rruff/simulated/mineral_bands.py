"""Raman band positions of common minerals, for the simulated sample archives.

Positions in cm⁻¹ are rounded to whole numbers and follow the publications named; heights are
approximate, so the bands do not serve to identify a real mineral.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MineralBands:
    """Bands of one mineral as (Raman shift in cm⁻¹, height relative to the strongest)."""

    name: str
    ideal_chemistry: str
    bands: tuple[tuple[float, float], ...]
    source: str


_GARNET = "Kolesov & Geiger (1998) Phys. Chem. Minerals 25, 142-151"
_FELDSPAR = "Freeman, Wang, Kuebler, Jolliff & Haskin (2008) Can. Mineral. 46, 1477-1500"
_CARBONATE = "Gunasekaran, Anbalagan & Pandi (2006) J. Raman Spectrosc. 37, 892-899"
_SULFATE = "Prieto-Taboada et al. (2014) Anal. Chem. 86, 10131-10137"

MINERALS: tuple[MineralBands, ...] = (
    MineralBands(
        "Albite",
        "NaAlSi_3_O_8_",
        ((185, 0.2), (208, 0.2), (291, 0.25), (479, 0.5), (507, 1.0), (763, 0.1), (1098, 0.12)),
        _FELDSPAR,
    ),
    MineralBands(
        "Almandine",
        "Fe^2+^_3_Al_2_(SiO_4_)_3_",
        ((170, 0.2), (212, 0.15), (342, 0.5), (500, 0.2), (556, 0.3), (863, 0.3), (916, 1.0)),
        _GARNET,
    ),
    MineralBands(
        "Anatase",
        "TiO_2_",
        ((144, 1.0), (197, 0.08), (399, 0.2), (515, 0.2), (639, 0.3)),
        "Ohsaka, Izumi & Fujiki (1978) J. Raman Spectrosc. 7, 321-324",
    ),
    MineralBands(
        "Andradite",
        "Ca_3_Fe^3+^_2_(SiO_4_)_3_",
        (
            (173, 0.2),
            (236, 0.4),
            (352, 0.6),
            (370, 1.0),
            (494, 0.4),
            (516, 0.6),
            (816, 0.4),
            (874, 0.8),
        ),
        _GARNET,
    ),
    MineralBands(
        "Aragonite",
        "CaCO_3_",
        ((153, 0.3), (206, 0.3), (702, 0.1), (1085, 1.0), (1462, 0.03)),
        "Frech, Wang & Bates (1980) Spectrochim. Acta A 36, 915-919",
    ),
    MineralBands(
        "Calcite",
        "CaCO_3_",
        ((156, 0.15), (282, 0.4), (712, 0.15), (1086, 1.0), (1436, 0.04)),
        _CARBONATE,
    ),
    MineralBands(
        "Diopside",
        "CaMgSi_2_O_6_",
        ((140, 0.1), (324, 0.4), (358, 0.3), (391, 0.5), (666, 1.0), (1012, 0.8)),
        "Huang, Chen, Huang, Lin & Xu (2000) Am. Mineral. 85, 473-479",
    ),
    MineralBands(
        "Dolomite",
        "CaMg(CO_3_)_2_",
        ((176, 0.2), (299, 0.4), (724, 0.1), (1097, 1.0), (1439, 0.03)),
        _CARBONATE,
    ),
    MineralBands(
        "Fluorapatite",
        "Ca_5_(PO_4_)_3_F",
        ((430, 0.15), (591, 0.15), (607, 0.1), (965, 1.0), (1053, 0.12), (1081, 0.06)),
        "Comodi, Liu & Frezzotti (2001) Phys. Chem. Minerals 28, 225-231",
    ),
    MineralBands(
        "Forsterite",
        "Mg_2_SiO_4_",
        ((304, 0.1), (609, 0.1), (824, 0.9), (856, 1.0), (920, 0.2), (965, 0.3)),
        "Chopelas (1991) Am. Mineral. 76, 1101-1109",
    ),
    MineralBands(
        "Gypsum",
        "Ca(SO_4_)·2H_2_O",
        ((414, 0.2), (493, 0.2), (618, 0.1), (670, 0.08), (1008, 1.0), (1135, 0.15)),
        _SULFATE,
    ),
    MineralBands(
        "Hematite",
        "Fe^3+^_2_O_3_",
        ((225, 1.0), (245, 0.2), (291, 0.9), (411, 0.6), (500, 0.15), (611, 0.3), (1320, 0.4)),
        "de Faria, Silva & de Oliveira (1997) J. Raman Spectrosc. 28, 873-878",
    ),
    MineralBands(
        "Microcline",
        "K(AlSi_3_O_8_)",
        ((155, 0.2), (285, 0.3), (454, 0.3), (475, 0.5), (513, 1.0), (750, 0.1)),
        _FELDSPAR,
    ),
    MineralBands(
        "Quartz",
        "SiO_2_",
        ((128, 0.4), (206, 0.35), (264, 0.08), (355, 0.1), (464, 1.0), (807, 0.05), (1161, 0.03)),
        "Scott & Porto (1967) Phys. Rev. 161, 903-910",
    ),
    MineralBands(
        "Rutile",
        "TiO_2_",
        ((143, 0.1), (235, 0.4), (447, 0.9), (612, 1.0)),
        "Porto, Fleury & Damen (1967) Phys. Rev. 154, 522-526",
    ),
    MineralBands(
        "Zircon",
        "Zr(SiO_4_)",
        ((202, 0.3), (225, 0.2), (357, 0.5), (439, 0.4), (974, 0.3), (1008, 1.0)),
        "Dawson, Hargreave & Wilkinson (1971) J. Phys. C 4, 240-256",
    ),
)
