"""The report of one identified spectrum: one HTML file that needs nothing else.

What belongs here: its figure and its text. What does not: the numbers (see
`learning.identification.references`), where it is written.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from raman_pipeline.common.wording import size_of
from raman_pipeline.learning.identification.references import peaks_beside
from raman_pipeline.plots.identification import query_and_references

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from raman_pipeline.learning.identification.library import MineralLibrary
    from raman_pipeline.learning.identification.results import Identification

_REFERENCES = 3


def figure_of(library: MineralLibrary, found: Identification) -> Figure:
    """Returns the figure of a query over its references, its peaks marked.

    Args:
        library: of the identifier that found it.
        found: the result.
    """

    def shown(intensity: np.ndarray, valid: np.ndarray) -> np.ndarray:
        return np.where(valid, intensity, np.nan)

    references = []
    for mineral in found.minerals[:_REFERENCES]:
        near = mineral.nearest[0]
        spectrum = shown(library.intensity[near.row], library.valid[near.row])
        references.append((f"{mineral.name} {near.rruff_id}, {near.similarity:.3f}", spectrum))
    for mixture in found.mixtures[:1]:
        weights = [c.fraction for c in mixture.components]
        total = np.einsum("i,ij", weights, library.intensity[[c.row for c in mixture.components]])
        names = " + ".join(c.mineral for c in mixture.components)
        references.append((f"{names}, fit {mixture.fit:.3f}", total / total.max()))
    query = found.query
    peaks = peaks_beside(library, query, found.minerals[0].nearest[0].row)
    measured = shown(query.intensity, query.valid)
    title = Path(query.name).name
    if found.accepted:
        title += f", less {', '.join(part.mineral for part in found.accepted.parts)}"
    return query_and_references(library.grid, measured, references, title, peaks)


def sample_report(library: MineralLibrary, found: Identification, data: Mapping[str, Any]) -> str:
    """Returns the HTML of a report, its figure in it.

    Args:
        library: of the identifier that found it.
        found: the result.
        data: the same as plain data (see `references.answer_json`).
    """
    from matplotlib import rc_context

    picture = io.StringIO()
    # Without salt, the names of parts are random.
    with rc_context({"svg.hashsalt": "report"}):
        figure_of(library, found).savefig(picture, format="svg", metadata={"Date": None})
    svg = picture.getvalue()
    return _template().render(
        data=data, size_of=size_of, name=Path(data["file"]).name, figure=svg[svg.index("<svg") :]
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("raman_pipeline.page", "."), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template("sample_report.html.j2")
