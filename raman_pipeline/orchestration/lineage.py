"""Which column comes from which: what the UI says of each column.

What belongs here: the derivation of columns across assets. What does not: the columns
themselves (each domain package describes its own). Columns of `parsed_spectra` and
`refused_members` come from lines of members; see `raman_pipeline.runs.trace`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import dagster as dg

from raman_pipeline.learning.geolocation.registry import FAMILIES
from raman_pipeline.rruff.tables import MEMBERS

Sources = Mapping[str, tuple[str, ...]]
"""Column to the columns that it comes from, each as `asset.column`."""


def _same(asset: str, columns: Iterable[str]) -> dict[str, tuple[str, ...]]:
    return {column: (f"{asset}.{column}",) for column in columns}


def _all(columns: Iterable[str], *sources: str) -> dict[str, tuple[str, ...]]:
    return dict.fromkeys(columns, sources)


_FROM_NAME = (
    *("cleaned", "segments", "aliases", "origin", "iso_a2", "matched", "flags"),
    *("admin1", "admin2"),
)
_FROM_PLACE = (
    *("segment", "stripped", "moved", "rank", "name", "kind", "level", "iso_a2"),
    *("latitude", "longitude", "coordinate_uncertainty_km", "population"),
)
_FROM_POLYGON = ("country", "polygon_iso_a2", "near_coast")
_LOCATION = (
    *("country", "iso_a2", "iso_a3", "latitude", "longitude", "level"),
    *(
        "coordinate_uncertainty_km",
        "country_assignment",
        "source",
        "confidence",
        "agreeing_sources",
    ),
    *("candidates", "place", "flags"),
)
_POINT = ("latitude", "longitude", "coordinate_uncertainty_km")
_PREDICTED = (
    *("predicted", "probability", "true_probability", "uncalibrated_probability", "probabilities"),
    *("brier", "rank", "set_size", "in_set"),
)
_SCORE_SOURCES: Sources = {
    **_all(("accuracy", "macro_f1"), "country", "predicted"),
    **_all(("accuracy_seen", "accuracy_new"), "country", "predicted", "specimen_in_training"),
    "top5": ("rank",),
    "seen_share": ("specimen_in_training",),
    "log_loss": ("true_probability",),
    "ece": ("probability",),
    "ece_uncalibrated": ("uncalibrated_probability",),
    **_all(("coverage_90", "coverage_90_specimens"), "in_set"),
    "set_size_90": ("set_size",),
    **{column: (column,) for column in ("brier", "distance_km", "log_density")},
}
_MEMBER_FACTS = ("archive", "member", "sha256")

SOURCES: dict[str, Sources] = {
    "spectra": {
        **_same("parsed_spectra", (c.name for c in MEMBERS.columns)),
        "copies": tuple(f"parsed_spectra.{c}" for c in ("member_id", "archive", "member")),
        **_all(
            ("pairing", "paired_id"),
            *(f"parsed_spectra.{c}" for c in ("member_id", "measurement_key", "kind")),
        ),
    },
    "member_changes": {
        "member_id": ("parsed_spectra.member_id", "refused_members.member_id"),
        "mineral": ("parsed_spectra.mineral", "refused_members.mineral"),
        "rruff_id": ("parsed_spectra.rruff_id", "refused_members.rruff_id"),
        **{
            f"{side}_{column}": (f"parsed_spectra.{column}", f"refused_members.{column}")
            for side in ("from", "to")
            for column in _MEMBER_FACTS
        },
    },
    "cleaned_localities": {
        "locality": ("spectra.locality",),
        **_all(_FROM_NAME, "spectra.locality"),
        "spectra": ("spectra.locality",),
        "specimens": ("spectra.locality", "spectra.rruff_id"),
    },
    "geocoded_localities": {
        "locality": ("cleaned_localities.locality",),
        "query": ("cleaned_localities.locality",),
        **_all(
            _FROM_PLACE,
            "cleaned_localities.locality",
            "cleaned_localities.iso_a2",
            "cleaned_localities.admin1",
        ),
        **_all(_FROM_POLYGON, "cleaned_localities.locality"),
        **_all(
            ("accepted", "refused"),
            "cleaned_localities.iso_a2",
            "cleaned_localities.admin1",
            "cleaned_localities.admin2",
        ),
    },
    "paper_localities": {
        **_same("cleaned_localities", ("locality", "specimens")),
        **_all(
            ("query", "dropped", "source", "level", "latitude", "longitude", "country", "iso_a2"),
            "cleaned_localities.cleaned",
        ),
    },
    "located_localities": {
        **_same("cleaned_localities", ("locality", "origin", "specimens")),
        **_all(_LOCATION, "cleaned_localities.iso_a2", "geocoded_localities.accepted"),
        "country": ("cleaned_localities.iso_a2", "geocoded_localities.country"),
        **_all(
            _POINT,
            *(
                f"geocoded_localities.{c}"
                for c in ("latitude", "longitude", "coordinate_uncertainty_km")
            ),
        ),
        "source": ("geocoded_localities.source", "cleaned_localities.matched"),
        "place": ("geocoded_localities.name", "cleaned_localities.admin2"),
        "flags": ("cleaned_localities.flags", "geocoded_localities.accepted"),
    },
    "located_specimens": {
        **_same("spectra", ("rruff_id", "mineral", "locality")),
        **_same("located_localities", _LOCATION),
        **_all(
            ("origin", "is_synthetic"),
            "located_localities.origin",
            "spectra.mineral",
            "spectra.description",
        ),
        "spectra": ("spectra.rruff_id",),
    },
    "georeferencing_report": {
        **_same("located_localities", ("locality", "origin", "specimens", "country", "level")),
        "verdict": ("paper_localities.iso_a2", "located_localities.iso_a2"),
        "paper_country": ("paper_localities.country",),
        "paper_query": ("paper_localities.query",),
        "paper_level": ("paper_localities.level",),
        "coordinate_uncertainty_km": ("located_localities.coordinate_uncertainty_km",),
        **_all(
            ("apart_km", "within_uncertainty"),
            "paper_localities.latitude",
            "located_localities.latitude",
            "located_localities.coordinate_uncertainty_km",
        ),
    },
    "dataset_report": {
        "name": ("located_specimens.country", "spectra.mineral", "refused_members.code"),
        **_all(("raw", "processed"), "spectra.kind", "located_specimens.country"),
        "spectra": ("spectra.member_id", "located_specimens.country"),
        "specimens": ("spectra.rruff_id", "located_specimens.country"),
    },
    "wavenumber_window": _all(
        ("raman_shift", "coverage"), "spectra.shift_start", "spectra.shift_stop"
    ),
    "fold_assignment": {
        **_same("spectra", ("member_id", "rruff_id", "mineral", "locality")),
        "country": ("located_specimens.country",),
        "group": ("spectra.rruff_id", "spectra.locality", "spectra.mineral"),
        "fold": ("spectra.member_id", "located_specimens.country"),
        "excluded": ("spectra.kind", "located_specimens.country", "located_specimens.is_synthetic"),
    },
    **{
        f"{family}_predictions": {
            **_same("fold_assignment", ("member_id", "rruff_id", "country")),
            **_all(_PREDICTED, "fold_assignment.country", "fold_assignment.fold"),
            "specimen_in_training": ("fold_assignment.rruff_id", "fold_assignment.fold"),
            **_all(
                ("distance_km", "log_density"),
                "spectrum_covariates.latitude",
                "spectrum_covariates.longitude",
                "fold_assignment.fold",
            ),
        }
        for family in FAMILIES
    },
    "spectrum_covariates": {
        **_same("spectra", ("member_id", "measurement_key", "wavelength_nm")),
        "ideal_composition": ("spectra.ideal_chemistry",),
        "measured_composition": ("spectra.measured_chemistry",),
        **_same("located_specimens", ("latitude", "longitude")),
    },
    "split_leakage": {
        **_same("fold_assignment", ("member_id", "fold")),
        "siblings": ("fold_assignment.rruff_id", "fold_assignment.fold"),
        "same_measurement": ("spectrum_covariates.measurement_key", "fold_assignment.fold"),
        **_all(("similarity", "near_duplicate"), "fold_assignment.fold"),
    },
    "embedding_2d": {
        **_same("spectra", ("member_id", "mineral", "rruff_id", "wavelength_nm")),
        "file": ("spectra.member",),
    },
    "clusters": {
        **_same(
            "embedding_2d",
            ("file", "member_id", "augmented", "mineral", "rruff_id", "wavelength_nm", "x", "y"),
        ),
        "cluster": ("embedding_2d.x", "embedding_2d.y"),
    },
    "clustering_runs": _all(("purity", "ari", "nmi", "minerals"), "spectra.mineral"),
    "clustering_report": _same(
        "clustering_runs",
        (
            *("task", "preset", "seed", "representation", "from_autoencoder", "clustering", "k"),
            *("k_from", "n", "specimens", "minerals", "purity", "ari", "nmi", "silhouette"),
        ),
    ),
    "denoising_report": _same(
        "denoising_runs",
        (
            *("method", "seed", "noise", "n", "mse", "snr_gain_db", "peak_recall"),
            *("false_peaks", "peak_error_cm1", "setting"),
        ),
    ),
    "identified_spectra": {
        **_same("spectra", ("member_id", "mineral", "rruff_id", "wavelength_nm")),
        **_all(("country_rank", "country_rank_prior"), "located_specimens.iso_a2"),
        "specimens": ("spectra.rruff_id", "spectra.mineral"),
    },
    "open_set_recognition": _same("spectra", ("member_id", "mineral")),
    "geolocation_report": {
        "n": tuple(f"{family}_predictions.member_id" for family in FAMILIES),
        **{
            score: tuple(f"{family}_predictions.{c}" for family in FAMILIES for c in columns)
            for score, columns in _SCORE_SOURCES.items()
        },
    },
}


_SOURCES_SHOWN = 3


def derivation(asset: str, column: str) -> str:
    """Returns ` ← asset.column, …` for a column's description; empty for roots.

    The open-source UI keeps `dagster/column_lineage` for its API only, so the columns
    say it themselves.
    """
    sources = SOURCES.get(asset, {}).get(column, ())
    if not sources:
        return ""
    more = len(sources) - _SOURCES_SHOWN
    shown = ", ".join(sources[:_SOURCES_SHOWN]) + (f" and {more} more" if more > 0 else "")
    return f" ← {shown}"


def column_lineage(asset: str) -> dict[str, dg.TableColumnLineage]:
    """Returns the metadata that says where an asset's columns come from; none for roots."""
    if asset not in SOURCES:
        return {}
    deps = {
        column: [dg.TableColumnDep(*source.split(".")) for source in sources]
        for column, sources in SOURCES[asset].items()
    }
    return {"dagster/column_lineage": dg.TableColumnLineage(deps)}


def with_lineage(spec: dg.AssetSpec, metadata: dict) -> dict:
    """Returns metadata with column lineage, where the asset is a table."""
    schema: dg.TableSchema | None = metadata.get("dagster/column_schema")
    if schema is None:
        return metadata
    name = spec.key.to_user_string()
    columns = [
        dg.TableColumn(c.name, c.type, f"{c.description}{derivation(name, c.name)}", c.constraints)
        for c in schema.columns
    ]
    return metadata | {"dagster/column_schema": dg.TableSchema(columns)} | column_lineage(name)
