"""One sample member per irregularity of the RRUFF archives and per refusal code.

What belongs here: members with one difference from the regular form, named in a comment. What does
not: regular members (see `archives`).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from raman_pipeline.rruff.simulated.archives import (
    LOCALITIES,
    Floats,
    Simulator,
    format_member,
    format_rows,
    member_headers,
    member_name,
)
from raman_pipeline.rruff.simulated.mineral_bands import MINERALS, MineralBands

Placed = tuple[str, str, bytes]
"""Archive, member name, bytes."""

_BY_NAME = {m.name: m for m in MINERALS}
_HOME = "unrated_unoriented"


class _Maker:
    """Makes members of new specimens."""

    def __init__(self, seed: int) -> None:
        self.simulator = Simulator(seed + 1)
        self.number = 0

    def spectrum(self, mineral: MineralBands) -> tuple[Floats, Floats, Floats]:
        """Returns shift, RAW and Processed on 300-900 cm⁻¹."""
        shift = np.arange(300.0, 900.0, 2.5)
        raw, processed = self.simulator.measure(self.simulator.specimen(mineral), shift)
        return shift, raw, processed

    def member(
        self, mineral: str = "Quartz", locality: str = LOCALITIES[0], kind: str = "Processed"
    ) -> tuple[dict[str, str], list[str], str, str]:
        """Returns headers, rows, file name and specimen of a new regular member."""
        bands = _BY_NAME[mineral]
        rruff_id = f"R98{self.number:04d}"
        self.number += 1
        shift, _, processed = self.spectrum(bands)
        headers = member_headers(bands, rruff_id, locality, kind, "532")
        return (
            headers,
            format_rows(shift, processed),
            member_name(mineral, rruff_id, "532", kind),
            rruff_id,
        )


def edge_case_members(seed: int) -> Iterator[Placed]:
    """Yields all irregular members: first the accepted, then the refused ones."""
    maker = _Maker(seed)
    yield from _unusual_headers(maker)
    yield from _unusual_rows(maker)
    yield from _unusual_names(maker)
    yield from _unusual_localities(maker)
    yield from _unusual_pairs(maker)
    yield from _refused(maker)


def _unusual_headers(maker: _Maker) -> Iterator[Placed]:
    # Text in cp1252.
    headers, rows, name, _ = maker.member("Calcite", "Långban, Värmland, Sweden")
    data = format_member(headers, rows).decode().encode("cp1252")
    yield _HOME, name, data

    # Repeated headers, and the stray tail of a header once wrapped over two lines.
    headers, rows, name, rruff_id = maker.member()
    text = format_member(headers, rows).decode()
    text = text.replace(
        "##FILETYPE", f"wrapped tail of a description\r\n##RRUFFID={rruff_id}\r\n##FILETYPE", 1
    )
    yield _HOME, name, text.encode()

    # Two headers on one line; an equals sign inside a value.
    headers, rows, name, _ = maker.member()
    text = format_member(headers | {"ORIENTATION": "Laser parallel to c, theta=0"}, rows).decode()
    text = text.replace("theta=0\r\n", "theta=0##DIFFRACTION SAMPLE DESCRIPTION=Powder\r\n")
    yield _HOME, name, text.encode()

    # An older file: LF in the header, CRLF in the rows, neither FILETYPE nor wavelength.
    headers, rows, _, rruff_id = maker.member("Albite")
    old = {k: v for k, v in headers.items() if k not in ("FILETYPE", "RAMAN WAVELENGTH")}
    head = "".join(f"##{key}={value}\n" for key, value in old.items())
    name = f"Albite__{rruff_id}__Raman__532__0__unoriented__Raman_Data_Processed__98765.txt"
    yield _HOME, name, (head + "\r\n".join(rows) + "\r\n").encode()

    # No wavelength in header or name.
    headers, rows, _, rruff_id = maker.member()
    name = member_name("Quartz", rruff_id, "", "Processed")
    yield _HOME, name, format_member(headers | {"RAMAN WAVELENGTH": ""}, rows)


def _unusual_rows(maker: _Maker) -> Iterator[Placed]:
    # Tabs instead of commas.
    headers, rows, name, _ = maker.member()
    yield _HOME, name, format_member(headers, [row.replace(", ", "\t") for row in rows])

    # Blanks, and exponents in both columns.
    headers, _, name, _ = maker.member("Rutile")
    shift, _, counts = maker.spectrum(_BY_NAME["Rutile"])
    rows = [f"{x:.6e}  {y:.6e}" for x, y in zip(shift, counts, strict=True)]
    yield _HOME, name, format_member(headers, rows)

    # Instrument comments and column headings before the rows.
    headers, rows, name, _ = maker.member("Zircon")
    comments = ["# Instrument=simulated", "# Laser (nm)=532", "# Acq. time (s)=10", "X Y"]
    yield _HOME, name, format_member(headers, comments + rows)

    # Negative intensities.
    headers, _, name, _ = maker.member("Gypsum")
    shift, _, counts = maker.spectrum(_BY_NAME["Gypsum"])
    yield _HOME, name, format_member(headers, format_rows(shift, counts - 50.0))

    # A flat spectrum: must become zeros, not NaN.
    headers, _, name, _ = maker.member("Calcite")
    yield _HOME, name, format_member(headers, format_rows(shift, np.full_like(shift, 7.0)))


def _unusual_names(maker: _Maker) -> Iterator[Placed]:
    # Wavelength cut short in the name (53 for 532): the header wins.
    headers, rows, _, rruff_id = maker.member("Gypsum")
    yield _HOME, member_name("Gypsum", rruff_id, "53", "Processed"), format_member(headers, rows)

    # Mineral without punctuation and sub-sample suffix in the name: the header wins.
    headers, rows, _, rruff_id = maker.member("Fluorapatite")
    headers["NAMES"] = "Fluorapatite-(Ca)"
    name = member_name("FluorapatiteCa", f"{rruff_id}-3", "532", "Processed")
    yield _HOME, name, format_member(headers, rows)

    # Single underscores, as in older cuts.
    headers, rows, _, rruff_id = maker.member("Albite")
    name = f"Albite_{rruff_id}-3_Raman_514_0_ccw_Raman_Data_Processed_1596.txt"
    yield _HOME, name, format_member(headers | {"RAMAN WAVELENGTH": "514"}, rows)


def _unusual_localities(maker: _Maker) -> Iterator[Placed]:
    for mineral, locality in (
        ("Quartz", "Synthetic"),
        ("Rutile", "Synthetic, grown by flame fusion"),
        ("Calcite", "Unknown"),
        ("Gypsum", ""),
        ("Forsterite", "Springwater meteorite, Springwater, Saskatchewan, Canada"),
        ("Calcite", "Lavrion District slag localities, Attikí Prefecture, Greece"),
        ("Albite", "Mid-Atlantic Ridge, Atlantic Ocean"),
        ("Quartz", "Commercial Quarry, Crestmore, Riverside County, California, USA"),
    ):
        headers, rows, name, _ = maker.member(mineral, locality)
        yield _HOME, name, format_member(headers, rows)

    # Synthetic by the description only; natural despite a similar word.
    for mineral, description in (
        ("Zircon", "Colorless crystal, synthesized at 1223 deg C"),
        ("Albite", "White cleavage fragment showing polysynthetic twinning"),
    ):
        headers, rows, name, _ = maker.member(mineral)
        headers["DESCRIPTION"] = f"{description}. {headers['DESCRIPTION']}"
        yield _HOME, name, format_member(headers, rows)


def _unusual_pairs(maker: _Maker) -> Iterator[Placed]:
    # RAW and Processed of one measurement in two archives; RAW is longer.
    headers, _, name, rruff_id = maker.member("Diopside")
    shift, raw, processed = maker.spectrum(_BY_NAME["Diopside"])
    cut = slice(20, -20)
    rows = format_rows(shift[cut], processed[cut])
    yield "excellent_unoriented", name, format_member(headers, rows)
    yield (
        _HOME,
        member_name("Diopside", rruff_id, "532", "RAW"),
        format_member(headers | {"FILETYPE": "Raman RAW"}, format_rows(shift, raw)),
    )

    # A stale copy: the same member id in two archives.
    headers, rows, name, _ = maker.member("Hematite")
    yield "fair_unoriented", name, format_member(headers, rows)
    yield "poor_unoriented", name, format_member(headers, rows)

    # Two RAW spectra of one measurement: the pair is ambiguous.
    headers, rows, name, _ = maker.member("Anatase", kind="RAW")
    yield _HOME, name, format_member(headers, rows)
    yield (
        _HOME,
        name.replace(".txt", "").rsplit("__", 1)[0] + "__" + "0" * 28 + ".txt",
        (format_member(headers, rows)),
    )

    # RAW alone, in the oriented archive of lower rating.
    headers, rows, _, rruff_id = maker.member("Forsterite", kind="RAW")
    name = member_name(
        "Forsterite", f"{rruff_id}-4", "514", "RAW", angle="45-000", polarization="depolarized"
    )
    yield "fair_oriented", name, format_member(headers | {"RAMAN WAVELENGTH": "514"}, rows)


def _refused(maker: _Maker) -> Iterator[Placed]:
    def plain() -> tuple[dict[str, str], list[str], str, str]:
        return maker.member("Quartz")

    # DECODE: 0x81 is neither UTF-8 nor cp1252.
    headers, rows, name, _ = plain()
    data = format_member(headers, rows).replace(b"New Jersey", b"New\x81Jersey")
    yield _HOME, name, data

    # ROW: a cell that is not a number.
    headers, rows, name, _ = plain()
    rows[40] = rows[40].split(",")[0] + ", 12.4.1"
    yield _HOME, name, format_member(headers, rows)

    # TOO_SHORT.
    headers, rows, name, _ = plain()
    yield _HOME, name, format_member(headers, rows[:2])

    # NONFINITE.
    headers, rows, name, _ = plain()
    rows[41] = rows[41].split(",")[0] + ", NaN"
    yield _HOME, name, format_member(headers, rows)

    # DUPLICATE_AXIS.
    headers, rows, name, _ = plain()
    rows.insert(42, rows[41])
    yield _HOME, name, format_member(headers, rows)

    # NONMONOTONIC: two windows concatenated.
    headers, rows, name, _ = plain()
    yield _HOME, name, format_member(headers, rows[100:] + rows[:100])

    # IDENTITY_CONFLICT.
    headers, rows, name, _ = plain()
    data = format_member(headers, rows).replace(b"##OWNER", b"##NAMES=Calcite\r\n##OWNER")
    yield _HOME, name, data

    # KIND_MISMATCH.
    headers, rows, name, _ = plain()
    yield _HOME, name, format_member(headers | {"FILETYPE": "Raman RAW"}, rows)
