"""A store of a few small reports, its findings, and its page as a browser reads it."""

from html.parser import HTMLParser
from urllib.parse import unquote

import pyarrow as pa
import pytest
from PIL import Image

from raman_pipeline.common.parquet import write_table
from raman_pipeline.report_index.findings import findings
from raman_pipeline.report_index.page import Made, index_page
from raman_pipeline.report_index.sections import SHOWN
from raman_pipeline.report_index.store import Store

REPORT = """# Geolocation report

## Protocol

- spectra: 40 of 50
- folds: 5, seed 0

## Accuracy

| family | accuracy |
|---|---|
| <script>alert(1)</script> | 0.500 ± 0.100 |
"""
FAMILIES = {
    "majority": 0.25, "specimen_memorisation": 0.5, "mineral_memorisation": 0.375,
    "extra_trees": 0.75, "rbf_svm": 0.625,
}  # fmt: skip
COUNTS = {
    "all": (9, 8), "with coordinates": (6, 5), "at a place": (4, 3),
}  # fmt: skip
ORIGINS = ["natural"] * 6 + ["unknown", "synthetic"]


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "assets", tmp_path / "reports")
    accuracy = [{"family": f, "split": "random", "fold": 0, "n": 20, "accuracy": a} for f, a in
                FAMILIES.items()]  # fmt: skip
    counts = [{"section": "total", "name": name, "spectra": spectra, "specimens": specimens}
              for name, (spectra, specimens) in COUNTS.items()]  # fmt: skip
    tables = {
        "geolocation_report": [*accuracy, accuracy[3] | {"split": "specimen", "accuracy": 0.5}]
        + [row | {"split": "specimen"} for row in accuracy[:3]],
        "dataset_report": counts,
        "located_specimens": [
            {"origin": origin, "country": "Namibia" if i > 1 else None}
            for i, origin in enumerate(ORIGINS)
        ],
        "parsed_spectra/fair": [{"member_id": str(i)} for i in range(9)],
        "refused_members/fair": [{"code": "ROW"}],
        "member_changes": [{"change": c} for c in ("added", "removed", "added")],
    }
    for name, rows in tables.items():
        path = store.assets / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_table(path, pa.Table.from_pylist(rows))
    (store.reports / "geolocation_report").mkdir(parents=True)
    (store.reports / "geolocation_report" / "report.md").write_text(REPORT)
    (store.reports / "member_changes").mkdir()
    update = "# Update\n\n## Protocol\n\n- specimens: 1 new, 0 gone\n"
    (store.reports / "member_changes" / "report.md").write_text(update)
    for folder in ("geolocation_report", "clusters/paper_0", "clusters/paper_1"):
        (store.reports / folder).mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (2000, 500), "white").save(store.reports / folder / "a figure.png")
    (store.reports / "clusters" / "paper_0" / "embedding.html").write_text("")
    return store


def page_of(store, outdated=()):
    made = {name: Made("What it is.", {}) for name in SHOWN}
    folder = store.assets / "parsed_spectra"
    made["parsed_spectra"] = Made("All spectra.", {"fair": folder / "fair.parquet"})
    return index_page(store, findings(store, "rruff"), made, outdated, "rruff", False)


class Links(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.ids, self.addresses, self.tags = set(), [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.ids |= {v for k, v in attrs if k == "id"}
        self.addresses += [v for k, v in attrs if k in ("href", "src")]


def test_findings_come_from_tables_with_baselines_and_protocol_and_name_what_is_missing(store):
    rows = {row["subject"]: row for row in findings(store, "rruff").to_pylist()}
    assert rows["spectra"]["finding"] == (
        "9 of 10 members accepted, 1 refused; 9 distinct spectra of 8 specimens"
    )
    assert rows["last update of RRUFF"]["finding"] == (
        "members: 2 added, 1 removed; specimens: 1 new, 0 gone"
    )
    assert rows["specimens"]["finding"] == (
        "coordinates for 5 of 8, 3 of them of a place; a country for 4 of 6 natural ones; "
        "1 synthetic specimen without a location"
    )
    assert rows["country, random split"]["finding"] == (
        "accuracy ExtraTrees 0.750 (best of 2), majority 0.250, memorised specimen 0.500, "
        "memorised mineral 0.375; n = 20, 1 fold"
    )
    assert rows["country, random split"]["protocol"] == "spectra: 40 of 50; folds: 5, seed 0"
    assert rows["country, species split"]["finding"] == "not evaluated yet"
    assert "raman-pipeline cluster --profile rruff" in rows["denoising"]["finding"]


def test_the_page_needs_nothing_from_elsewhere_and_leads_to_what_exists(store):
    html = page_of(store)
    assert html == page_of(store)
    links = Links(html)
    files = {a for a in links.addresses if not a.startswith(("#", "data:image/png;base64,"))}
    assert files == {
        "geolocation_report/a%20figure.png", "clusters/paper_0/a%20figure.png",
        "clusters/paper_0/embedding.html", "clusters/paper_1/a%20figure.png",
        "../assets/parsed_spectra",
    }  # fmt: skip
    assert all((store.reports / unquote(file)).exists() for file in files)
    assert {a[1:] for a in links.addresses if a.startswith("#")} <= links.ids
    assert links.tags.count("img") == 2
    assert links.tags.count("link") == 0
    assert "prefers-color-scheme: dark" in html


def test_reports_are_rendered_with_what_is_missing_and_text_of_others_is_not_run(store):
    html = page_of(store, outdated=["geolocation_report", "denoising_report"])
    assert html.count("Outdated: older than its inputs") == 1
    assert html.count("Make it with <code>raman-pipeline cluster --profile rruff</code>") == 3
    assert '<td class="number">0.500 ± 0.100</td>' in html
    assert "<h4>Protocol</h4>" in html
    assert Links(html).tags.count("script") == 1  # of the page itself
    assert "&lt;script&gt;alert(1)" in html
