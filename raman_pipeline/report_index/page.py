"""The page: findings, then every report rendered, every figure embedded, every file linked.

It holds all that it needs but large files, which it links relative to the folder of reports. The
same store gives the same bytes.
"""

from __future__ import annotations

import base64
import io
import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq
from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt
from PIL import Image

from raman_pipeline.common.storage import StorePath, below, local_copy
from raman_pipeline.report_index.findings import SIMULATED, command_of
from raman_pipeline.report_index.sections import SECTIONS
from raman_pipeline.report_index.store import Store

_WIDE = 2.3
"""Figures of this ratio of width to height get the whole width."""
_WIDTH = {False: 1000, True: 1500}
"""Pixels of an embedded figure, wide or not; the full one is a file."""
_COLOURS = 128
_HEADINGS = 2
"""A heading of a report is this many levels lower on the page."""
_NUMBER = re.compile(r"<td>(?=[-–+]?[\d.,]*(e[-+]\d+)?%?( ± [\d.,e+-]+)?( \[\d+\])?</td>)")


@dataclass(frozen=True)
class Made:
    """What an asset holds.

    Attributes:
        description: one or more sentences.
        files: partition to file; None where there are no partitions.
    """

    description: str
    files: Mapping[str | None, StorePath]


def index_page(
    store: Store,
    findings: pa.Table,
    assets: Mapping[str, Made],
    outdated: Collection[str],
    profile: str,
    simulated: bool,
) -> str:
    """Returns the page as HTML.

    Args:
        store: of the profile.
        findings: a FINDINGS table.
        assets: name to what it holds, in the order of the graph.
        outdated: names of assets that are older than their inputs, code or settings.
        profile: its name.
        simulated: whether its spectra are simulated.
    """
    shown: list[dict[str, Any]] = [
        {
            "title": section.title,
            "assets": [
                _shown(store, name, assets[name].description, profile, name in outdated)
                for name in section.assets
            ],
        }
        for section in SECTIONS
    ]
    every = [asset for section in shown for asset in section["assets"]]
    return _template().render(
        profile=profile,
        simulated=SIMULATED if simulated else None,
        findings=findings.to_pylist(),
        sections=shown,
        notes={
            "Outdated: older than inputs, code or settings.": [a for a in every if a["outdated"]],
            "Not made yet:": [a for a in every if not a["made"]],
        },
        tables=[_listed(store, name, made) for name, made in assets.items() if made.files],
    )


def _shown(
    store: Store, name: str, description: str, profile: str, outdated: bool
) -> dict[str, Any]:
    text, files = store.report(name), store.files(name)
    first = [path for path in files if path.parent == files[0].parent]
    return {
        "name": name,
        "title": name.replace("_", " ").capitalize(),
        "description": description,
        "command": command_of(name, profile),
        "made": bool(files or text),
        "outdated": outdated and bool(files or text),
        "report": _html(text) if text else None,
        # Of a partitioned asset the first partition is shown, and the others are linked.
        "figures": [_figure(store, name, path) for path in first if path.suffix == ".png"],
        "files": [
            {"link": _link(store, path), "title": below(store.reports / name, path)}
            for path in files
            if path not in first or path.suffix != ".png"
        ],
    }


def _listed(store: Store, name: str, made: Made) -> dict[str, Any]:
    """Returns a row of the list of all assets: one file, or the folder of its partitions."""
    files = list(made.files.values())
    single = None in made.files
    tables = [path for path in files if path.suffix == ".parquet"]
    return {
        "name": name,
        "description": made.description,
        "link": _link(store, files[0] if single else store.assets / name),
        "format": files[0].suffix[1:],
        "partitions": "" if single else f"{len(files):,}",
        "rows": f"{sum(map(_rows, tables)):,}" if tables else "",
    }


def _rows(table: StorePath) -> int:
    return pq.read_metadata(local_copy(table)).num_rows


def _figure(store: Store, name: str, path: StorePath) -> dict[str, Any]:
    """Returns a figure in the size and the number of colours that the page needs."""
    folder, _, _ = below(store.reports / name, path).rpartition("/")
    with Image.open(local_copy(path)) as stored:
        wide = stored.width > _WIDE * stored.height
        width = min(stored.width, _WIDTH[wide])
        size = (width, round(stored.height * width / stored.width))
        small = stored.convert("RGB").resize(size)
    buffer = io.BytesIO()
    small.quantize(_COLOURS).save(buffer, format="png")
    return {
        "title": path.stem.replace("_", " "),
        "partition": folder,
        "link": _link(store, path),
        "wide": wide,
        "data": f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}",
    }


def _link(store: Store, path: StorePath) -> str:
    """Returns the address of a file or folder, relative to the folder of reports."""
    return quote(PurePath(os.path.relpath(str(path), str(store.reports))).as_posix())


def _html(text: str) -> str:
    """Returns a report as HTML without its title; tables can be scrolled sideways."""
    tokens = _markdown().parse(text)
    if tokens and tokens[0].tag == "h1":
        tokens = tokens[3:]
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{int(token.tag[1:]) + _HEADINGS}"
    html = _markdown().renderer.render(tokens, _markdown().options, {})
    html = html.replace("<table>", '<div class="scroll"><table>')
    return _NUMBER.sub('<td class="number">', html.replace("</table>", "</table></div>"))


@cache
def _markdown() -> MarkdownIt:
    # Cells hold text of others: tags in it are shown, not used.
    return MarkdownIt("commonmark", {"html": False}).enable("table")


@cache
def _template() -> Any:
    environment = Environment(
        loader=PackageLoader("raman_pipeline.report_index", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.j2")
