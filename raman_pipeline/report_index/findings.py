"""The findings of a profile in a dozen lines, each with its protocol.

Every number is read from a stored table, every protocol from a stored report. What was not made
yet has a line that says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pandas as pd
import pyarrow as pa

from raman_pipeline.common.schema import Column, TableSchema
from raman_pipeline.common.wording import counted
from raman_pipeline.learning.data.splits import SPLITS
from raman_pipeline.report_index.sections import COMMANDS
from raman_pipeline.report_index.store import Store

SIMULATED = (
    "All spectra of this profile are simulated: the numbers test the pipeline, and say nothing "
    "about minerals."
)
FINDINGS = TableSchema(
    "report_index",
    (
        Column("subject", pa.string(), "what the finding is about", unique=True),
        Column("finding", pa.string(), "numbers beside their baselines, with n"),
        Column("protocol", pa.string(), "data, splits and seeds, from the report", nullable=True),
        Column("report", pa.string(), "asset with the report"),
    ),
)
READ = (
    *("parsed_spectra", "refused_members", "spectra", "located_specimens", "dataset_report"),
    "member_changes",
    *("geolocation_report", "identification_report", "mixture_evaluation", "denoising_report"),
    *("clustering_report", "synthetic_report"),
)
"""Assets that the findings are read from."""
NOISE = 0.05
"""Of the denoising finding: standard deviation on spectra between 0 and 1."""
_NO_MODELS = {
    "majority": "majority",
    "specimen_memorisation": "memorised specimen",
    "mineral_memorisation": "memorised mineral",
}
"""Families that use no spectrum, every report has them; and what they are called in a line."""
_ARCHIVE = re.compile(r"[^ ]*/([\w-]+)\.zip \(([\d,]+) members, sha256 \w+\)")
_CLUSTERED = (("paper", "the paper's minerals"), ("default", "hard set, held-out specimens"))
"""Preset of the autoencoder and task: the paper's, and the one of unseen specimens."""


def findings(store: Store, profile: str) -> pa.Table:
    """Returns a FINDINGS table, in the order of the graph.

    Args:
        store: of the profile.
        profile: its name, for the commands that make what is missing.
    """
    parts: tuple[tuple[str, str, Callable[[Store, pd.DataFrame], Iterator[tuple]]], ...] = (
        ("spectra", "dataset_report", _spectra),
        ("last update of RRUFF", "member_changes", _changes),
        ("specimens", "dataset_report", _specimens),
        ("country", "geolocation_report", _splits),
        ("mineral", "identification_report", _identification),
        ("denoising", "denoising_report", _denoising),
        ("clusters", "clustering_report", _clustering),
        ("synthetic tasks", "synthetic_report", _synthetic),
    )
    rows = []
    for subject, source, read in parts:
        table = store.table(source)
        if table is None:
            command = command_of(source, profile)
            found = iter([(subject, f"not evaluated yet ({command})", None)])
        else:
            found = read(store, table)
        keys = ("subject", "finding", "protocol")
        rows += [{**dict(zip(keys, row, strict=True)), "report": source} for row in found]
    return FINDINGS.from_rows(rows)


def command_of(asset: str, profile: str) -> str:
    """Returns the command that materialises a shown asset of a profile."""
    option = "" if profile == "sample" else f" --profile {profile}"
    return f"raman-pipeline {COMMANDS[asset]}{option}"


def _spectra(store: Store, counts: pd.DataFrame) -> Iterator[tuple]:
    parsed = store.rows("parsed_spectra")
    refused = store.table("refused_members")
    codes = pd.Series(dtype=str) if refused is None else refused["code"]
    why = counted(codes.nunique(), "different fault")
    # The name and the size of an archive say enough here; the report has address and hash.
    archives = _ARCHIVE.sub(r"\1 (\2 members)", store.protocol("dataset_report", "archives"))
    everything = _total(counts, "all")
    yield (
        "spectra",
        f"{parsed:,} of {parsed + len(codes):,} members accepted, {len(codes)} refused"
        f"{f' ({why})' if len(codes) > 1 else ''}; "
        f"{everything['spectra']:,} distinct spectra of "
        f"{everything['specimens']:,} specimens",
        archives,
    )


def _changes(store: Store, changes: pd.DataFrame) -> Iterator[tuple]:
    if changes.empty:
        return
    counts = changes["change"].value_counts()
    members = ", ".join(f"{n:,} {change}" for change, n in counts.items())
    corrected = (f"specimens with a {what}" for what in ("mineral renamed", "locality corrected"))
    specimens = store.protocol("member_changes", "specimens", *corrected)
    yield "last update of RRUFF", f"members: {members}; {specimens}", None


def _specimens(store: Store, counts: pd.DataFrame) -> Iterator[tuple]:
    total, point, place = (
        _total(counts, name)["specimens"] for name in ("all", "with coordinates", "at a place")
    )
    every = store.table("located_specimens")
    assert every is not None
    natural, synthetic = (every[every["origin"] == origin] for origin in ("natural", "synthetic"))
    yield (
        "specimens",
        f"coordinates for {point:,} of {total:,}, {place:,} of them of a place; "
        f"a country for {natural['country'].notna().sum():,} of {len(natural):,} natural ones; "
        f"{counted(len(synthetic), 'synthetic specimen')} without a location",
        store.protocol("georeferencing_report", "constrained strategy", "countries", "divisions"),
    )


