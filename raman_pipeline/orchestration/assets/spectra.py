"""Members of archives, accepted or refused, and all archives merged."""

from collections import Counter
from collections.abc import Iterator
from functools import partial

import dagster as dg
import pyarrow.compute as pc

from raman_pipeline.common.markdown import markdown_table
from raman_pipeline.common.parquet import StoredTable, stage_table
from raman_pipeline.orchestration import asset_kit as kit
from raman_pipeline.orchestration.assets.archives import rruff_archive
from raman_pipeline.orchestration.ledgers import ledger
from raman_pipeline.orchestration.partitions import ARCHIVES
from raman_pipeline.orchestration.resources import Rruff
from raman_pipeline.rruff.archive import stage_archive
from raman_pipeline.rruff.merge import SPECTRA, copies_named, merge_archives
from raman_pipeline.rruff.tables import MEMBERS, REFUSALS
from raman_pipeline.rruff.versions import (
    CHANGES,
    MEMBER_CHANGES,
    VersionHistory,
    compare,
    member_index,
    update_report,
)
from raman_pipeline.settings import Settings

_REFUSALS_SHOWN = 20
_COLUMNS = ["member_id", "paired_id", "rruff_id", "mineral", "kind", "pairing"]
_out = partial(kit.table_out, group_name="archives", code_version="3")
_table = partial(kit.table_asset, group_name="spectra")


@dg.multi_asset(
    outs={
        "parsed_spectra": _out(
            MEMBERS, "Accepted members of the archives: spectrum, headers, provenance."
        ),
        "refused_members": _out(
            REFUSALS, "Refused members with the refusal code, the line at fault and its text."
        ),
    },
    deps=[rruff_archive],
    partitions_def=ARCHIVES,
    check_specs=[
        *kit.table_check_specs(
            "parsed_spectra",
            {"members_conserved": "Accepted and refused members are all members of the archive."},
        ),
        *kit.table_check_specs("refused_members"),
    ],
)
def parsed_members(
    context: dg.AssetExecutionContext,
    rruff: dg.ResourceParam[Rruff],
    settings: dg.ResourceParam[Settings],
) -> Iterator[dg.MaterializeResult]:
    """Parses one archive."""
    name = context.partition_key
    record, path = rruff.store.record(name), rruff.store.path(name)
    sha256 = record.sha256 if record else None
    shards = ledger(settings, "parsed_spectra")
    parsed = stage_archive(settings.asset_store, path, name, sha256, shards)
    accepted, refused = parsed.accepted, parsed.refused
    codes = dict(sorted(Counter(refused["code"].to_pylist()).items()))
    expected = record.members or 0 if record else 0
    conserved = accepted.num_rows + refused.num_rows == expected
    counts = {"members": expected, "refused": refused.num_rows}
    yield kit.materialize(
        "parsed_spectra",
        kit.Result(
            accepted,
            checks={
                "members_conserved": kit.Check(conserved, accepted=accepted.num_rows, **counts)
            },
            metadata={
                **counts,
                "refused_by_code": codes,
                "points": pc.sum(accepted.select(["points"])["points"]).as_py() or 0,
            },
        ),
        MEMBERS,
        settings,
    )
    shown = refused.select(["member", "code", "line", "text"]).to_pandas()
    table = markdown_table(shown.astype({"line": "Int64"}), rows=_REFUSALS_SHOWN)
    first = dg.MetadataValue.md("\n".join(table))
    yield kit.materialize(
        "refused_members",
        kit.Result(refused, {"refused_by_code": codes, "first_refusals": first}),
        REFUSALS,
        settings,
    )


@_table(
    SPECTRA,
    code_version="3",
    checks={
        "rows_conserved": "Rows of all archives are the rows here and the copies named.",
        "not_empty": "At least one archive is published.",
        "pairs_are_mutual": "The pair of a spectrum's pair is the spectrum itself.",
    },
)
def spectra(rruff: Rruff, parsed_spectra: dict[str, StoredTable]) -> kit.Result:
    """All archives merged: one row per member id, RAW and Processed paired across archives."""
    rows_in = sum(t.num_rows for t in parsed_spectra.values())
    if rows_in == 0:
        raise kit.failure(
            f"No archive at {rruff.settings.archives.location} holds an accepted spectrum. "
            "Check the address (RRUFF_URL): it must hold <name>.zip, for example "
            "excellent_unoriented.zip; see the metadata of rruff_archive."
        )
    merged = stage_table(rruff.settings.asset_store, SPECTRA, merge_archives(parsed_spectra))
    copies = copies_named(merged)
    frame = merged.select(_COLUMNS).to_pandas()
    pairs = frame.dropna(subset="paired_id").set_index("member_id")["paired_id"]
    mutual = (pairs.map(pairs) == pairs.index).all()
    counts = {"rows_in": rows_in, "copies": copies}
    return kit.Result(
        merged,
        checks={
            "rows_conserved": kit.Check.equal(rows_in=rows_in, found=merged.num_rows + copies),
            "not_empty": kit.Check(merged.num_rows > 0, rows=merged.num_rows),
            "pairs_are_mutual": kit.Check(mutual),
        },
        metadata={
            **counts,
            "specimens": frame["rruff_id"].nunique(),
            "minerals": frame["mineral"].nunique(),
            **kit.counts(frame, kinds="kind", pairing="pairing"),
        },
    )


@kit.report_asset(
    MEMBER_CHANGES,
    group_name="dataset_reports",
    code_version="3",
    checks={"balanced": "Members before, added and removed give the members after."},
)
def member_changes(
    settings: Settings,
    parsed_spectra: dict[str, StoredTable],
    refused_members: dict[str, StoredTable],
) -> kit.Result:
    """Members added, removed, re-rated, changed and renamed since the former version of RRUFF.

    A version is the set of archives as they are. The first version has nothing to be
    compared with, so its table is empty. The report says for a person what was corrected.
    """
    index = member_index(
        (parsed_spectra[name] for name in sorted(parsed_spectra)),
        (refused_members[name] for name in sorted(refused_members)),
    )
    history = VersionHistory(settings.version_store)
    former, version = history.add(index)
    after = index.to_pandas()
    before = after if former is None else history.index(former).to_pandas()
    changes = compare(before, after)
    counts = Counter(changes["change"].to_pylist())
    expected = len(before) + counts["added"] - counts["removed"]
    return kit.Result(
        changes,
        checks={"balanced": kit.Check.equal(members=index.num_rows, expected=expected)},
        metadata={
            "version": version,
            "former_version": former,
            "versions_seen": len(history.versions()),
            **{name: counts[name] for name in CHANGES},
        },
        report=update_report(None if former is None else before, after, changes),
    )
