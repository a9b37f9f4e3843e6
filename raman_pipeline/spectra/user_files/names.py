"""What the names of columns and the keys of a header say, in the languages of the instruments."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

_SHIFT_UNIT = re.compile(
    r"cm ?\^?\*{0,2} ?[({]? ?- ?1|1 ?/ ?cm|\bcm\)? ?\^-|/cm\b|reciprocal|inverse c|kayser"
)
_PER_METRE = re.compile(r"[(\[] ?(m ?\^?-1|1 ?/ ?m) ?[)\]]|(shift|number|zahl|onde)[ ,/]+m ?\^?-1$")
"""Elsewhere `M-1` is the name of a sample."""
_NM = re.compile(r"\bnm\b|nanom|\bнм\b")
_INTENSITY = re.compile(
    r"intens|inten\b|\bmean\b|\baverage\b|mittelwert|moyenne|count|\bcnts?\b|\bcts\b|signal|"
    r"^sample$|^prob[ea]$|\ba\.? ?u\b|\barb|"
    r"\bccd\b|amplitude|zähl|conteo|conteggi|coups|spectrum$|spektrum$|spectre$|^[yi]$|^y\b|强度|強度|интенс|计数"
)
_PROCESSED = re.compile(
    r"subtract|(?<!un)correct|corrig|(?<!un)korrig|(?<!un)processed|traité|abgezogen|abzug|minus|"
    r"removed|smooth|geglättet|normali[sz]|\bcorr\b|baselined|despiked|filtered|denoised|\bnet\b|"
    r"background free|sample ?- ?dark|signal ?- ?dark"
)
_RAW = re.compile(r"\braw\b|roh|brut|uncorrected|unprocessed|grezz|crud[oa]")
_NEVER = re.compile(
    r"dark|dunkel|sombre|obscur|oscur|\bref\b|referen|référence|riferimento|blank|\bbuio\b|"
    r"\bfondo?\b|ligne de base|línea base|linea di base|hintergrund|achtergrond|\btło\b|erreur|"
    r"ruido|rumore|^ci ?9[059]%?$|"
    r"\bbase ?line|basislinie|background|untergrund|\bbg\b|noise|rauschen|bruit|error|fehler|"
    r"sigma|\bstd|\bsd\b|\bsem\b|\brsd\b|stdev|deviation|"
    r"derivat|\bd[iy]/dx|varian|weight|absor|trans|reflec|%|irradiance|\bfit|resid|flag|mask|quality|exposure|integration"
)
_NO_SIGNAL = re.compile(
    r"(dark|dunkel\w*|sombre|obscur\w*|oscur\w*|buio|fondo?|hintergrund|achtergrond|tło|"
    r"ligne de base|línea base|linea di base|erreur|ruido|rumore|referencia|riferimento|"
    r"ci ?9[059]%?|ref|reference|referenz|référence|blank|base ?line|basislinie|background|"
    r"untergrund\w*|bg|noise|rauschen|bruit|errors?|fehler|sigma|std|sd|sem|rsd|stdev|"
    r"st(d|andard) deviation|variance|residuals?|weights?|flags?|mask|absorbance|transmittance|"
    r"transmission|reflectance)( (spectrum|spektrum|counts?|intensity|signal|[(\[].*))?( ?#?\d+)?"
)
_BASELINE = re.compile(r"^(subtracted|removed|fitted|smoothed) (base ?line|background|dark)")
_AXES = {
    "shift": r"raman ?-?(shift|verschiebung)|\bshift|versch?iebung|wave ?-?n(umber|o|r)|^wn$|"
    r"raman ?skift|кр ?-?сдвиг|"
    r"wellenzahl|nombres? d ?.?ondes?|n[uú]mer[oi] d.? ?.?ond[ae]s?|golfgetal|vågtal|"
    r"(décalage|déplacement|desplazamiento|spostamento|deslocamento|przesunięcie) (de )?raman|"
    r"^raman$|^wave$|delta ?nu|"
    r"ラマンシフト|波数|波数|拉曼|рамановск|комбинацион|волновое",
    "nm": r"wave ?-?length|^wl$|wellenlänge|wellenlaenge|longueurs? d ?.?onde|longitud|lunghezz|"
    r"comprimento|golflengte|våglängd|^lambda$|^λ$|波长|波長|длина волны",
    "pixel or row numbers": r"pixel|^px$|^ind(ex|ice)$|^(data )?points?( n(o|r|umber)?)?$|^n[or]?$|"
    r"^row|channel|kanal|^id$|^unnamed|^bin$|^#$|^num(ber)?$|^sr ?no$|^line$|^zeile$|"
    r"像素|画素|ピクセル|пиксел",
    "time": r"time|zeit|\btemps|tiempo|\btempo\b|^t$|second|^date|^datum|"
    r"[(\[](s|sec|ms|min)[)\]]",
    "another unit": r"\bm?e ?v\b|[tgm]?hz\b|µm|μm|\bum\b|\bå|angstr|micron|micromet|theta|θ|angle|"
    r"temperature|\bvolt|degree|energy|energie|potential|mass|m/z|\bppm\b|delay",
}
SPECTRAL = ("shift", "nm", "absolute", "Raman shift in nm", "1/m")
"""Kinds of axes of spectra."""
_AXIS_NAMES = {kind: re.compile(pattern) for kind, pattern in _AXES.items()}
_POSITION = re.compile(
    r"^[xyz]( ?[(\[].*| [μu]m| mm)?$|^[xyz][ _-]?(pos|coord|position)|stage|^pos(ition)?\b|"
    r"distance|depth"
)
_COORDINATE = re.compile(
    r"(?:(?:stage|pos|position|coord|coordinate)[ -]?)?([xy])(?:[ -]?(?:stage|pos|position|coord|"
    r"coordinate))?(?: ?[(\[/ ] ?(μm|um|microns?|mm|nm) ?[)\]]?)?"
)
_LABSPEC_AXIS = re.compile(r"#?Axis(Type|Unit)\[(\d)\]\s*=\s*(\S+)")
_GENERIC = re.compile(
    r"^x([ -]?(axis|achse|data|values?|werte?))?$|^absciss|^fre(quency|quenz)$|^axe x$"
)
_X_KEY = re.compile(
    r"^(x[ -]?(axis)?[ -]?(data)?[ -]?(units?|kind|type|label|mode|name|title|einheit|axis)|"
    r"units? (of )?x|axis ?unit\[1\]|abscissa( units?)?|spectral units?|horizontal axis|"
    r"x ?-?achse)$"
)
_LASER_KEY = re.compile(r"laser|excit|anreg|raman wavelength|lambda ?0|лазер|激光|激发|励起")
_NO_WAVELENGTH = re.compile(
    r"power|leist|puissance|filter|%|\bm?w\b|serial|attenu|spot|temper|time|date"
)
_INFRARED = re.compile(
    r"\bft[ -]?ir\b|\bmid-?ir\b|infra-?r(ed|ot|ouge)|\batr\b|transmi(ttance|ssion)|absorban[cz]\w*",
    re.IGNORECASE,
)
_OTHER_QUANTITY = re.compile(
    r"excit|emiss|angle|winkel|temp|reten|press|druck|strain|loss|bind|hour|stunde|dose|field|"
    r"step|frame|scan|shot|cycle|sweep|l(ä|ae)ng|length|longueur|onda"
)
"""May be the name of a file as well as what its axis holds."""
_MINERALS = re.compile(
    "actinolite|aegirine|albite|almandine|analcime|anatase|andalusite|andradite|"
    "anglesite|anhydrite|ankerite|anorthite|apatite|aragonite|arsenopyrite|augite|"
    "azurite|barite|baryte|beryl|biotite|boehmite|brookite|brucite|calcite|"
    "cassiterite|celestine|cerussite|chalcopyrite|chlorite|chromite|cinnabar|"
    "clinochlore|coesite|cordierite|corundum|covellite|cristobalite|cuprite|diamond|"
    "diaspore|diopside|dolomite|enstatite|epidote|fayalite|fluorapatite|fluorite|"
    "forsterite|galena|gibbsite|goethite|graphite|grossular|gypsum|halite|hematite|"
    "hydroxylapatite|ilmenite|jadeite|jarosite|kaolinite|kyanite|labradorite|lazurite|"
    "lepidocrocite|maghemite|magnesite|magnetite|malachite|marcasite|microcline|"
    "molybdenite|monazite|muscovite|nepheline|olivine|opal|orpiment|orthoclase|"
    "periclase|phlogopite|pyrite|pyrope|quartz|realgar|rhodochrosite|rhodonite|"
    "richterite|rutile|sanidine|scapolite|scheelite|siderite|sillimanite|smithsonite|"
    "sodalite|spessartine|sphalerite|spinel|spodumene|staurolite|stilbite|strontianite|"
    "sulfur|sulphur|talc|titanite|topaz|tourmaline|tremolite|tridymite|turquoise|"
    "uvarovite|vesuvianite|vivianite|witherite|wollastonite|wulfenite|xenotime|zircon|"
    "zoisite"
)
_RAMAN = re.compile("raman|拉曼|ラマン|рамановск", re.IGNORECASE)
_LASER_VALUE = re.compile(r"(?<![\d.])(?<!\d,)(\d{3,4}(?:[.,]\d+)?)(?![\d.,]*\d)\s*(nm)?")


def plain(name: str) -> str:
    """Returns a name in one spelling: `Raman_Shift (cm⁻¹)` as `raman shift (cm-1)`."""
    text = unicodedata.normalize("NFKC", name.replace("µ", "μ")).replace("см", "cm")
    text = re.sub(r"(?<=[a-zäöü])(?=[A-Z])", " ", text).casefold()
    text = re.sub(r"[−–‐]", "-", text).replace("’", "'")
    return re.sub(r"[\s_]+", " ", text).strip(" \"'#%/;,*") or ("#" if "#" in name else "")


def axis_kind(name: str) -> str:
    """Returns `shift`, `nm`, `absolute` or words for another axis; empty where none is named."""
    text = plain(name)
    if _INTENSITY.search(text) and not _AXIS_NAMES["shift"].search(text):
        return ""
    if re.search(r"\babs", text) and re.search("wave ?number", text):
        return "absolute"
    if _PER_METRE.search(text):
        return "1/m"
    if _SHIFT_UNIT.search(text):
        return "shift"
    if _NM.search(text) and "shift" in text:
        return "shift" if re.search(r"\d ?nm\b", text) else "Raman shift in nm"  # `shift (532 nm)`
    if _NM.search(text):
        return "nm"
    kinds = [kind for kind, pattern in _AXIS_NAMES.items() if pattern.search(text)]
    # A unit such as eV says more than the word before it.
    return kinds[-1] if kinds else ""


def kind_of_unit(unit: str) -> str:
    """Returns the kind of the axis of a unit; the unit itself where it is none of Raman shift."""
    kind = axis_kind(unit)
    return kind if kind in ("shift", "nm", "absolute") else unit


def names_in_words(line: str) -> list[str] | None:
    """Returns the names of axis and intensity in their order in a line that nothing divides."""
    text = plain(line)
    intensity = _INTENSITY.search(text)
    never = None if _PROCESSED.search(text) else _NEVER.search(text)
    if never and not (intensity and intensity.start() < never.start()):
        before, what = text[: never.start()], text[never.start() :]
        if axis_kind(before):
            return [before.strip(), what]
    if intensity is None:
        return [text, ""] if axis_kind(text) else None
    before, word, after = text.partition(re.findall(r"\S*", text[intensity.start() :])[0])
    if axis_kind(before):
        return [before.strip(), text[intensity.start() :]]
    return [word, after.strip()] if axis_kind(after) else None


def names_laser(line: str) -> bool:
    """Whether a line speaks of a laser, so that its nm is none of an axis."""
    return bool(_LASER_KEY.search(plain(line)))


def column_kind(name: str) -> str:
    """Returns the kind of an axis, `position`, `generic axis`, or that of an intensity.

    Intensities are `processed`, `intensity`, `raw` and `never` (dark, reference, errors); empty
    stands for a name that says nothing.
    """
    text = plain(name)
    if kind := axis_kind(name):
        return "position" if kind == "another unit" and _POSITION.search(text) else kind
    for kind, pattern in (
        ("never", _BASELINE),
        ("processed", _PROCESSED),
        ("raw", _RAW),
        ("never", _NEVER),
        ("generic axis", _GENERIC),
        ("intensity", _INTENSITY),
        ("position", _POSITION),
    ):
        if pattern.search(name if kind == "never" and "%" in name else text):
            return kind
    return ""


def is_no_signal(label: str) -> bool:
    """Whether the label of a row says that it is no spectrum of a sample; `dark grain 2` is one."""
    return bool(_NO_SIGNAL.fullmatch(plain(label)))


def is_place(name: str) -> bool:
    """Whether a name is that of a position: `x`, `Y (µm)`, `stage`."""
    return bool(_POSITION.search(plain(name)))


def coordinates(named: Sequence[str]) -> tuple[int, int, str] | None:
    """Returns the columns of the stage's x and y, and their unit, empty where none is stated.

    None where the names leave any doubt: one of both is missing or named twice, or units differ.
    """
    found = [_COORDINATE.fullmatch(plain(name)) for name in named]
    columns = [[i for i, m in enumerate(found) if m and m[1] == letter] for letter in "xy"]
    if any(len(some) != 1 for some in columns):
        return None
    (x,), (y,) = columns
    units = {m[2] or "" for i in (x, y) if (m := found[i])}
    unit = units.pop()
    return None if units else (x, y, unit if unit in ("", "mm", "nm") else "µm")


def labspec_columns(lines: Iterable[str]) -> list[str]:
    """Returns names of the columns before the spectra of a LabSpec map, as its header has them."""
    stated = [m.groups() for line in lines if (m := _LABSPEC_AXIS.match(line.strip()))]
    kinds, units = ({n: v for k, n, v in stated if k == which} for which in ("Type", "Unit"))
    # `XA` is the absolute position of the stage; axes 0 and 1 are intensity and shift.
    stage = {"XA": "X", "YA": "Y"}
    return [
        stage.get(kind, kind) + (f" ({units[n]})" if n in units else "")
        for n, kind in sorted(kinds.items())
        if n > "1"
    ]


def is_title(name: str, stem: str) -> bool:
    """Whether a name over the axis is that of the sample: a mineral's, or that of the file."""
    text = plain(name)
    if _MINERALS.fullmatch(re.sub(r"[ \d-]+$", "", text)):
        return True
    return len(text) > 3 and text == plain(stem) and not _OTHER_QUANTITY.search(text)


