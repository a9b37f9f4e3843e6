"""Parser of chemical formulae in RRUFF's notation.

In `(Mg_4.5-2.5_Fe^2+^_0.5-2.5_)Si_8_O_22_(OH)_2_`, subscripts are between underscores and
charges between carets; there are also vacancies, hydrates and notes.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

_SYMBOLS = """
H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr
Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb
Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U
"""
ELEMENTS = tuple(_SYMBOLS.split())
_COLUMN = {symbol: i for i, symbol in enumerate(ELEMENTS)}

_TOKEN = re.compile(
    r"(?P<skip>\[box\]|□|\^[^^]*\^)"
    r"|_(?P<subscript>[^_]*)_"
    r"|(?P<open>[(\[{])|(?P<close>[)\]}])"
    r"|(?P<comma>,)"
    r"|(?P<dot>[·•∙*])"
    r"|(?P<symbol>[A-Z][a-z]?)"
    r"|(?P<number>\d+\.?\d*|\.\d+)"
)
_TERM = re.compile(r"([+-]?)\s*(\d+\.?\d*|\.\d+|)\s*([a-z]?)")


def element_amounts(formula: str) -> dict[str, float]:
    """Returns the number of atoms of each element per formula unit.

    Elements on one site without amounts (`(Cu,Zn)_11_`) share it equally; a range (`_4.5-2.5_`)
    counts as its mean, an unknown fraction (`x`) as 0.5; vacancies, charges and sums (`_Σ=2_`)
    are ignored. Of several formulae or notes between semicolons, the first with an element is
    read.

    Args:
        formula: text of an IDEAL CHEMISTRY or MEASURED CHEMISTRY header; may be empty.
    """
    for part in html.unescape(formula).split(";"):
        # `light phase: (Ce_0.52_…)`: the text before a colon is not a formula.
        amounts = _read(part.rpartition(":")[2])
        if amounts:
            return dict(amounts)
    return {}


def compositions(formulae: Iterable[str | None]) -> npt.NDArray[np.float32]:
    """Returns atomic fractions, float32 [n, len(ELEMENTS)]; zeros for empty formulae."""
    rows = []
    for formula in formulae:
        row = np.zeros(len(ELEMENTS))
        for symbol, amount in element_amounts(formula or "").items():
            row[_COLUMN[symbol]] = amount
        rows.append(row / max(row.sum(), 1e-12))
    return np.array(rows, np.float32).reshape(-1, len(ELEMENTS))


class _Group:
    """The content of a pair of brackets: elements of a site, or alternatives."""

    def __init__(self) -> None:
        self.alternatives: list[Counter[str]] = [Counter()]
        self.last: Counter[str] = Counter()

    def add(self, unit: Counter[str], times: float = 1.0) -> None:
        self.last = Counter({symbol: n * times for symbol, n in unit.items()})
        self.alternatives[-1].update(self.last)

    def multiply(self, times: float) -> None:
        """Applies a subscript to the preceding element or group."""
        self.alternatives[-1].update({s: n * (times - 1) for s, n in self.last.items()})
        self.last = Counter()

    def total(self) -> Counter[str]:
        total: Counter[str] = Counter()
        for alternative in self.alternatives:
            total.update({s: n / len(self.alternatives) for s, n in alternative.items()})
        return total


def _read(text: str) -> Counter[str]:
    stack = [_Group()]
    outside: list[tuple[_Group, float]] = []
    coefficient = 1.0
    for match in _TOKEN.finditer(text):
        kind, token = match.lastgroup, match.group(match.lastgroup or 0)
        group = stack[-1]
        if kind == "open":
            stack.append(_Group())
        elif kind == "close" and len(stack) > 1:
            stack.pop()
            stack[-1].add(group.total())
        elif kind == "subscript":
            group.multiply(_number(token))
        elif kind == "symbol":
            symbol = token if token in _COLUMN else token[0]
            if symbol in _COLUMN:
                group.add(Counter({symbol: 1.0}))
        elif kind == "comma":
            group.alternatives.append(Counter())
            group.last = Counter()
        elif kind == "dot" and len(stack) == 1:
            # `CaSO_4_·2H_2_O`: each part has its own coefficient.
            outside.append((stack.pop(), coefficient))
            stack.append(_Group())
            coefficient = 1.0
        elif kind == "number" and len(stack) == 1 and not any(group.alternatives):
            coefficient = float(token)
    while len(stack) > 1:  # a bracket that is never closed
        unclosed = stack.pop()
        stack[-1].add(unclosed.total())
    result: Counter[str] = Counter()
    for group, times in [*outside, (stack[0], coefficient)]:
        result.update({symbol: n * times for symbol, n in group.total().items()})
    return Counter({symbol: n for symbol, n in result.items() if n > 0})


def _number(subscript: str) -> float:
    """Returns the factor of a subscript."""
    text = subscript.strip()
    if not text or "=" in text:
        return 1.0
    if not re.search(r"[a-z]", text):
        figures = [float(f) for f in re.findall(r"\d+\.?\d*|\.\d+", text)]
        return sum(figures) / len(figures) if figures else 1.0
    total = 0.0
    for sign, figure, letter in _TERM.findall(text):
        if not figure and not letter:
            continue
        value = float(figure or 1) * (0.5 if letter else 1.0)
        total += -value if sign == "-" else value
    return max(total, 0.0)
