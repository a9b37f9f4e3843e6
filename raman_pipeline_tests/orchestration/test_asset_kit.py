from typing import Annotated

import dagster as dg
import numpy as np
import pyarrow as pa
import pytest
from matplotlib.figure import Figure
from threadpoolctl import threadpool_info, threadpool_limits

from raman_pipeline.common import atomic
from raman_pipeline.common.schema import Column, TableSchema
from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.orchestration.asset_kit import (
    Check,
    Result,
    materialize,
    model_asset,
    report_asset,
    table_asset,
    table_check_specs,
    table_out,
)
from raman_pipeline.orchestration.dagster_internals import WILL_RETRY_TAG
from raman_pipeline.orchestration.io_managers import io_managers
from raman_pipeline.orchestration.partitions import FOLD_SPLIT
from raman_pipeline.orchestration.provenance import provenance, provenance_of
from raman_pipeline.orchestration.steps import checkpoint_of
from raman_pipeline.profiles import load_settings
from raman_pipeline.settings import Settings

SCHEMA = TableSchema("numbers", (Column("a", pa.int64(), "a number", between=(0, 9)),))


def numbers(*values):
    return SCHEMA.from_rows([{"a": value} for value in values])


@pytest.fixture
def settings(tmp_path):
    return load_settings("sample", store=tmp_path)


def run(settings, *assets, partition=None, instance=None):
    managers = io_managers(settings.asset_store, settings.checkpoint_store)
    result = dg.materialize(
        list(assets),
        resources={"settings": settings, **managers},
        partition_key=partition,
        instance=instance,
        raise_on_error=False,
    )
    checks = {e.check_name: e for e in result.get_asset_check_evaluations()}
    return result, checks


def test_a_table_is_made_by_one_thread_checked_described_and_stored(settings):
    @table_asset(
        SCHEMA, uses=["grid"], checks={"full": "Not empty."}, warnings={"large": "Three rows."}
    )
    def thing(settings):
        """Some numbers, the first of which is the number of threads."""
        return Result(
            numbers(*{library["num_threads"] for library in threadpool_info()}, 2),
            {"note": settings.profile},
            checks={"full": Check(True), "large": Check.equal(rows=2, expected=3)},
        )

    with threadpool_limits(3):
        result, checks = run(settings, thing)
    assert result.success
    assert result.asset_value("thing")["a"].to_pylist() == [1, 2]
    assert {name: check.passed for name, check in checks.items()} == {
        "full": True, "large": False, "schema": True,
    }  # fmt: skip
    assert checks["large"].severity == dg.AssetCheckSeverity.WARN
    (event,) = result.asset_materializations_for_node("thing")
    assert event.metadata["dagster/row_count"].value == 2
    assert event.metadata["note"].value == "sample"
    assert "dagster/column_schema" in event.metadata
    assert thing.descriptions_by_key[dg.AssetKey("thing")].startswith("Some numbers")


def test_a_table_off_its_schema_blocks_what_follows(settings):
    @table_asset(SCHEMA)
    def thing():
        return Result(numbers(99))

    @table_asset(SCHEMA)
    def follows(thing: pa.Table):
        return Result(thing)

    result, checks = run(settings, thing, follows)
    assert not result.success
    assert not checks["schema"].passed
    assert result.asset_materializations_for_node("follows") == []


def test_reports_and_figures_are_replaced_or_removed_and_no_other_file_is_touched(settings):
    versions = ["first", "second"]

    @report_asset(SCHEMA)
    def thing():
        former = {"former": Figure()} if len(versions) == 2 else {}
        files = {f"{name}.csv": "" for name in former}
        figures = {"f": Figure(), **former}
        return Result(numbers(1), figures=figures, report=f"# {versions.pop(0)}", files=files)

    folder, instance = settings.figure_store / "thing", dg.DagsterInstance.ephemeral()
    folder.mkdir(parents=True)
    # What another run is writing at this moment, and what a person keeps there.
    (folder / "notes.txt").touch()
    others = {atomic.temporary_file(folder).parent.name, "notes.txt"}
    for former in ({"former.png", "former.csv"}, set()):
        result, _ = run(settings, thing, instance=instance)
        assert result.success
        assert {p.name for p in folder.iterdir()} == {"f.png", "report.md"} | others | former
    assert (folder / "report.md").read_text() == "# second"

    @report_asset(SCHEMA, partitions_def=FOLD_SPLIT)
    def each():
        return Result(numbers(1), figures={"f": Figure()})

    for partition in ("0|random", "1|random"):
        assert run(settings, each, partition=partition)[0].success
    assert len(list((settings.figure_store / "each").rglob("f.png"))) == 2


def test_a_table_carries_its_provenance_and_inputs_are_prepared(settings):
    def made_of(source: pa.Table, settings):
        return numbers(*source["a"].to_pylist(), len(settings.profile))

    @table_asset(SCHEMA)
    def source():
        return Result(numbers(1))

    @table_asset(SCHEMA, uses=["grid"], provenance_inputs=["source"])
    def thing(made: Annotated[pa.Table, made_of]):
        return Result(made)

    result, _ = run(settings, source, thing)
    table = result.asset_value("thing")
    assert table["a"].to_pylist() == [1, len("sample")]
    assert provenance_of(table) == provenance(settings, ["grid"], numbers(1))
    assert provenance_of(result.asset_value("source")) == ""


def test_checkpoints_go_once_the_model_is_stored(settings):
    @model_asset(partitions_def=FOLD_SPLIT)
    def thing(settings, fold, split):
        checkpoint = checkpoint_of(settings)
        assert (fold, split) == (0, "random")
        checkpoint.parent.mkdir(parents=True)
        for name in ("random.pt", "random.inner0.pt", "specimen.pt"):
            (checkpoint.parent / name).touch()
        assert checkpoint.name == "random.pt"
        return Result(ModelState({"w": np.ones(2)}, {"loss": 0.5}))

    result, _ = run(settings, thing, partition="0|random")
    assert result.success
    assert [p.name for p in settings.checkpoint_store.rglob("*.pt")] == ["specimen.pt"]
    (event,) = result.asset_materializations_for_node("thing")
    assert event.metadata["loss"].value == 0.5


def give_up():
    context = dg.AssetExecutionContext.get()
    context.instance.report_run_failed(context.run, "its machine was not heard of")


@table_asset(SCHEMA)
def late() -> Result:
    give_up()
    return Result(numbers(1))


@dg.multi_asset(outs={"late": table_out(SCHEMA, "")}, check_specs=table_check_specs("late"))
def late_of_many(settings: dg.ResourceParam[Settings]):
    give_up()
    yield materialize("late", Result(numbers(1)), SCHEMA, settings)


@pytest.mark.parametrize("asset", [late, late_of_many])
def test_a_run_that_was_given_up_stores_nothing_and_is_repeated(settings, asset):
    retries = {"enabled": True, "max_retries": 5, "retry_on_asset_or_op_failure": False}
    with dg.DagsterInstance.local_temp(overrides={"run_retries": retries}) as instance:
        result, _ = run(settings, asset, instance=instance)
        assert instance.get_run_by_id(result.run_id).tags[WILL_RETRY_TAG] == "true"
    assert not result.success
    assert not list(settings.asset_store.rglob("*.parquet"))
