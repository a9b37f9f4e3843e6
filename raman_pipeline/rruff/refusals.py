"""Why a member of an archive is refused.

What belongs here: the codes, and the error that carries code, line and text.
What does not: the rules that raise it (see `member`).
"""

from __future__ import annotations

from enum import StrEnum


class RefusalCode(StrEnum):
    """The reason for which a member cannot be used."""

    UNREADABLE = "UNREADABLE"
    """The bytes cannot be taken out of the archive (damaged data, bad CRC)."""
    UNSAFE_NAME = "UNSAFE_NAME"
    """The name leads out of the archive (absolute, or with `..`)."""
    NOT_A_FILE = "NOT_A_FILE"
    """A link, a device or another archive instead of a file."""
    TOO_LARGE = "TOO_LARGE"
    """More bytes are declared than any spectrum needs."""
    DECODE = "DECODE"
    """The text is neither UTF-8 nor cp1252."""
    ROW = "ROW"
    """A line among the rows is not exactly two numbers."""
    TOO_SHORT = "TOO_SHORT"
    """Fewer rows than a band needs."""
    NONFINITE = "NONFINITE"
    """A number is NaN or infinite."""
    DUPLICATE_AXIS = "DUPLICATE_AXIS"
    """Two neighbouring rows have the same Raman shift."""
    NONMONOTONIC = "NONMONOTONIC"
    """The Raman shift goes down."""
    IDENTITY_CONFLICT = "IDENTITY_CONFLICT"
    """A repeated NAMES or RRUFFID header holds two different values."""
    KIND_MISMATCH = "KIND_MISMATCH"
    """FILETYPE and the file name disagree about RAW or Processed."""


REMEDIES: dict[RefusalCode, str] = {
    RefusalCode.UNREADABLE: "the archive is damaged: download it again",
    RefusalCode.UNSAFE_NAME: "RRUFF's names hold no folders: check where the archive is from",
    RefusalCode.NOT_A_FILE: "unpack it, or check where the archive is from",
    RefusalCode.TOO_LARGE: "check where the archive is from; a member is one spectrum",
    RefusalCode.DECODE: "save the file as UTF-8",
    RefusalCode.ROW: "each row must be two numbers, Raman shift and intensity",
    RefusalCode.TOO_SHORT: "the file may be cut short: download it again",
    RefusalCode.NONFINITE: "remove the rows without a number or report them to RRUFF",
    RefusalCode.DUPLICATE_AXIS: "keep one row for each Raman shift",
    RefusalCode.NONMONOTONIC: "sort the rows by Raman shift, if they are one scan",
    RefusalCode.IDENTITY_CONFLICT: "keep one NAMES and one RRUFFID header",
    RefusalCode.KIND_MISMATCH: "make FILETYPE and the file name agree",
}


class MemberRefused(Exception):
    """A member that the parser does not accept.

    Attributes:
        code: why.
        line: the line at fault, counted from 1; None when no line is.
        text: that line, or what was found instead, at most 120 characters.
        headers: the headers read before the fault, so that a refusal can still
            be told apart by mineral and specimen.
        sha256: of the member's bytes; None where they could not be read.
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