def _splits(store: Store, metrics: pd.DataFrame) -> Iterator[tuple]:
    from raman_pipeline.learning.geolocation.registry import FAMILIES

    protocol = store.protocol("geolocation_report", "spectra", "folds")
    for split in SPLITS:
        rows = metrics[metrics["split"] == split]
        if rows.empty:
            yield f"country, {split} split", "not evaluated yet", None
            continue
        by_family = rows.groupby("family")["accuracy"].agg(["mean", "size"])
        folds = int(by_family["size"].max())
        complete = by_family[by_family["size"] == folds]["mean"]
        models = complete.drop(list(_NO_MODELS), errors="ignore")
        best = str(models.idxmax())
        parts = [f"{FAMILIES[best].title} {models[best]:.3f} (best of {len(models)})"]
        networks = by_family[by_family.index.str.startswith("convnext")]
        for name, found in networks.drop(best, errors="ignore").nlargest(1, "mean").iterrows():
            n = int(found["size"])
            fewer = "" if n == folds else f" ({counted(n, 'fold')})"
            parts.append(f"{FAMILIES[str(name)].title} {found['mean']:.3f}{fewer}")
        parts += [f"{title} {complete[name]:.3f}" for name, title in _NO_MODELS.items()]
        size = f"n = {rows[rows['family'] == best]['n'].sum():,}, {counted(folds, 'fold')}"
        yield f"country, {split} split", f"accuracy {', '.join(parts)}; {size}", protocol


def _identification(store: Store, table: pd.DataFrame) -> Iterator[tuple]:
    whole = table[table["protocol"].str.endswith("whole library")]
    protocol = store.protocol("identification_report", "library", "queries", "fitted")
    yield (
        "mineral, new specimen",
        f"top-1 {_listed(whole)}; leave-one-specimen-out, n = {whole['n'].max():,}",
        protocol,
    )
    leaky = table[table["protocol"].str.startswith("leaky")]
    yield (
        "mineral, same specimen",
        f"top-1 {leaky['top1'].iloc[0]:.3f} where the library has other spectra of the specimen "
        f"(leaky, as in the literature); n = {leaky['n'].iloc[0]:,}",
        protocol,
    )
    mixtures = store.table("mixture_evaluation")
    if mixtures is None or mixtures.empty:
        return
    right = mixtures.assign(right=mixtures["correct"] == mixtures["components"])
    parts = []
    for components, rows in right.groupby("components"):
        shares = rows.groupby("method")["right"].mean().sort_values(ascending=False)
        shown = ", ".join(f"{method} {share:.3f}" for method, share in shares.items())
        parts.append(f"of {components}: {shown}")
    yield (
        "mixtures, all minerals",
        f"{'; '.join(parts)}; n = {mixtures['number'].nunique():,} each",
        store.protocol("identification_report", "library", "mixtures"),
    )


def _listed(rows: pd.DataFrame) -> str:
    names = rows["protocol"].str.replace(
        r", leave-one-specimen-out, whole library$", "", regex=True
    )
    names = names.str.replace("1-NN, ", "1-NN on ")
    return ", ".join(f"{n} {top1:.3f}" for n, top1 in zip(names, rows["top1"], strict=True))


def _denoising(store: Store, runs: pd.DataFrame) -> Iterator[tuple]:
    from raman_pipeline.learning.denoising.report import AUTOENCODER

    protocol = store.protocol("denoising_report", "grid", "autoencoders", "held-out specimens")
    for preset, rows in runs[runs["noise"] == NOISE].groupby("preset"):
        errors = rows.groupby("method")["mse"].mean()
        smoothers = errors.drop([AUTOENCODER, "nothing"])
        yield (
            f"denoising, {preset} preset",
            f"mean squared error at noise {NOISE:g}: autoencoder {errors[AUTOENCODER]:.2e}, "
            f"{smoothers.idxmin()} {smoothers.min():.2e}, nothing {errors['nothing']:.2e}; "
            f"{counted(rows['seed'].nunique(), 'seed')}, n = {rows['n'].mean():,.0f}",
            protocol,
        )


def _clustering(store: Store, runs: pd.DataFrame) -> Iterator[tuple]:
    protocol = store.protocol("clustering_report", "grid", "autoencoders", "hard set")
    keys = ["representation", "from_autoencoder", "clustering", "k_from"]
    for preset, task in _CLUSTERED:
        rows = runs[(runs["preset"] == preset) & (runs["task"] == task)]
        if rows.empty:
            continue
        means = rows.groupby(keys)["ari"].mean().reset_index()
        means = means[means["k_from"] != "labels"]
        best = means.groupby("from_autoencoder")["ari"].max()
        plain = means[
            (means["representation"] == "min-max spectra")
            & (means["clustering"] == "K-Means")
            & (means["k_from"] == "minerals")
        ]["ari"]
        yield (
            f"clusters, {task}",
            f"adjusted Rand index: best with the {preset} autoencoder {best[True]:.3f}, best "
            f"without {best[False]:.3f}, K-Means on spectra {plain.iloc[0]:.3f}; "
            f"{counted(rows['seed'].nunique(), 'seed')}, n = {rows['n'].mean():,.0f}",
            protocol,
        )


def _synthetic(store: Store, runs: pd.DataFrame) -> Iterator[tuple]:
    for task in ("all_classes", "challenge"):
        rows = runs[(runs["task"] == task) & (runs["part"] == "all")]
        if rows.empty:
            continue
        means = rows.groupby("method")["accuracy"].mean().sort_values(ascending=False)
        shown = ", ".join(f"{method} {accuracy:.3f}" for method, accuracy in means.items())
        yield (
            f"synthetic, {task.replace('_', ' ')}",
            f"accuracy {shown}; {counted(rows['seed'].nunique(), 'seed')}, "
            f"n = {rows['n'].iloc[0]:,}",
            store.protocol("synthetic_report", "data", "seeds"),
        )


def _total(counts: pd.DataFrame, name: str) -> pd.Series:
    rows = counts[(counts["section"] == "total") & (counts["name"] == name)]
    return rows.iloc[0]
