"""Why a member of an archive is refused: codes, remedies, and the error that carries them."""

from __future__ import annotations

from enum import StrEnum


class RefusalCode(StrEnum):
    """Why a member cannot be used."""

    UNREADABLE = "UNREADABLE"
    """The bytes cannot be read from the archive (damaged data, wrong CRC)."""
    UNSAFE_NAME = "UNSAFE_NAME"
    """The path is absolute or contains `..`."""
    NOT_A_FILE = "NOT_A_FILE"
    """A link, a device or another archive instead of a plain file."""
    TOO_LARGE = "TOO_LARGE"
    """More bytes are declared than any spectrum needs."""
    DECODE = "DECODE"
    """The text is neither UTF-8 nor cp1252."""
    ROW = "ROW"
    """A line among the rows is not exactly two numbers."""
    TOO_SHORT = "TOO_SHORT"
    """Fewer rows than the smallest possible band."""
    NONFINITE = "NONFINITE"
    """A number is NaN or infinite."""
    DUPLICATE_AXIS = "DUPLICATE_AXIS"
    """Two neighbouring rows have the same Raman shift."""
    NONMONOTONIC = "NONMONOTONIC"
    """The Raman shift decreases."""
    IDENTITY_CONFLICT = "IDENTITY_CONFLICT"
    """NAMES or RRUFFID is repeated with different values."""
    KIND_MISMATCH = "KIND_MISMATCH"
    """FILETYPE and the file name disagree about RAW or Processed."""


REMEDIES: dict[RefusalCode, str] = {
    RefusalCode.UNREADABLE: "the archive is damaged: download it again",
    RefusalCode.UNSAFE_NAME: "RRUFF's archives contain no folders: check the source of the archive",
    RefusalCode.NOT_A_FILE: "unpack it, or check the source of the archive",
    RefusalCode.TOO_LARGE: "check the source of the archive; a member is one spectrum",
    RefusalCode.DECODE: "save the file as UTF-8",
    RefusalCode.ROW: "each row must be two numbers, Raman shift and intensity",
    RefusalCode.TOO_SHORT: "the file may be truncated: download it again",
    RefusalCode.NONFINITE: "remove the rows without a number or report them to RRUFF",
    RefusalCode.DUPLICATE_AXIS: "keep one row per Raman shift",
    RefusalCode.NONMONOTONIC: "sort the rows by Raman shift if they are one scan",
    RefusalCode.IDENTITY_CONFLICT: "keep one NAMES and one RRUFFID header",
    RefusalCode.KIND_MISMATCH: "make FILETYPE and the file name agree",
}


class MemberRefused(Exception):
    """A member that is not accepted.

    Attributes:
        code: the reason.
        line: the faulty line (from 1); None if no line is at fault.
        text: that line, or a description, at most 120 characters.
        headers: the headers that were read, for the mineral and the specimen.
        encoding: of the text; None if it could not be decoded.
        sha256: of the member's bytes; None if they could not be read.
    """

    def __init__(self, code: RefusalCode, line: int | None, text: str) -> None:
        self.code = code
        self.line = line
        self.text = text if len(text) <= 120 else text[:117] + "..."
        self.headers: dict[str, str] = {}
        self.encoding: str | None = None
        self.sha256: str | None = None
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """One line: code, place, text and remedy."""
        place = "" if self.line is None else f" at line {self.line}"
        return f"{self.code}{place}: {self.text!r}; {REMEDIES[self.code]}"
