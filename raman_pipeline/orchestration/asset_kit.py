"""Decorators for the assets of this project: `dg.asset` with what they all have.

What belongs here: giving an asset function what its parameters name, and turning what it
returns (a `Result`) into a `MaterializeResult`: value, data version, row count, checks,
figures, report. What does not: settings, column schema and lineage of a materialisation,
which the IO managers copy from the asset's definition.
"""

from __future__ import annotations

import functools
import inspect
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import dagster as dg
import pandas as pd
import pyarrow as pa

from raman_pipeline.common import atomic
from raman_pipeline.common.hashing import arrays_version
from raman_pipeline.common.parquet import StagedTable, StoredTable, table_version
from raman_pipeline.common.schema import TableSchema
from raman_pipeline.common.storage import StorePath
from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.learning.training.threads import one_thread
from raman_pipeline.orchestration.dagster_internals import (
    RETRY_ON_ASSET_OR_OP_FAILURE_TAG,
    WILL_RETRY_TAG,
)
from raman_pipeline.orchestration.io_managers import ON_DISK
from raman_pipeline.orchestration.metadata import (
    COLUMN_SCHEMA,
    MODEL,
    TABLE,
    TENSOR,
    USES,
    column_schema,
    store_figure,
)
from raman_pipeline.orchestration.partitions import dimensions, partition_values
from raman_pipeline.orchestration.progress import Progress, publish
from raman_pipeline.orchestration.provenance import provenance, with_provenance
from raman_pipeline.orchestration.steps import step_name
from raman_pipeline.settings import Settings
from raman_pipeline.spectra.tensor_file import SpectrumTensor

if TYPE_CHECKING:
    from matplotlib.figure import Figure


OWNERS = ["team:raman-pipeline"]
SCHEMA_CHECK = "schema"
ALL_PARTITIONS = dg.AssetIn(metadata={"allow_missing_partitions": True})
"""An input of which all partitions are read that exist."""

_RESOURCES = ("settings", "rruff", "geography", "definitions")
_RUNS_BEFORE = 5
"""Runs of an asset whose files are removed where they are no longer made."""
_INS = (
    (StoredTable, ON_DISK),
    (dict[str, StoredTable], ON_DISK),
    (dict[str, pa.Table], ALL_PARTITIONS),
    (dict[str, ModelState], ALL_PARTITIONS),
)

Value: TypeAlias = pa.Table | StagedTable | SpectrumTensor | ModelState
_SCHEMA_CHECK = {SCHEMA_CHECK: "Columns, types, nulls, ranges and uniqueness match the schema."}


class Check:
    """The outcome of a check: whether it passed, and the facts behind it."""

    def __init__(self, passed: object, **facts: Any) -> None:
        self.passed = bool(passed)
        self.facts = facts

    @classmethod
    def equal(cls, **counts: int) -> Check:
        """Returns a check that passes where all counts are equal."""
        return cls(len(set(counts.values())) <= 1, **counts)


@dataclass(frozen=True)
class Result:
    """What an asset function returns.

    Attributes:
        value: what is stored.
        metadata: of the materialisation.
        checks: name of each declared check to its outcome.
        figures: name to figure; stored as PNG, and shown small in the UI.
        report: Markdown; stored as `report.md`, and shown in the UI.
        files: file name to text; stored beside the figures.
    """

    value: Value
    metadata: Mapping[str, Any] = field(default_factory=dict)
    checks: Mapping[str, Check] = field(default_factory=dict)
    figures: Mapping[str, Figure] = field(default_factory=dict)
    report: str | None = None
    files: Mapping[str, str] = field(default_factory=dict)


def table_asset(
    schema: TableSchema, *, kinds: Iterable[str] = (), **declared: Any
) -> Callable[[Callable[..., Result]], dg.AssetsDefinition]:
    """Returns a decorator for an asset that is a parquet table; see `_asset` for the rest.

    The table is checked against its schema, which blocks what follows.
    """
    return _asset(TABLE, "io_manager", {"parquet", *kinds}, schema, **declared)


