"""The tables of accepted and of refused members, and their rows."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from raman_pipeline.common.schema import RAGGED, Column, TableSchema
from raman_pipeline.rruff.member import Member
from raman_pipeline.rruff.member_name import KINDS, LASER_RANGE_NM, MemberName
from raman_pipeline.rruff.refusals import MemberRefused, RefusalCode

TEXT = pa.string()

_HEADER_COLUMNS = {
    "ideal_chemistry": "IDEAL CHEMISTRY",
    "measured_chemistry": "MEASURED CHEMISTRY",
    "locality": "LOCALITY",
    "owner": "OWNER",
    "source": "SOURCE",
    "description": "DESCRIPTION",
    "status": "STATUS",
    "url": "URL",
    "pin_id": "PIN_ID",
    "orientation": "ORIENTATION",
    "diffraction_sample_description": "DIFFRACTION SAMPLE DESCRIPTION",
    "cell_parameters": "CELL PARAMETERS",
}

MEMBERS = TableSchema(
    "parsed_spectra",
    (
        Column("member_id", TEXT, "the server's id of the file"),
        Column("archive", TEXT, "archive that holds the member"),
        Column("archive_sha256", TEXT, "of that archive; null for a folder", nullable=True),
        Column("member", TEXT, "file name inside the archive"),
        Column("sha256", TEXT, "of the member's bytes"),
        Column(
            "measurement_key", TEXT, "file name before the kind, shared by a pair", nullable=True
        ),
        Column("mineral", TEXT, "NAMES header", nullable=True),
        Column("rruff_id", TEXT, "RRUFFID header: the specimen", nullable=True),
        Column("subsample_id", TEXT, "RRUFF ID in the file name, with its suffix", nullable=True),
        Column("scan", TEXT, "Raman or Broad_Scan", nullable=True),
        Column("kind", TEXT, "RAW or Processed", nullable=True, isin=KINDS),
        Column("wavelength_nm", pa.float64(), "laser wavelength, nm", True, between=LASER_RANGE_NM),
        Column("angle", TEXT, "orientation angle as in the file name, degrees", nullable=True),
        Column("polarization", TEXT, "polarization field of the file name", nullable=True),
        Column("oriented", pa.bool_(), "oriented scan, as filed by RRUFF", nullable=True),
        *(
            Column(name, TEXT, f"{key} header", nullable=True)
            for name, key in _HEADER_COLUMNS.items()
        ),
        Column("header_lines", TEXT, "line (from 1) of each header: one KEY=line per line"),
        Column("encoding", TEXT, "text encoding of the file", isin=("utf-8", "cp1252")),
        Column("repeated_headers", pa.int32(), "number of repeated headers"),
        Column("preamble", TEXT, "other lines before the rows", nullable=True),
        Column("comments", TEXT, "# lines", nullable=True),
        Column("has_end", pa.bool_(), "whether ##END was present"),
        Column("points", pa.int32(), "number of rows", between=(3, 10_000_000)),
        Column("shift_start", pa.float32(), "first Raman shift, cm⁻¹"),
        Column("shift_stop", pa.float32(), "last Raman shift, cm⁻¹"),
        Column("raman_shift", RAGGED, "Raman shift, cm⁻¹, strictly increasing"),
        Column("intensity", RAGGED, "intensity, counts or arbitrary units"),
    ),
)

REFUSALS = TableSchema(
    "refused_members",
    (
        Column("archive", TEXT, "archive that holds the member"),
        Column("archive_sha256", TEXT, "of that archive; null for a folder", nullable=True),
        Column("member", TEXT, "file name inside the archive"),
        Column("sha256", TEXT, "of the member's bytes, if they could be read", nullable=True),
        Column("member_id", TEXT, "the server's id of the file, from its name", nullable=True),
        Column("code", TEXT, "reason of the refusal", isin=tuple(RefusalCode)),
        Column("line", pa.int32(), "faulty line, from 1", nullable=True),
        Column("text", TEXT, "that line, or a description"),
        Column("mineral", TEXT, "NAMES header, if it could be read", nullable=True),
        Column("rruff_id", TEXT, "RRUFFID header, if it could be read", nullable=True),
        Column("kind", TEXT, "RAW or Processed, from the file name", nullable=True),
        Column("encoding", TEXT, "text encoding, if it could be decoded", nullable=True),
    ),
)


def member_row(member: Member, archive: str, archive_sha256: str | None = None) -> dict[str, Any]:
    """Returns the row of an accepted member; empty headers become nulls."""
    name = member.name
    return {
        "member_id": member.member_id,
        "archive": archive,
        "archive_sha256": archive_sha256,
        "member": name.raw,
        "sha256": member.sha256,
        "measurement_key": name.measurement_key,
        "mineral": member.mineral,
        "rruff_id": member.rruff_id,
        "subsample_id": name.subsample_id,
        "scan": name.scan,
        "kind": member.kind,
        "wavelength_nm": member.wavelength_nm,
        "angle": name.angle or None,
        "polarization": name.polarization or None,
        "oriented": name.oriented,
        **{column: member.headers.get(key) or None for column, key in _HEADER_COLUMNS.items()},
        "header_lines": "\n".join(f"{k}={n}" for k, n in member.header_lines.items()),
        "encoding": member.encoding,
        "repeated_headers": len(member.repeated_keys),
        "preamble": "\n".join(member.preamble) or None,
        "comments": "\n".join(member.comments) or None,
        "has_end": member.has_end,
        "points": len(member.raman_shift),
        "shift_start": member.raman_shift[0],
        "shift_stop": member.raman_shift[-1],
        "raman_shift": member.raman_shift,
        "intensity": member.intensity,
    }


def refusal_row(
    refusal: MemberRefused, name: MemberName, archive: str, archive_sha256: str | None = None
) -> dict[str, Any]:
    """Returns the row of a refused member."""
    return {
        "archive": archive,
        "archive_sha256": archive_sha256,
        "member": name.raw,
        "sha256": refusal.sha256,
        "member_id": name.member_id,
        "code": refusal.code.value,
        "line": refusal.line,
        "text": refusal.text,
        "mineral": refusal.headers.get("NAMES") or name.mineral,
        "rruff_id": refusal.headers.get("RRUFFID") or name.rruff_id,
        "kind": name.kind,
        "encoding": refusal.encoding,
    }
