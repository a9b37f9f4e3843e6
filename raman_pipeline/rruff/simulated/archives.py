"""Simulated members in RRUFF's current format, for the embedded sample archives.

What belongs here: regular members; the same seed gives the same bytes. What does not: irregular
members (see `edge_cases`), band positions (see `mineral_bands`), the zips (see `__main__`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

from raman_pipeline.rruff.simulated.mineral_bands import MINERALS, MineralBands

SEED = 20241118
SPECIMENS_PER_MINERAL = 5
LASERS_NM = (532, 785)
LABEL = "Simulated by raman_pipeline, not a measurement"

LOCALITIES: tuple[str, ...] = (
    # Roughly as in RRUFF: many from the United States, then a long tail.
    "Franklin, Sussex County, New Jersey, USA",
    "Bisbee, Cochise County, Arizona, USA",
    "San Benito County, California, USA",
    "Crestmore quarry, Riverside County, California, USA",
    "Magnet Cove, Hot Spring County, Arkansas, USA",
    "Mont Saint-Hilaire, Rouville County, Quebec, Canada",
    "Bancroft, Ontario, Canada",
    "Tsumeb mine, Tsumeb, Otavi District, Oshikoto, Namibia",
    "Ouro Preto, Minas Gerais, Brazil",
    "Kovdor, Kola Peninsula, Russia",
    "Broken Hill, New South Wales, Australia",
    "Långban, Filipstad, Värmland, Sweden",
    "Monte Somma, Naples, Italy",
    "Santa Eulalia, Chihuahua, Mexico",
    "Freiberg, Saxony, Germany",
    "Skardu, Gilgit-Baltistan, Pakistan",
    "Llallagua, Potosi, Bolivia",
    "Musonoi mine, Kolwezi, Katanga, Congo",
    "Mogok, Burma",
    "Alston Moor, Cumbria, England",
)
_WEIGHTS = np.array([3.0] * 5 + [1.5] * 2 + [1.0] * 13)

Floats = npt.NDArray[np.float64]


def member_name(
    mineral: str,
    subsample_id: str,
    wavelength: str,
    kind: str,
    *,
    scan: str = "Raman",
    angle: str = "",
    polarization: str = "",
) -> str:
    """Returns a file name in the current format; its id is a hash of the other fields."""
    head = "__".join(
        (mineral, subsample_id, scan, wavelength, angle, polarization, f"Raman_Data_{kind}")
    )
    return f"{head}__{hashlib.sha256(head.encode()).hexdigest()[:28]}.txt"


def member_headers(
    mineral: MineralBands, rruff_id: str, locality: str, kind: str, wavelength: str
) -> dict[str, str]:
    """Returns the headers of a member in RRUFF's order."""
    return {
        "NAMES": mineral.name,
        "RRUFFID": rruff_id,
        "IDEAL CHEMISTRY": mineral.ideal_chemistry,
        "LOCALITY": locality,
        "OWNER": "raman_pipeline",
        "SOURCE": f"band positions after {mineral.source}",
        "DESCRIPTION": LABEL,
        "STATUS": "Simulated, so nothing has been confirmed",
        "URL": f"simulated:{rruff_id}",
        "MEASURED CHEMISTRY": "",
        "FILETYPE": f"Raman {kind}",
        "RAMAN WAVELENGTH": wavelength,
    }


def format_rows(shift: Floats, intensity: Floats, separator: str = ", ") -> list[str]:
    """Returns rows as text, without line breaks."""
    return [f"{x:.3f}{separator}{y:.1f}" for x, y in zip(shift, intensity, strict=True)]


def format_member(headers: Mapping[str, str], rows: list[str]) -> bytes:
    """Returns a member in the site's current form: CRLF, one blank line, `##END=`, LF."""
    lines = [f"##{key}={value}" for key, value in headers.items()]
    return ("\r\n".join([*lines, "", *rows]) + "\r\n##END=\n\n\n\n").encode()


