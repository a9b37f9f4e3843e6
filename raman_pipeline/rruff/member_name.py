"""Parser of the file names of members: eight fields joined by double underscores."""

from __future__ import annotations

import re
from dataclasses import dataclass

KINDS = ("RAW", "Processed")
LASER_RANGE_NM = (200.0, 2000.0)

_OLD_SINGLE_UNDERSCORE = re.compile(
    r"^(?P<mineral>[^_]+)_(?P<subsample_id>[RX]\d{6}(?:[-.]\d+)?)_(?P<scan>Raman|Broad_Scan)"
    r"_(?P<wavelength>[\d.]*)_(?P<angle>[^_]*)_(?P<polarization>[^_]*)"
    r"_Raman_Data_(?P<kind>RAW|Raw|Processed)_(?P<id>[0-9a-f]+)$"
)
_KIND_OF_WORD = {kind.lower(): kind for kind in KINDS}
_SUBSAMPLE_ID = re.compile(r"^([RX]\d{6})(?:[-.]\d+)?$")


@dataclass(frozen=True)
class MemberName:
    """The fields of a member's file name; None if the name has another form.

    `subsample_id` is the RRUFF ID with the suffix of the crystal or fragment that was measured
    (`R040031-3`). `measurement_key` is everything before the kind: a RAW/Processed pair shares
    it, even across archives.
    """

    raw: str
    mineral: str | None = None
    subsample_id: str | None = None
    scan: str | None = None
    wavelength_nm: float | None = None
    angle: str | None = None
    polarization: str | None = None
    kind: str | None = None
    member_id: str | None = None
    measurement_key: str | None = None

    @property
    def rruff_id(self) -> str | None:
        """The specimen: `R` or `X` and six digits, without the suffix."""
        match = _SUBSAMPLE_ID.match(self.subsample_id or "")
        return match.group(1) if match else None

    @property
    def oriented(self) -> bool | None:
        """Whether RRUFF files it as oriented; None if the name has another form."""
        if self.measurement_key is None:
            return None
        return not (self.polarization == "unoriented" or not (self.angle or self.polarization))


def parse_member_name(name: str) -> MemberName:
    """Splits the file name of a member (with or without folders and `.txt`).

    Fields may be empty (`785______Raman_Data_RAW`). Older names with single underscores are
    parsed as well. For any other name only `raw` is set, and the headers must tell the rest.
    """
    stem = name.replace("\\", "/").rsplit("/", 1)[-1].removesuffix(".txt")
    fields = stem.split("__")
    if len(fields) == 8 and kind_of(fields[6]) and fields[6].lower().startswith("raman_data_"):
        mineral, subsample_id, scan, wavelength, angle, polarization, data, member_id = fields
        key = "__".join(fields[:6])
    elif old := _OLD_SINGLE_UNDERSCORE.match(stem):
        mineral, subsample_id, scan, wavelength, angle, polarization, data, member_id = old.groups()
        key = "__".join(old.groups()[:6])
    else:
        return MemberName(raw=name)
    return MemberName(
        raw=name,
        mineral=mineral or None,
        subsample_id=subsample_id or None,
        scan=scan or None,
        wavelength_nm=parse_wavelength(wavelength),
        angle=angle,
        polarization=polarization,
        kind=kind_of(data),
        member_id=member_id or None,
        measurement_key=key,
    )


def kind_of(text: str) -> str | None:
    """Returns `RAW` or `Processed` from a FILETYPE header or a name field, else None."""
    words = text.lower().replace("_", " ").split()
    return _KIND_OF_WORD.get(words[-1]) if words else None


def parse_wavelength(text: str) -> float | None:
    """Returns a laser wavelength in nm, or None if the text contains none.

    Numbers outside LASER_RANGE_NM do not count (some RRUFF names have `53` for 532).
    """
    match = re.search(r"\d+(?:\.\d+)?", text)
    value = float(match.group()) if match else 0.0
    low, high = LASER_RANGE_NM
    return value if low <= value <= high else None
