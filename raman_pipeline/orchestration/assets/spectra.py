"""Stage 2: members of archives, accepted or refused, and all archives merged."""

from collections import Counter
from collections.abc import Iterator

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from raman_pipeline.common.parquet import StoredTable, stage_table
from raman_pipeline.orchestration.assets.archives import rruff_archive
from raman_pipeline.orchestration.automation import EAGER_ON_DATA_CHANGE
from raman_pipeline.orchestration.io_managers import ON_DISK
from raman_pipeline.orchestration.metadata import (
    OWNERS,
    TABLE,
    blocking_check,
    check_result,
    schema_check,
    table_result,
)
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
    to_markdown,
)
from raman_pipeline.settings import Settings

_REFUSALS_SHOWN = 20
_FACTS = ["member_id", "paired_id", "rruff_id", "mineral", "kind", "pairing"]


def _out(description: str) -> dg.AssetOut:
    return dg.AssetOut(
        dagster_type=TABLE,
        description=description,
        group_name="spectra",
        kinds={"parquet"},
        owners=OWNERS,
        code_version="3",
        automation_condition=EAGER_ON_DATA_CHANGE,
    )


@dg.multi_asset(
    outs={
        "parsed_spectra": _out("Every accepted member: ragged spectrum, headers, provenance."),
        "refused_members": _out(
            "Every refused member with its code, the line at fault and its text."
        ),
    },
    deps=[rruff_archive],
    partitions_def=ARCHIVES,
    check_specs=[
        schema_check("parsed_spectra"),
        schema_check("refused_members"),
        blocking_check(
            "parsed_spectra",
            "nothing_lost",
            "Accepted and refused members together are all members of the archive.",
        ),
    ],
)
def parsed_members(
    context: dg.AssetExecutionContext, rruff: dg.ResourceParam[Rruff]
) -> Iterator[dg.MaterializeResult]:
    """Parses one archive."""
    name = context.partition_key
    record, path = rruff.store.record(name), rruff.store.path(name)
    sha256 = record.sha256 if record else None
    parsed = stage_archive(rruff.settings.asset_store, path, name, sha256)
    accepted, refused = parsed.accepted, parsed.refused
    codes = dict(sorted(Counter(refused["code"].to_pylist()).items()))
    expected = record.members or 0 if record else 0
    yield table_result(
        "parsed_spectra",
        accepted,
        MEMBERS,
        {},
        [
            check_result(
                "parsed_spectra",
                "nothing_lost",
                accepted.num_rows + refused.num_rows == expected,
                members=expected,
                accepted=accepted.num_rows,
                refused=refused.num_rows,
            )
        ],
        members=expected,
        refused=refused.num_rows,
        refused_by_code=codes,
        points=pc.sum(accepted.select(["points"])["points"]).as_py() or 0,
    )
    yield table_result(
        "refused_members",
        refused,
        REFUSALS,
        {},
        refused_by_code=codes,
        first_refusals=dg.MetadataValue.md(_as_markdown(refused)),
    )