class Simulator:
    """Draws spectra: Lorentzian bands varied per specimen, noise, fluorescence."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def specimen(self, mineral: MineralBands) -> Floats:
        """Returns the bands of a specimen, float64 [n, 3]: position, height, half width."""
        bands = np.array(mineral.bands)
        n = len(bands)
        position = bands[:, 0] + self.rng.normal(0, 1.2, n)
        height = bands[:, 1] * np.exp(self.rng.normal(0, 0.35, n))
        width = self.rng.uniform(3.0, 6.0, n)
        return np.column_stack([position, height, width])

    def measure(self, bands: Floats, shift: Floats) -> tuple[Floats, Floats]:
        """Returns one measurement as (RAW, Processed) intensities on `shift`, counts."""
        centre, height, width = bands.T[:, :, None]
        signal = (height / (1 + ((shift - centre) / width) ** 2)).sum(axis=0)
        scale = self.rng.uniform(2000, 8000)
        noise = self.rng.normal(0, 0.008, shift.size)
        slope, hump = self.rng.uniform(0.1, 0.6, 2)
        fluorescence = 0.2 + slope * shift / 1500 + hump * np.exp(-(((shift - 900) / 600) ** 2))
        processed = scale * (signal + noise)
        return processed + scale * fluorescence, processed - processed.min()


def _axis(rng: np.random.Generator, stop: float = 1400.0) -> Floats:
    start, step = rng.uniform(90, 140), rng.uniform(2.3, 2.6)
    return np.arange(start, stop, step)


def regular_members(rng_seed: int) -> Iterator[tuple[str, str, bytes]]:
    """Yields (archive, member name, bytes) of all regular members."""
    simulator = Simulator(rng_seed)
    rng = simulator.rng
    homes = ("excellent_unoriented", "fair_unoriented", "poor_unoriented")
    for m, mineral in enumerate(MINERALS):
        for s in range(SPECIMENS_PER_MINERAL):
            rruff_id = f"R99{m:02d}{s:02d}"
            locality = LOCALITIES[rng.choice(len(LOCALITIES), p=_WEIGHTS / _WEIGHTS.sum())]
            bands = simulator.specimen(mineral)
            home = homes[rng.choice(3, p=(0.7, 0.2, 0.1))]
            for laser in LASERS_NM:
                shift = _axis(rng)
                for kind, counts in zip(
                    ("RAW", "Processed"), simulator.measure(bands, shift), strict=True
                ):
                    headers = member_headers(mineral, rruff_id, locality, kind, str(laser))
                    name = member_name(mineral.name, rruff_id, str(laser), kind)
                    yield home, name, format_member(headers, format_rows(shift, counts))
            if s == 0:
                yield from _oriented(simulator, mineral, rruff_id, locality, bands)
            if s == 1 and m % 2 == 0:
                shift = _axis(rng, stop=2400.0)
                raw, _ = simulator.measure(bands, shift)
                name = member_name(
                    mineral.name, rruff_id, "785", "Raw", scan="Broad_Scan",
                    angle="0", polarization="unoriented",
                )  # fmt: skip
                headers = member_headers(mineral, rruff_id, locality, "RAW", "785")
                yield "LR-Raman", name, format_member(headers, format_rows(shift, raw))


def _oriented(
    simulator: Simulator, mineral: MineralBands, rruff_id: str, locality: str, bands: Floats
) -> Iterator[tuple[str, str, bytes]]:
    shift = _axis(simulator.rng)
    for kind, counts in zip(("RAW", "Processed"), simulator.measure(bands, shift), strict=True):
        headers = member_headers(mineral, rruff_id, locality, kind, "514")
        headers |= {"PIN_ID": "S00000", "ORIENTATION": "Laser parallel to c [0 0 1]"}
        name = member_name(
            mineral.name, f"{rruff_id}-2", "514", kind, angle="0-000", polarization="ccw"
        )
        yield "excellent_oriented", name, format_member(headers, format_rows(shift, counts))