def report_asset(
    schema: TableSchema, **declared: Any
) -> Callable[[Callable[..., Result]], dg.AssetsDefinition]:
    """Returns a decorator for a table with a written report; see `_asset` for the rest."""
    return table_asset(schema, kinds={"markdown"}, **declared)


def tensor_asset(**declared: Any) -> Callable[[Callable[..., Result]], dg.AssetsDefinition]:
    """Returns a decorator for spectra on a common grid; see `_asset` for the rest."""
    return _asset(TENSOR, "tensor_io_manager", {"safetensors"}, None, **declared)


def model_asset(
    *, kinds: Iterable[str] = (), **declared: Any
) -> Callable[[Callable[..., Result]], dg.AssetsDefinition]:
    """Returns a decorator for arrays and metadata of a model; see `_asset` for the rest."""
    return _asset(MODEL, "model_io_manager", {"safetensors", *kinds}, None, **declared)


def table_out(schema: TableSchema, description: str, **declared: Any) -> dg.AssetOut:
    """Returns one table of a `dg.multi_asset`."""
    return dg.AssetOut(
        dagster_type=TABLE,
        description=description,
        kinds={"parquet"},
        owners=OWNERS,
        metadata=_metadata((), schema),
        **declared,
    )


def table_check_specs(
    asset: str, checks: Mapping[str, str] | None = None
) -> list[dg.AssetCheckSpec]:
    """Returns the blocking checks of one table of a `dg.multi_asset`."""
    return check_specs(asset, {**(checks or {}), **_SCHEMA_CHECK})


def check_specs(
    asset: str, checks: Mapping[str, str], blocking: bool = True
) -> list[dg.AssetCheckSpec]:
    """Returns the declarations of checks, by name and description."""
    return [
        dg.AssetCheckSpec(name, asset=asset, blocking=blocking, description=description)
        for name, description in checks.items()
    ]


def _asset(
    dagster_type: dg.DagsterType,
    io_manager_key: str,
    kinds: set[str],
    schema: TableSchema | None,
    *,
    uses: Sequence[str] = (),
    checks: Mapping[str, str] | None = None,
    warnings: Mapping[str, str] | None = None,
    provenance_inputs: Sequence[str] | None = None,
    **declared: Any,
) -> Callable[[Callable[..., Result]], dg.AssetsDefinition]:
    """Returns a decorator like `dg.asset` for a function that returns a `Result`.

    Parameters of the function with the name of a dimension of its partitions (`seed`) get
    the value in the partition key, those with a name in `_RESOURCES` the resource, and those of
    type `Annotated[X, f]` what `f` returns, whose own parameters are found in the same way. All
    others are inputs; those of type StoredTable stay on disk, and of those of type
    `dict[str, pa.Table]` or `dict[str, ModelState]` only the partitions that exist are read.

    Args:
        dagster_type: of the value.
        io_manager_key: what stores it.
        kinds: shown in the UI.
        schema: of a table.
        uses: parts of the settings that the result depends on.
        checks: name to description of each check that blocks what follows.
        warnings: name to description of each check that only warns.
        provenance_inputs: inputs whose versions a table carries, with that of the settings.
        declared: anything else that `dg.asset` takes.
    """
    built_in = _SCHEMA_CHECK if schema else {}

    def decorate(function: Callable[..., Result]) -> dg.AssetsDefinition:
        name = declared.get("name", function.__name__)
        wanted = _parameters(function)
        partitions = declared.get("partitions_def")
        from_key = wanted.keys() & dimensions(partitions)

        @functools.wraps(function)
        def compute(*, settings: Settings, **inputs: Any) -> dg.MaterializeResult:
            publish(Progress(step_name()))
            given = {"settings": settings, **inputs}
            if from_key:
                key = dg.AssetExecutionContext.get().partition_key
                given |= partition_values(partitions, key)
            # Whoever starts a run, and however many threads it has, the bytes are the same.
            with one_thread():
                result = _call(function, given)
            if provenance_inputs is not None:
                made_from = [inputs[name] for name in provenance_inputs]
                version = provenance(settings, uses, *made_from)
                result = replace(result, value=with_provenance(result.value, version))
            return materialize(name, result, schema, settings, warnings or ())

        # Every asset takes the settings: they say where figures and reports are stored.
        settings = inspect.Parameter("settings", inspect.Parameter.KEYWORD_ONLY)
        taken = {**{n: p for n, p in wanted.items() if n not in from_key}, "settings": settings}
        for resource in taken.keys() & set(_RESOURCES):
            annotation = dg.ResourceParam[Any]
            taken[resource] = taken[resource].replace(annotation=annotation)
        vars(compute)["__signature__"] = inspect.Signature(
            sorted(taken.values(), key=lambda p: p.kind)
        )
        named = [p for p in taken.values() if p.kind is not p.VAR_KEYWORD]
        ins = {p.name: how for p in named for kind, how in _INS if p.annotation == kind}
        ins |= declared.get("ins", {})
        return dg.asset(
            **{"code_version": "1", "owners": OWNERS} | declared | {"ins": ins},
            kinds=kinds,
            dagster_type=dagster_type,
            io_manager_key=io_manager_key,
            metadata=_metadata(uses, schema),
            check_specs=[
                *check_specs(name, {**(checks or {}), **built_in}),
                *check_specs(name, warnings or {}, blocking=False),
            ],
        )(compute)

    return decorate


