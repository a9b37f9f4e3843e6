"""Many spectra into a Parquet data set: equal to one by one, resumed, and renewed by shards."""

import json
import os
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from raman_pipeline.common.errors import InputError
from raman_pipeline.common.shards import Workers
from raman_pipeline.common.storage import store_path
from raman_pipeline.learning.identification import bulk
from raman_pipeline.learning.identification.filters import Filters
from raman_pipeline.learning.identification.identify import Identifier
from raman_pipeline.spectra.spectrum_files import ReadOptions, read_spectra
from raman_pipeline_tests.learning.identification.minerals import measured_spectrum

ALONE = Workers(number=1)


@pytest.fixture
def task(library_file):
    return bulk.Task(library_file, Filters(), ReadOptions())


@pytest.fixture
def spectra(library):
    return [measured_spectrum(library, row) for row in (0, 7, 14)]


@pytest.fixture
def files(spectra, tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    for number, spectrum in enumerate(spectra):
        table = np.column_stack([spectrum.raman_shift, spectrum.intensity])
        np.savetxt(folder / f"{number}.csv", table, delimiter=",")
    (folder / "empty.csv").touch()
    return folder


def names(out):
    return {path.name for path in out.iterdir()}


def table_of(spectra, path, **more):
    lists = {n: [getattr(s, n).tolist() for s in spectra] for n in ("raman_shift", "intensity")}
    # Metadata of another program, whose words may be any.
    table = pa.table(lists | more, metadata={"source": "laboratory"})
    pq.write_table(table, path, row_group_size=2)
    return path


def test_files_as_one_by_one(task, files, tmp_path):
    out = tmp_path / "out"
    assert bulk.identify_all(task, [files], out, ALONE) == (3, 0, 1, False)
    found = {row["file"]: row for row in pq.read_table(out).to_pylist()}
    for path in files.glob("[0-9].csv"):
        alone = Identifier.open(task.library).identify(read_spectra(path))[0].as_json()
        row = found.pop(str(path))
        assert [m["name"] for m in row["minerals"]] == [m["name"] for m in alone["minerals"]]
        assert row["in_library_probability"] == alone["in_library_probability"]
        assert row["minerals"][0]["rruff_id"] == alone["minerals"][0]["nearest"][0]["rruff_id"]
    (row,) = found.values()
    assert row["error"] == f"{files}/empty.csv: the file is empty; export the spectrum again"
    metadata = pq.read_schema(next(out.iterdir())).metadata
    assert json.loads(metadata[b"library"])["citation"].startswith("Lafuente")


def test_rows_of_tables_are_cut_in_shards(task, spectra, tmp_path, monkeypatch):
    monkeypatch.setattr(bulk, "SHARD_SPECTRA", 2)
    table = table_of([*spectra, *spectra], tmp_path / "s.parquet", member_id=[*"abcdef"])
    out = tmp_path / "out"
    bulk.identify_all(task, [table], out, ALONE)
    assert len(names(out)) == 3
    rows = pq.read_table(out).to_pylist()
    assert [row["file"] for row in rows] == [f"{table}#{name}" for name in "abcdef"]
    assert [row["minerals"] for row in rows[:3]] == [row["minerals"] for row in rows[3:]]


def test_only_shards_that_changed_are_made_again(task, files, spectra, tmp_path, monkeypatch):
    monkeypatch.setattr(bulk, "SHARD_SPECTRA", 1)
    out, made = tmp_path / "out", []
    bulk.identify_all(task, [files], out, ALONE)
    before = names(out)
    (files / "empty.csv").write_bytes((files / "0.csv").read_bytes())
    counts = bulk.identify_all(task, [files], out, ALONE, lambda *n: made.append(n))
    assert counts == (4, 0, 0, False)
    assert made[0] == (len(before) - 1, len(before)) and len(made) == 2
    assert len(names(out) & before) == len(before) - 1 and len(names(out)) == len(before)


def test_a_bucket_gives_the_same(task, files, tmp_path, bucket):
    for file in files.iterdir():
        (store_path(bucket.url) / "files" / file.name).write_bytes(file.read_bytes())
    source, out = (store_path(f"{bucket.url}/{name}") for name in ("files", "out"))
    counts = bulk.identify_all(task, [source], out, ALONE)
    assert counts == (3, 0, 1, False)
    (part,) = out.iterdir()
    found = pq.read_table(pa.BufferReader(part.read_bytes())).to_pylist()
    assert {row["file"] for row in found} == {f"{source}/{f.name}" for f in files.iterdir()}


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda folder: folder / "none.txt", "no such file"),
        (lambda folder: _written(folder / "bad.parquet"), "cannot be read as Parquet"),
        (lambda folder: _other(folder / "other.parquet"), "has no column raman_shift and"),
        (lambda folder: _long(folder / "long.parquet"), "of lists of numbers"),
    ],
)
def test_what_is_no_source_is_refused(task, tmp_path, made, message):
    with pytest.raises(InputError, match=message):
        bulk.identify_all(task, [made(tmp_path)], tmp_path / "out", ALONE)