@dg.asset(
    ins={"parsed_spectra": ON_DISK},
    dagster_type=TABLE,
    group_name="spectra",
    kinds={"parquet"},
    owners=OWNERS,
    code_version="3",
    automation_condition=EAGER_ON_DATA_CHANGE,
    check_specs=[
        schema_check("spectra"),
        blocking_check("spectra", "nothing_lost", "Rows in are rows out and the copies named."),
        blocking_check("spectra", "some_spectra", "At least one archive is published."),
        blocking_check("spectra", "pairs_are_mutual", "The twin of a twin is the spectrum itself."),
    ],
)
def spectra(
    rruff: dg.ResourceParam[Rruff], parsed_spectra: dict[str, StoredTable]
) -> dg.MaterializeResult:
    """All archives merged, one row a member id, RAW and Processed paired across archives."""
    rows_in = sum(t.num_rows for t in parsed_spectra.values())
    if rows_in == 0:
        raise dg.Failure(
            description=(
                f"No archive at {rruff.settings.archives.location} holds an accepted spectrum. "
                "Check the address (RRUFF_URL): it must hold <name>.zip, for example "
                "excellent_unoriented.zip; see the metadata of rruff_archive."
            ),
            allow_retries=False,
        )
    merged = stage_table(rruff.settings.asset_store, SPECTRA, merge_archives(parsed_spectra))
    copies = copies_named(merged)
    facts = merged.select(_FACTS)
    twins = dict(zip(facts["member_id"].to_pylist(), facts["paired_id"].to_pylist(), strict=True))
    mutual = all(twins.get(twin) == own for own, twin in twins.items() if twin is not None)
    return table_result(
        "spectra",
        merged,
        SPECTRA,
        {},
        [
            check_result(
                "spectra",
                "nothing_lost",
                rows_in == merged.num_rows + copies,
                rows_in=rows_in,
                rows_out=merged.num_rows,
                copies=copies,
            ),
            check_result("spectra", "some_spectra", merged.num_rows > 0, rows=merged.num_rows),
            check_result("spectra", "pairs_are_mutual", mutual),
        ],
        rows_in=rows_in,
        copies=copies,
        specimens=len(set(facts["rruff_id"].to_pylist()) - {None}),
        minerals=len(set(facts["mineral"].to_pylist()) - {None}),
        kinds=_counts(facts, "kind"),
        pairing=_counts(facts, "pairing"),
    )


@dg.asset(
    ins={"parsed_spectra": ON_DISK, "refused_members": ON_DISK},
    dagster_type=TABLE,
    group_name="spectra",
    kinds={"parquet"},
    owners=OWNERS,
    code_version="1",
    automation_condition=EAGER_ON_DATA_CHANGE,
    check_specs=[
        schema_check("member_changes"),
        blocking_check(
            "member_changes",
            "balance",
            "Members before, added and removed give the members after.",
        ),
    ],
)
def member_changes(
    settings: dg.ResourceParam[Settings],
    parsed_spectra: dict[str, StoredTable],
    refused_members: dict[str, StoredTable],
) -> dg.MaterializeResult:
    """Members added, removed, re-rated, changed and renamed since the former version of RRUFF.

    A version is the set of archives as they are. The first one has nothing to be
    compared with, and gives an empty table.
    """
    index = member_index(
        (parsed_spectra[name] for name in sorted(parsed_spectra)),
        (refused_members[name] for name in sorted(refused_members)),
    )
    history = VersionHistory(settings.version_store)
    former, version = history.add(index)
    before = index if former is None else history.index(former)
    changes = compare(before.to_pandas(), index.to_pandas())
    counts = Counter(changes["change"].to_pylist())
    balance = before.num_rows + counts["added"] - counts["removed"] == index.num_rows
    return table_result(
        "member_changes",
        changes,
        MEMBER_CHANGES,
        {},
        [
            check_result(
                "member_changes",
                "balance",
                balance,
                members_before=before.num_rows,
                members_after=index.num_rows,
            )
        ],
        version=version,
        former_version=former,
        versions_seen=len(history.versions()),
        **{name: counts[name] for name in CHANGES},
        changes=dg.MetadataValue.md(to_markdown(changes)),
    )


def _counts(table: pa.Table, column: str) -> dict[str, int]:
    return {str(k): v for k, v in sorted(Counter(map(str, table[column].to_pylist())).items())}


def _as_markdown(refused: pa.Table) -> str:
    lines = ["| member | code | line | text |", "|---|---|---|---|"]
    for row in refused.slice(0, _REFUSALS_SHOWN).to_pylist():
        text = row["text"].replace("|", "\\|")
        lines.append(f"| {row['member']} | {row['code']} | {row['line'] or ''} | `{text}` |")
    if refused.num_rows > _REFUSALS_SHOWN:
        lines.append(f"| … and {refused.num_rows - _REFUSALS_SHOWN} more | | | |")
    return "\n".join(lines)
