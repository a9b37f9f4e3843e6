"""Locality text: cleaning, segments, aliases and the class of a specimen's origin."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from raman_pipeline.geography.text.name_lists import CELESTIAL


class OriginClass(StrEnum):
    """Class of origin that a locality describes."""

    NATURAL = "natural"
    SYNTHETIC = "synthetic"
    ANTHROPOGENIC = "anthropogenic"
    UNKNOWN = "unknown"
    EXTRATERRESTRIAL = "extraterrestrial"
    OCEAN = "ocean"


PLACE_CLASSES = (OriginClass.NATURAL, OriginClass.ANTHROPOGENIC, OriginClass.EXTRATERRESTRIAL)
"""Classes whose text can name a place on land (for a meteorite, where it fell)."""

_UNKNOWN = re.compile(
    r"^(?:unknown|un-?known locality|locality unknown|not known|not given|none|n/?a|\?+|-+)\.?$",
    re.IGNORECASE,
)
# `\b` keeps polysynthetic twinning, photosynthetic and intergrown out; bare "flux",
# "laboratory" and "commercial" would catch mines and owners, so they are not here.
_SYNTHETIC = re.compile(
    r"\bsynthe(?:tic|tics|tically|sis|si[sz]ed)\b"
    r"|\b(?:lab|laborator(?:y|ies))[- ]?(?:grown|made|created)\b"
    r"|\bman-?made\b|\bartificial(?:ly)?\b"
    r"|\b(?:flux|melt|solution|sublimation|vapou?r|hydrothermally)[- ]grown\b"
    r"|\bgrown (?:by|from|in|using) (?:flame|flux|melt|crystal pulling|czochralski|verneuil)\b"
    r"|\bczochralski\b|\bverneuil\b",
    re.IGNORECASE,
)
_ANTHROPOGENIC = re.compile(r"\bslags?\b|\bsmelters?\b", re.IGNORECASE)
_EXTRATERRESTRIAL = re.compile(
    r"\bmeteorites?\b|\bchondrit\w*\b|\bpallasites?\b|\bachondrites?\b|\blunar\b|\bmartian\b",
    re.IGNORECASE,
)
_OCEAN = re.compile(r"\b(?:atlantic|pacific|indian|arctic|southern) ocean\b", re.IGNORECASE)
_NOT_WORD = re.compile(r"\W+")
# For ASCII this is faster than a regular expression.
_NO_LETTER = [chr(i) for i in range(128) if not chr(i).isalnum()]
_PUNCTUATION = str.maketrans(dict.fromkeys(_NO_LETTER, " ") | {".": None, "'": None})
_PARENTHESES = re.compile(r"\(([^()]*)\)")
_SITE = re.compile(
    r"\b(?:mines?|quarry|quarries|shafts?|pits?|prospects?|claims?|pegmatites?|deposits?|tunnel|adit"
    r"|colliery|workings?)\b",
    re.IGNORECASE,
)
_NO_NAME = re.compile(_SITE.pattern + r"|\b(?:the|near|no|number|old|of)\b|\b\d+\b")


@dataclass(frozen=True)
class Locality:
    """A parsed locality text.

    Attributes:
        text: as in the file.
        cleaned: without parentheses, with single spaces and `, ` between segments.
        segments: parts of `cleaned`, the most local first.
        aliases: texts in parentheses ("Borneo (Malaysia)").
        origin: class by the locality text alone.
    """

    text: str
    cleaned: str
    segments: tuple[str, ...]
    aliases: tuple[str, ...]
    origin: OriginClass


def parse_locality(text: str | None) -> Locality:
    """Parses a locality; None counts as empty."""
    text = text or ""
    aliases = tuple(a.strip(" ?") for a in _PARENTHESES.findall(text) if a.strip(" ?"))
    bare = re.sub(r"[()]", " ", _PARENTHESES.sub(" ", text))
    segments = tuple(
        part for part in (_tidy(p) for p in re.split(r"[,;]", bare)) if re.search(r"\w", part)
    )
    return Locality(
        text=text,
        cleaned=", ".join(segments),
        segments=segments,
        aliases=aliases,
        origin=_classify(text.strip(), segments),
    )


def site_name(text: str | None) -> str:
    """Returns the most local name in a locality, folded, equal for most spellings of one site.

    That is its first part, or the first that names a mine or quarry, without such words and
    numbers: of "125' Level, Rowley mine, Arizona" as of "Rowley Mine, Maricopa Co." it is "rowley".
    """
    segments = parse_locality(text).segments
    name = fold(next((s for s in segments if _SITE.search(s)), next(iter(segments), "")))
    return " ".join(_NO_NAME.sub(" ", name).split()) or name


def names_synthetic(*texts: str | None) -> bool:
    """Returns whether any text (locality, name, description) marks a synthetic specimen.

    Keywords after Pappone (2024), appendix A.2, without false matches in texts that
    occur: "polysynthetic twinning", "intergrown", Flux mine, Commercial Quarry.
    """
    return any(_SYNTHETIC.search(text) is not None for text in texts if text)


def fold(text: str) -> str:
    """Folds a name for comparison: no accents, case, dots or punctuation."""
    if not text.isascii():
        text = text.replace("ß", "ss").replace("ø", "o").replace("Ø", "O").replace("’", "")
        decomposed = unicodedata.normalize("NFKD", text)
        text = "".join(c for c in decomposed if not unicodedata.combining(c))
        text = _NOT_WORD.sub(" ", text.replace(".", "").replace("'", ""))
    return " ".join(text.lower().translate(_PUNCTUATION).split())


def fold_all(texts: Sequence[str]) -> pa.Array:
    """Folds many names at once, each as `fold` does; a million take a second."""
    ascii_only = np.fromiter(map(str.isascii, texts), dtype=bool, count=len(texts))
    plain = pa.array([t if t.isascii() else "" for t in texts], pa.string())
    folded = pc.ascii_lower(plain)
    folded = pc.replace_substring_regex(folded, pattern="[.']", replacement="")
    folded = pc.replace_substring_regex(folded, pattern="[^0-9a-z]+", replacement=" ")
    others = pa.array([fold(t) for t in texts if not t.isascii()], pa.string())
    return pc.replace_with_mask(pc.ascii_trim_whitespace(folded), pa.array(~ascii_only), others)


def _tidy(segment: str) -> str:
    return " ".join(segment.split()).strip(" .?")


def _classify(text: str, segments: Sequence[str]) -> OriginClass:
    if not text or _UNKNOWN.match(text):
        return OriginClass.UNKNOWN
    if names_synthetic(text):
        return OriginClass.SYNTHETIC
    if _EXTRATERRESTRIAL.search(text) or (segments and fold(segments[-1]) in CELESTIAL):
        return OriginClass.EXTRATERRESTRIAL
    if _ANTHROPOGENIC.search(text):
        return OriginClass.ANTHROPOGENIC
    if _OCEAN.search(text):
        return OriginClass.OCEAN
    return OriginClass.NATURAL