def stated_axis(lines: Iterable[str]) -> str:
    """Returns the kind of axis that a key such as `XUNITS` names; empty where none does."""
    kinds = set()
    for line in lines:
        key, value = _key_and_value(line)
        if _X_KEY.search(key) and (kind := axis_kind(value) or axis_kind(f"({value})")):
            kinds.add(kind)
    return kinds.pop() if len(kinds) == 1 else " and ".join(sorted(kinds))


def stated_laser(lines: Iterable[str]) -> float | None:
    """Returns the wavelength of the laser in nm that a header names; None where it is not sure."""
    found = set()
    for line in lines:
        text = plain(line)
        start = _LASER_KEY.search(text)
        if len(text) > 200 or not start:
            continue
        values = [
            (float(value.replace(",", ".")), unit)
            for value, unit in _LASER_VALUE.findall(text, start.start())
        ]
        values = [v for v in values if 200 <= v[0] <= 1100]
        if named := {v for v, unit in values if unit} or (
            set() if _NO_WAVELENGTH.search(text) else {v for v, _ in values}
        ):
            found |= named
    return found.pop() if len(found) == 1 else None


def other_technique(lines: Iterable[str]) -> str:
    """Returns the words of a header that name infrared; empty where it names Raman, too."""
    lines = [line for line in lines if not line.startswith("##")]
    found = [m.group() for line in lines if (m := _INFRARED.search(line))]
    return found[0] if found and not any(_RAMAN.search(line) for line in lines) else ""


def _key_and_value(line: str) -> tuple[str, str]:
    line = line.strip().lstrip("#%/ '\"")
    for mark in ("=", "\t", ":", ";", ",", "  ", " "):
        key, found, value = line.partition(mark)
        if found and value.strip(" =:\t"):
            return plain(key.rstrip(" =:")), value.strip(' =:\t"')
    return "", ""
