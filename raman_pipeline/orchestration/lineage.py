"""Column lineage: which columns of upstream tables each column comes from.

A column comes from the column of the same name in the nearest upstream tables. DERIVED
names what that rule cannot know; PARAMETERS are set by the run itself. Columns of tables
without upstream tables come from lines of members; see `raman_pipeline.runs.trace`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import dagster as dg

from raman_pipeline.learning.geolocation.registry import FAMILIES
from raman_pipeline.orchestration.metadata import COLUMN_LINEAGE, COLUMN_SCHEMA

_ALL_FAMILIES = "*_predictions"
_REST = "*"
_EXPERIMENT = {
    "fold": "fold_assignment.rruff_id",
    _REST: "fold_assignment.country fold_assignment.rruff_id",
}

DERIVED: dict[str, dict[str, str]] = {
    "spectra": {
        "copies": "parsed_spectra.member_id parsed_spectra.archive parsed_spectra.member",
        "pairing paired_id": "parsed_spectra.member_id parsed_spectra.measurement_key "
        "parsed_spectra.kind",
    },
    "member_changes": {
        "from_archive to_archive": "parsed_spectra.archive refused_members.archive",
        "from_member to_member": "parsed_spectra.member refused_members.member",
        "from_sha256 to_sha256": "parsed_spectra.sha256 refused_members.sha256",
        _REST: "parsed_spectra.member_id refused_members.member_id",
    },
    "cleaned_localities": {
        "specimens": "spectra.locality spectra.rruff_id",
        _REST: "spectra.locality",
    },
    "geocoded_localities": {
        "country polygon_iso_a2 near_coast": "cleaned_localities.steps countries.iso_a2",
        "refused": "cleaned_localities.iso_a2 cleaned_localities.divisions",
        _REST: "cleaned_localities.steps cleaned_localities.iso_a2",
    },
    "paper_localities": {
        "country iso_a2": "cleaned_localities.cleaned countries.iso_a2",
        _REST: "cleaned_localities.cleaned",
    },
    "located_localities": {
        "country iso_a2 iso_a3": "cleaned_localities.iso_a2 geocoded_localities.country",
        "source": "geocoded_localities.source cleaned_localities.matched",
        "place": "geocoded_localities.name cleaned_localities.divisions",
        "flags": "cleaned_localities.flags geocoded_localities.refused",
        "majority": "cleaned_localities.segments cleaned_localities.iso_a2",
        _REST: "cleaned_localities.iso_a2 geocoded_localities.refused",
    },
    "located_specimens": {
        "origin is_synthetic": "located_localities.origin spectra.mineral spectra.description",
        "site": "spectra.locality",
        "source": "located_localities.source",
        "spectra": "spectra.rruff_id",
    },
    "georeferencing_report": {
        "country": "located_localities.country",
        "level": "located_localities.level",
        "agreement": "paper_localities.iso_a2 located_localities.iso_a2",
        "paper_country": "paper_localities.country",
        "paper_query": "paper_localities.query",
        "paper_level": "paper_localities.level",
        "apart_km within_uncertainty": "paper_localities.latitude located_localities.latitude "
        "located_localities.coordinate_uncertainty_km",
    },
    "dataset_report": {
        "name rank": "located_specimens.country spectra.mineral refused_members.code",
        "raw processed": "spectra.kind located_specimens.country",
        "spectra cumulative_percent": "spectra.member_id located_specimens.country",
        "specimens": "spectra.rruff_id located_specimens.country",
    },
    "wavenumber_window": {"raman_shift coverage": "spectra.shift_start spectra.shift_stop"},
    "spectrum_covariates": {
        "ideal_composition": "spectra.ideal_chemistry",
        "measured_composition": "spectra.measured_chemistry",
    },
    "dealt_folds": {
        "value": "spectra.member_id spectra.measurement_key spectra.rruff_id spectra.mineral "
        "located_specimens.site",
        "fold": "spectra.member_id located_specimens.country",
    },
    "fold_assignment": {
        "group": "spectra.measurement_key spectra.rruff_id spectra.mineral located_specimens.site",
        "excluded": "spectra.kind located_specimens.country located_specimens.is_synthetic",
    },
    "split_leakage": {
        "siblings": "fold_assignment.rruff_id fold_assignment.fold",
        "same_measurement": "fold_assignment.measurement_key fold_assignment.fold",
        "other_laser other_scan": "fold_assignment.measurement_key fold_assignment.fold "
        "spectrum_covariates.wavelength_nm",
        _REST: "spectra.intensity fold_assignment.fold",
    },
    "labelled_spectra": {
        "content": "spectra.intensity spectrum_covariates.wavelength_nm "
        "spectrum_covariates.ideal_composition spectrum_covariates.measured_composition "
        "spectrum_covariates.latitude spectrum_covariates.longitude",
    },
    _ALL_FAMILIES: {
        "specimen_in_training": "labelled_spectra.rruff_id labelled_spectra.fold",
        "distance_km log_density": "labelled_spectra.content labelled_spectra.fold",
        _REST: "labelled_spectra.country labelled_spectra.fold",
    },
    "geolocation_report": {
        "n": "*_predictions.member_id",
        "accuracy macro_f1": "*_predictions.country *_predictions.predicted",
        "accuracy_seen accuracy_new": "*_predictions.country *_predictions.predicted "
        "*_predictions.specimen_in_training",
        "top5": "*_predictions.rank",
        "seen_share": "*_predictions.specimen_in_training",
        "log_loss": "*_predictions.true_probability",
        "ece": "*_predictions.probability",
        "ece_uncalibrated": "*_predictions.uncalibrated_probability",
        "coverage_90 coverage_90_specimens": "*_predictions.in_set",
        "set_size_90": "*_predictions.set_size",
    },
    "paired_comparison": _EXPERIMENT,
    "input_ablation": _EXPERIMENT,
    "learning_curve": _EXPERIMENT,
    "duplicate_effect": _EXPERIMENT,
    "embedding_2d": {
        "file": "spectra.member",
        _REST: "spectra.intensity",
    },
    "clusters": {"cluster": "embedding_2d.x embedding_2d.y"},
    "clustering_runs": {
        "specimens": "spectra.rruff_id",
        "purity ari nmi minerals": "spectra.mineral spectra.intensity",
        _REST: "spectra.intensity",
    },
    "denoising_runs": {_REST: "spectra.intensity"},
    "denoised_pairs": {"pairs": "spectra.paired_id", _REST: "spectra.intensity spectra.paired_id"},
    "identified_spectra": {
        "country_rank country_rank_prior": "located_specimens.iso_a2 spectra.intensity",
        "specimens": "spectra.rruff_id spectra.mineral",
        _REST: "spectra.intensity spectra.mineral",
    },
    "open_set_recognition": {_REST: "spectra.intensity spectra.mineral"},
    "robustness_evaluation": {_REST: "spectra.intensity spectra.mineral"},
    "mixture_evaluation": {_REST: "spectra.intensity spectra.mineral"},
    "identification_report": {_REST: "identified_spectra.rank"},
    "report_index": {
        "protocol": "",  # text of the reports
        "finding": "parsed_spectra.member_id refused_members.code dataset_report.specimens "
        "geolocation_report.accuracy identification_report.top1 mixture_evaluation.correct "
        "denoising_report.mse clustering_report.ari synthetic_report.accuracy",
    },
    "synthetic_runs": {"part n accuracy": "universal_synthetic_set.sha256"},
    "embedding_runs": {"part n accuracy": "universal_synthetic_set.sha256"},
}
"""Table to columns to sources, as `table.column`; `*` stands for all other columns."""

PARAMETERS = frozenset(
    [
        *("seed", "preset", "task", "method", "representation", "from_autoencoder", "clustering"),
        *("k", "k_from", "noise", "setting", "variant", "share", "family", "split", "protocol"),
        *("components", "at_least", "section", "paper_spectra", "baseline", "number"),
        *("subject", "report", "column", "version", "disturbance", "degree"),
    ]
)
"""Columns that say what a run was, or that are given."""
ROOTS = frozenset(["geocoder_answers"])
"""Tables with upstream assets whose columns come from elsewhere: here, from services."""

_SOURCES_SHOWN = 3


def with_lineage(specs: Iterable[dg.AssetSpec]) -> dict[dg.AssetKey, dict[str, Any]]:
    """Returns the metadata of every asset with the sources of its columns, where it is a table.

    The open-source UI keeps `dagster/column_lineage` for its API only, so the descriptions
    of the columns name their sources as well.
    """
    specs = list(specs)
    sources = column_sources(specs)
    described = {}
    for spec in specs:
        found = sources.get(spec.key.to_user_string(), {})
        metadata = dict(spec.metadata)
        if found:
            schema: dg.TableSchema = metadata[COLUMN_SCHEMA]
            metadata[COLUMN_SCHEMA] = dg.TableSchema(
                [_described(column, found.get(column.name, [])) for column in schema.columns]
            )
            metadata[COLUMN_LINEAGE] = dg.TableColumnLineage(
                {
                    name: [dg.TableColumnDep(*source.split(".")) for source in group]
                    for name, group in found.items()
                }
            )
        described[spec.key] = metadata
    return described


def column_sources(specs: Iterable[dg.AssetSpec]) -> dict[str, dict[str, list[str]]]:
    """Returns, for every table, its columns that have sources, and these as `table.column`."""
    parents, tables = {}, {}
    for spec in specs:
        name = spec.key.to_user_string()
        parents[name] = [dep.asset_key.to_user_string() for dep in spec.deps]
        if COLUMN_SCHEMA in spec.metadata:
            tables[name] = [column.name for column in spec.metadata[COLUMN_SCHEMA].columns]

    @cache
    def ancestors(name: str) -> frozenset[str]:
        return frozenset(parents[name]).union(*map(ancestors, parents[name]))

    def upstream_tables(name: str) -> Iterator[str]:
        for parent in parents[name]:
            if parent in tables:
                yield parent
            else:
                yield from upstream_tables(parent)

    def of_same_name(name: str, column: str) -> list[str]:
        found = {t for t in upstream_tables(name) if column in tables[t]}
        # Of two tables where one is made from the other, the first has the column itself.
        return sorted(f"{t}.{column}" for t in found if not ancestors(t) & found)

    def sources(name: str, column: str) -> list[str]:
        derived = _derived(name)
        if column in derived:
            return derived[column]
        rest = [] if column in PARAMETERS else derived.get(_REST, [])
        return of_same_name(name, column) or rest

    return {
        name: {column: found for column in columns if (found := sources(name, column))}
        for name, columns in tables.items()
    }


def _derived(table: str) -> Mapping[str, list[str]]:
    """Returns the derivations of a table, one per column."""
    of_family = table.endswith(_ALL_FAMILIES[1:])
    by_columns = DERIVED.get(_ALL_FAMILIES if of_family else table, {})
    return {
        column: [
            source.replace(_REST, family) if source.startswith(_REST) else source
            for source in sources.split()
            for family in (FAMILIES if source.startswith(_REST) else [""])
        ]
        for columns, sources in by_columns.items()
        for column in columns.split()
    }


def _described(column: dg.TableColumn, sources: list[str]) -> dg.TableColumn:
    if not sources:
        return column
    more = len(sources) - _SOURCES_SHOWN
    shown = ", ".join(sources[:_SOURCES_SHOWN]) + (f" and {more} more" if more > 0 else "")
    return dg.TableColumn(
        column.name, column.type, f"{column.description} ← {shown}", column.constraints
    )