def _require_wanted() -> None:
    """Raises if the present run was given up, as when its machine was not heard of for a while.

    Another run may be making the same.
    """
    context = dg.AssetExecutionContext.get()
    run = context.instance.get_run_by_id(context.run.run_id)
    if run is not None and run.is_finished:
        if run.tags.get(WILL_RETRY_TAG) == "true":
            # The failure that follows is not the asset's own, after which there would be no retry.
            context.instance.add_run_tags(run.run_id, {RETRY_ON_ASSET_OR_OP_FAILURE_TAG: "true"})
        raise failure("The run was given up before it came to its end; nothing is stored.")


def _maker(parameter: inspect.Parameter) -> Callable[..., Any] | None:
    """Returns the `f` of a parameter of type `Annotated[X, f]`."""
    notes = getattr(parameter.annotation, "__metadata__", ())
    return notes[0] if notes and callable(notes[0]) else None


def _parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Returns the parameters of a function, with those of `f` in place of what `f` makes."""
    found: dict[str, inspect.Parameter] = {}
    for parameter in inspect.signature(function).parameters.values():
        maker = _maker(parameter)
        found |= _parameters(maker) if maker else {parameter.name: parameter}
    return found


def _call(function: Callable[..., Any], given: Mapping[str, Any]) -> Any:
    """Calls a function with what its parameters name, or what is made of it."""
    arguments: dict[str, Any] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            arguments |= {n: value for n, value in given.items() if n not in arguments}
        else:
            maker = _maker(parameter)
            arguments[name] = _call(maker, given) if maker else given[name]
    return function(**arguments)


def materialize(
    asset: str,
    result: Result,
    schema: TableSchema | None,
    settings: Settings,
    warnings: Iterable[str] = (),
) -> dg.MaterializeResult:
    """Returns the materialisation of an asset, and stores its figures and files.

    What it stored in former runs and no longer makes is removed.

    Args:
        asset: name of the asset.
        result: what its function returned.
        schema: of a table, which is checked against it.
        settings: say where figures and files are stored.
        warnings: names of the checks that only warn.

    Raises:
        Failure: the present run was given up, and another one may be making the same.
    """
    _require_wanted()
    checks = dict(result.checks)
    if schema is not None:
        problems = schema.problems(cast(Any, result.value))
        checks[SCHEMA_CHECK] = Check(not problems, problems=problems)
    metadata = {**_facts(result.value), **result.metadata}
    files = dict(result.files)
    if result.report is not None:
        files["report.md"] = result.report
        metadata["report"] = dg.MetadataValue.md(result.report)
    folder = _folder(settings, asset)
    if folder.is_dir():
        for path in _stored_before(folder, asset) - {*files, *(f"{n}.png" for n in result.figures)}:
            (folder / path).unlink(missing_ok=True)
    for file, text in files.items():
        atomic.write_text(folder / file, text)
        metadata[file] = dg.MetadataValue.path(str(folder / file))
    for name, figure in result.figures.items():
        metadata |= store_figure(folder / f"{name}.png", figure)
    return dg.MaterializeResult(
        asset_key=asset,
        value=result.value,
        data_version=dg.DataVersion(_version(result.value)),
        metadata=metadata,
        check_results=[
            dg.AssetCheckResult(
                passed=check.passed,
                asset_key=asset,
                check_name=name,
                severity=dg.AssetCheckSeverity["WARN" if name in warnings else "ERROR"],
                metadata=check.facts,
            )
            for name, check in checks.items()
        ],
    )


def failure(text: str) -> dg.Failure:
    """Returns an error of which no retry gets rid."""
    return dg.Failure(text, allow_retries=False)


def counts(frame: pd.DataFrame, **columns: str) -> dict[str, dict[str, int]]:
    """Returns how often each value of some columns occurs, by name in the metadata."""
    named = {name: Counter(frame[column].dropna()) for name, column in columns.items()}
    return {name: {str(v): n for v, n in sorted(c.items())} for name, c in named.items()}


def present(frame: pd.DataFrame, **columns: str) -> dict[str, int]:
    """Returns in how many rows some columns have a value, by name in the metadata."""
    return {name: int(frame[column].count()) for name, column in columns.items()}


def _metadata(uses: Iterable[str], schema: TableSchema | None) -> dict[str, Any]:
    columns = {COLUMN_SCHEMA: column_schema(schema)} if schema is not None else {}
    return {USES: list(uses), **columns}


def _folder(settings: Settings, asset: str) -> StorePath:
    context = dg.AssetExecutionContext.get()
    partition = context.partition_key.replace("|", "_") if context.has_partition_key else ""
    return settings.figure_store / asset / partition


def _stored_before(folder: StorePath, asset: str) -> set[str]:
    """Returns the names of the files that the last runs of an asset stored in its folder."""
    context = dg.AssetExecutionContext.get()
    keys = [context.partition_key] if context.has_partition_key else None
    wanted = dg.AssetRecordsFilter(dg.AssetKey(asset), asset_partitions=keys)
    records = context.instance.fetch_materializations(wanted, limit=_RUNS_BEFORE).records
    made = [record.asset_materialization for record in records]
    values = [value for m in made if m for value in m.metadata.values()]
    paths = [PurePath(str(v.value)) for v in values if isinstance(v, dg.PathMetadataValue)]
    return {path.name for path in paths if path.parent.name == folder.name}


def _facts(value: Value) -> dict[str, Any]:
    """Returns the row count of a table or tensor, and the numbers that a model notes."""
    if isinstance(value, ModelState):
        return {k: v for k, v in value.metadata.items() if isinstance(v, int | float)}
    rows = len(value.member_ids) if isinstance(value, SpectrumTensor) else value.num_rows
    return {"dagster/row_count": rows}


def _version(value: Value) -> str:
    """Returns a hash of the content."""
    if isinstance(value, SpectrumTensor | StagedTable):
        return value.version
    if isinstance(value, ModelState):
        return arrays_version(value.arrays, str(value.metadata))
    return table_version(value)