def test_a_folder_of_other_files_is_no_place_for_results(task, files, spectra, tmp_path):
    with pytest.raises(InputError, match="holds the source"):
        bulk.identify_all(task, [files], files, ALONE)
    with pytest.raises(InputError, match="is a file"):
        bulk.identify_all(task, [files], files / "0.csv", ALONE)
    out = _new(tmp_path / "theirs")
    theirs = table_of(spectra, out / "part-0000.parquet")
    with pytest.raises(InputError, match="holds the source"):
        bulk.identify_all(task, [theirs], out, ALONE)
    with pytest.raises(InputError, match=r"holds other files \(part-0000.parquet"):
        bulk.identify_all(task, [files], out, ALONE)
    assert theirs.exists()


def test_results_of_other_sources_stay(task, files, tmp_path):
    out = tmp_path / "out"
    bulk.identify_all(task, [files / "0.csv"], out, ALONE)
    before = names(out)
    with pytest.raises(InputError, match="holds the results of .*0.csv"):
        bulk.identify_all(task, [files], out, ALONE)
    assert names(out) == before


def test_results_below_their_source_are_no_source(task, files):
    for _ in range(2):
        counts = bulk.identify_all(task, [files], files / "results", ALONE)
        assert counts == (3, 0, 1, False)


def test_a_foreign_table_in_a_folder_is_one_error(task, files, tmp_path):
    _other(files / "other.parquet")
    assert bulk.identify_all(task, [files], tmp_path / "out", ALONE) == (3, 0, 2, False)


def test_tables_in_nm_need_the_laser(task, spectra, tmp_path):
    nm = [replace(s, raman_shift=1e7 / (1e7 / 785 - s.raman_shift)) for s in spectra]
    table = table_of(nm, tmp_path / "nm.parquet")
    with_laser = table_of(nm, tmp_path / "laser.parquet", wavelength_nm=[785.0] * 3)
    as_nm = ReadOptions(axis="nm"), ReadOptions(axis="nm", laser_nm=785)
    for source, options, expected in (
        (table, as_nm[0], (0, 0, 3)),
        (table, as_nm[1], (3, 0, 0)),
        (with_laser, as_nm[0], (3, 0, 0)),
    ):
        out = tmp_path / f"out-{source.stem}-{options.laser_nm}"
        assert (
            bulk.identify_all(replace(task, options=options), [source], out, ALONE)[:3] == expected
        )
    with pytest.raises(InputError, match="leave out --columns"):
        columns = replace(task, options=ReadOptions(columns=("1", "2")))
        bulk.identify_all(columns, [table], tmp_path / "columns", ALONE)


def test_a_library_rebuilt_meanwhile_is_not_mixed_in(task, files):
    about = bulk.About([], "another version", {})
    with pytest.raises(InputError, match="was changed meanwhile"):
        bulk.identify_part((task, about, (files / "0.csv",), []))


def test_a_source_replaced_meanwhile_is_not_mixed_in(task, spectra, tmp_path, monkeypatch):
    monkeypatch.setattr(bulk, "SHARD_SPECTRA", 2)
    table, out = tmp_path / "s.parquet", tmp_path / "out"
    table_of([*spectra, *spectra], table)

    def replaced(made, total):
        if made == 1:
            table_of(spectra, table)

    with pytest.raises(InputError, match=r"s\.parquet: was changed meanwhile; give the command"):
        bulk.identify_all(task, [table], out, ALONE, replaced)
    assert bulk.identify_all(task, [table], out, ALONE) == (3, 0, 0, False)


