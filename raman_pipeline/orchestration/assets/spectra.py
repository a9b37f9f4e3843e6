"""Stage 2: members of archives, accepted or refused, and all archives merged."""

from collections import Counter
from collections.abc import Iterator

import dagster as dg
import pyarrow as pa

from raman_pipeline.orchestration.assets.archives import rruff_archive
from raman_pipeline.orchestration.automation import FOLLOW
from raman_pipeline.orchestration.metadata import (
    OWNERS,
    TABLE,
    check_result,
    promise_check,
    schema_check,
    table_result,
)
from raman_pipeline.orchestration.partitions import ARCHIVES
from raman_pipeline.orchestration.resources import Rruff
from raman_pipeline.rruff.archive import parse_archive
from raman_pipeline.rruff.merge import SPECTRA, copies_named, merge_archives
from raman_pipeline.rruff.tables import MEMBERS, REFUSALS

_REFUSALS_SHOWN = 20


def _out(description: str) -> dg.AssetOut:
    return dg.AssetOut(
        dagster_type=TABLE,
        description=description,
        group_name="spectra",
        kinds={"parquet"},
        owners=OWNERS,
        code_version="1",
        automation_condition=FOLLOW,
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
        promise_check(
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
    parsed = parse_archive(path, name)
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
        points=sum(accepted["points"].to_pylist()),
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
    dagster_type=TABLE,
    group_name="spectra",
    kinds={"parquet"},
    owners=OWNERS,
    code_version="1",
    automation_condition=FOLLOW,
    check_specs=[
        schema_check("spectra"),
        promise_check("spectra", "nothing_lost", "Rows in are rows out and the copies named."),
        promise_check("spectra", "some_spectra", "At least one archive is published."),
        promise_check("spectra", "pairs_are_mutual", "The twin of a twin is the spectrum itself."),
    ],
)
def spectra(
    rruff: dg.ResourceParam[Rruff], parsed_spectra: dict[str, pa.Table]
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
    merged = merge_archives(parsed_spectra)
    copies = copies_named(merged)
    twins = dict(zip(merged["member_id"].to_pylist(), merged["twin_id"].to_pylist(), strict=True))
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
        specimens=len(set(merged["rruff_id"].to_pylist()) - {None}),
        minerals=len(set(merged["mineral"].to_pylist()) - {None}),
        kinds=_counts(merged, "kind"),
        pairing=_counts(merged, "pairing"),
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
