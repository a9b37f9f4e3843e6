from raman_pipeline.geography.reporting.dataset import DATASET_COUNTS
from raman_pipeline.geography.reporting.georeferencing import GEOREFERENCING
from raman_pipeline.geography.tables import (
    CANDIDATES,
    COUNTRIES,
    LOCALITIES,
    LOCATED_LOCALITIES,
    LOCATED_SPECIMENS,
    PAPER_LOCALITIES,
)
from raman_pipeline.learning.clustering.benchmark import CLUSTERING_RUNS
from raman_pipeline.learning.clustering.clusters import CLUSTERS, EMBEDDING_2D
from raman_pipeline.learning.data.covariates import COVARIATES
from raman_pipeline.learning.data.leakage import LEAKAGE
from raman_pipeline.learning.data.splits import FOLDS
from raman_pipeline.learning.denoising.evaluation import DENOISING_RUNS
from raman_pipeline.learning.geolocation.metrics import PREDICTIONS
from raman_pipeline.learning.geolocation.registry import FAMILIES
from raman_pipeline.learning.geolocation.report import METRICS
from raman_pipeline.learning.identification.evaluation import IDENTIFIED
from raman_pipeline.learning.identification.open_set import ABSENCE
from raman_pipeline.orchestration.assets.clustering_report import DENOISING_REPORT
from raman_pipeline.orchestration.assets.tensors import WINDOW
from raman_pipeline.orchestration.lineage import SOURCES, column_lineage, derivation
from raman_pipeline.orchestration.metadata import old_column_schema as column_schema
from raman_pipeline.rruff.merge import SPECTRA
from raman_pipeline.rruff.tables import MEMBERS, REFUSALS
from raman_pipeline.rruff.versions import MEMBER_CHANGES

SCHEMAS = {
    s.name: s
    for s in (
        MEMBERS,
        REFUSALS,
        SPECTRA,
        MEMBER_CHANGES,
        LOCALITIES,
        CANDIDATES,
        COUNTRIES,
        LOCATED_LOCALITIES,
        LOCATED_SPECIMENS,
        PAPER_LOCALITIES,
        GEOREFERENCING,
        DATASET_COUNTS,
        FOLDS,
        COVARIATES,
        LEAKAGE,
        METRICS,
        WINDOW,
        EMBEDDING_2D,
        CLUSTERS,
        CLUSTERING_RUNS,
        DENOISING_REPORT,
    )
} | {f"{family}_predictions": PREDICTIONS for family in FAMILIES}
SCHEMAS |= {
    "denoising_runs": DENOISING_RUNS, "clustering_report": CLUSTERING_RUNS,
    "identified_spectra": IDENTIFIED, "open_set_recognition": ABSENCE,
}  # fmt: skip


def columns(asset):
    return {c.name for c in SCHEMAS[asset].columns}


def test_lineage_speaks_of_columns_that_exist():
    for asset, sources in SOURCES.items():
        assert set(sources) <= columns(asset), asset
        for source in {s for group in sources.values() for s in group}:
            upstream, column = source.split(".")
            assert column in columns(upstream), source


def test_every_column_of_the_merged_table_comes_from_somewhere():
    assert set(SOURCES["spectra"]) == columns("spectra")
    lineage = column_lineage("spectra")["dagster/column_lineage"]
    assert lineage.deps_by_column["mineral"][0].column_name == "mineral"
    assert column_lineage("countries") == {}


def test_columns_say_where_they_come_from():
    schema = column_schema("located_specimens", LOCATED_SPECIMENS)
    described = {c.name: c.description for c in schema.columns}
    assert described["country"].endswith("← located_localities.country")
    assert derivation("parsed_spectra", "mineral") == ""
    assert derivation("geolocation_report", "accuracy").endswith("more")