def test_every_row_has_an_entry_whatever_its_name(task, spectra, tmp_path):
    dead = replace(spectra[0], intensity=np.zeros(spectra[0].intensity.size))
    some = [spectra[0], dead, dead, dead]
    for name, ends in (("name", ["#Quartz"] * 3 + ["#4"]), ("id", ["#1", "#2", "#3", "#4"])):
        words = ["Quartz"] * 3 + [None] if name == "name" else [None] * 4
        words = pa.array(words, pa.string())
        table, out = table_of(some, tmp_path / f"{name}.parquet", **{name: words}), tmp_path / name
        assert bulk.identify_all(task, [table], out, ALONE) == (1, 0, 3, False)
        assert [row["file"][-len(e) :] for row, e in zip(_rows(out), ends, strict=True)] == ends


def test_large_groups_of_rows_are_cut_in_few_parts(task, spectra, tmp_path, monkeypatch):
    monkeypatch.setattr(bulk, "SHARD_SPECTRA", 1)
    monkeypatch.setattr(bulk, "_PARTS_OF_GROUP", 2)
    table, out = table_of([*spectra, *spectra], tmp_path / "s.parquet"), tmp_path / "out"
    pq.write_table(pq.read_table(table), table)  # one group
    bulk.identify_all(task, [table], out, ALONE)
    assert len(names(out)) == 2
    assert [row["file"] for row in _rows(out)] == [f"{table}#{n}" for n in range(1, 7)]


def test_parts_of_a_table_stay_when_another_is_added(task, files, spectra, tmp_path):
    table_of(spectra, files / "b.parquet")
    bulk.identify_all(task, [files], out := tmp_path / "out", ALONE)
    before = names(out)
    table_of(spectra, files / "a.parquet")
    bulk.identify_all(task, [files], out, ALONE)
    assert before < names(out)


def test_broken_links_and_pipes_are_errors_of_their_own(task, files, tmp_path):
    (files / "link.csv").symlink_to(files / "nothing")
    os.mkfifo(files / "pipe")
    assert bulk.identify_all(task, [files], out := tmp_path / "out", ALONE) == (3, 0, 3, False)
    assert sum("no file, but a pipe, a broken link" in (r["error"] or "") for r in _rows(out)) == 2


def test_results_are_no_source_by_another_way_to_them(task, files, tmp_path):
    (tmp_path / "link").symlink_to(files / "results")
    for out in (files / ".." / "files" / "results", tmp_path / "link"):
        for _ in range(2):
            assert bulk.identify_all(task, [files], out, ALONE) == (3, 0, 1, False)
    with pytest.raises(InputError, match="holds the source"):
        bulk.identify_all(task, [files], files / ".." / "files", ALONE)


@pytest.mark.parametrize(
    ("laser", "message"),
    [(["532"] * 3, "wavelength_nm is string"), ([[532.0]] * 3, "wavelength_nm is list")],
)
def test_columns_of_another_type_are_refused(task, spectra, tmp_path, laser, message):
    table = table_of(spectra, tmp_path / "s.parquet", wavelength_nm=laser)
    with pytest.raises(InputError, match=message):
        bulk.identify_all(task, [table], tmp_path / "out", ALONE)


def test_rows_that_are_no_spectra_are_told(task, tmp_path):
    lists = {"raman_shift": [[1.0, 2.0], None], "intensity": [[1.0], [2.0]]}
    pq.write_table(pa.table(lists), tmp_path / "s.parquet")
    counts = bulk.identify_all(task, [tmp_path / "s.parquet"], tmp_path / "out", ALONE)
    assert counts == (0, 0, 2, False)


def _rows(out):
    return pq.read_table(out).to_pylist()


def _new(folder):
    folder.mkdir()
    return folder


def _written(path):
    path.write_text("no table")
    return path


def _long(path):
    pq.write_table(pa.table({"raman_shift": [1.0, 2.0], "intensity": [3.0, 4.0]}), path)
    return path


def _other(path):
    pq.write_table(pa.table({"a": [1]}), path)
    return path
