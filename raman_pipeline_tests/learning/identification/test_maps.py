"""Phase maps: the answers of `identify` at the places that the file states."""

import csv
import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from raman_pipeline.common.errors import InputError
from raman_pipeline.common.shards import Workers
from raman_pipeline.learning.identification import bulk
from raman_pipeline.learning.identification.filters import Filters
from raman_pipeline.learning.identification.identify import Identifier
from raman_pipeline.learning.identification.maps import ANSWERS_FOLDER, identify_map
from raman_pipeline.learning.identification.phases import NO_ANSWER, UNKNOWN
from raman_pipeline.spectra.spectrum_files import ReadOptions, read_spectra
from raman_pipeline_tests.learning.identification.minerals import measured_spectrum

ALONE = Workers(number=1)
ROWS = (0, 0, 7, 14, 14)
PLACES = [(x, 2.0 * y) for y in range(2) for x in range(3)]
NAMED = ("x (µm)", "y (µm)")


@pytest.fixture
def task(library_file):
    return bulk.Task(library_file, Filters(), ReadOptions(), components=0)


@pytest.fixture
def spectra(library):
    """Five spectra on one axis, and a dead one."""
    found = [measured_spectrum(library, row) for row in ROWS]
    axis = found[0].raman_shift
    values = [np.interp(axis, s.raman_shift, s.intensity) for s in found]
    return axis, [*values, np.zeros(axis.size)]


def as_text(spectra, path, named=NAMED, places=PLACES):
    axis, values = spectra
    rows = [[*named, *axis], *([*at, *v] for at, v in zip(places, values, strict=True))]
    path.write_text("\n".join("\t".join(map(str, row)) for row in rows))
    return path


def as_table(spectra, path, named=NAMED, places=PLACES):
    axis, values = spectra
    lists = {
        "raman_shift": [axis.tolist()] * len(values),
        "intensity": [v.tolist() for v in values],
    }
    pq.write_table(pa.table(dict(zip(named, zip(*places, strict=True), strict=True)) | lists), path)
    return path


@pytest.mark.parametrize("write", [as_text, as_table])
def test_points_are_what_identify_says_at_their_places(task, spectra, tmp_path, write):
    file = write(spectra, tmp_path / "map")
    points = identify_map(task, file, tmp_path / "out", ALONE)
    assert pq.read_table(tmp_path / "out/points.parquet").equals(points)
    rows = points.to_pylist()
    assert [(row["x"], row["y"]) for row in rows] == PLACES
    assert [row["spectrum"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert rows[5]["phase"] == NO_ANSWER and "intensity is constant" in rows[5]["error"]
    alone = Identifier.open(task.library).identify(
        read_spectra(as_text([spectra[0], spectra[1][:5]], tmp_path / "some", places=PLACES[:5]))
    )
    for row, one in zip(rows[:5], alone, strict=True):
        best = one.minerals[0]
        assert row["phase"] == (UNKNOWN if one.unknown else best.name)
        assert (row["mineral"], row["rruff_id"]) == (best.name, best.nearest[0].rruff_id)
        assert row["probability"] == pytest.approx(best.probability, abs=1e-4)
        assert row["in_library_probability"] == pytest.approx(one.in_library, abs=1e-4)
    metadata = points.schema.metadata
    assert metadata[b"unit"].decode() == "µm"
    assert json.loads(metadata[b"sources"]) == [str(file)]
    assert json.loads(metadata[b"library"])["citation"].startswith("Lafuente")
    with (tmp_path / "out/phases.csv").open() as text:
        phases = list(csv.DictReader(text))
    assert sum(int(phase["points"]) for phase in phases) == 6
    assert phases[-1]["phase"] == NO_ANSWER and phases[-1]["median_probability"] == ""


def test_a_map_goes_on_after_an_interruption(task, spectra, tmp_path, monkeypatch):
    monkeypatch.setattr(bulk, "SHARD_SPECTRA", 2)
    file, out = as_text(spectra, tmp_path / "map.txt"), tmp_path / "out"
    first = identify_map(task, file, out, ALONE)
    parts = sorted((out / ANSWERS_FOLDER).iterdir())
    made = {part: part.stat().st_mtime_ns for part in parts}
    assert len(parts) == 3
    parts[1].unlink()
    told = []
    again = identify_map(task, file, out, ALONE, lambda done, total: told.append((done, total)))
    assert told == [(2, 3), (3, 3)] and again.equals(first)
    assert {part: part.stat().st_mtime_ns for part in parts if part != parts[1]} == {
        part: made[part] for part in (parts[0], parts[2])
    }
    as_text([spectra[0], spectra[1][::-1]], file)
    assert identify_map(task, file, out, ALONE)["phase"].to_pylist()[0] == NO_ANSWER
    assert len(list((out / ANSWERS_FOLDER).iterdir())) == 3


@pytest.mark.parametrize(
    ("made", "message"),
    [
        ((as_text, ("", ""), PLACES), "no position of its spectrum 1 is stated for sure; only a"),
        ((as_table, ("a", "b"), PLACES), "has no columns x and y; only a file"),
        ((as_table, ("x (mm)", "y (µm)"), PLACES), "has no columns x and y"),
        ((as_table, NAMED, [*PLACES[:5], (1.0, None)]), "no position of its spectrum 6"),
    ],
)
def test_without_places_there_is_no_map(task, spectra, tmp_path, made, message):
    write, named, places = made
    file = write(spectra, tmp_path / "map", named, places)
    with pytest.raises(InputError, match=f"map: {message}"):
        identify_map(task, file, tmp_path / "out", ALONE)
    assert not (tmp_path / "out").exists()


def test_a_folder_with_the_map_or_another_one_is_refused(task, spectra, tmp_path):
    file = as_table(spectra, tmp_path / "a.parquet")
    with pytest.raises(InputError, match="holds the source .*give --map another folder"):
        identify_map(task, file, tmp_path, ALONE)
    identify_map(task, file, tmp_path / "out", ALONE)
    other = as_table(spectra, tmp_path / "b.parquet")
    with pytest.raises(InputError, match=r"holds the results of .*a\.parquet"):
        identify_map(task, other, tmp_path / "out", ALONE)


def test_files_of_the_user_are_not_replaced(task, spectra, tmp_path):
    out = tmp_path / "mine"
    out.mkdir()
    (out / "phases.csv").write_text("mine")
    with pytest.raises(InputError, match="holds the source"):
        inside = as_text(spectra, out / "map.txt")
        identify_map(task, inside, out / ".." / "mine", ALONE)
    inside.unlink()
    with pytest.raises(InputError, match=r"holds other files \(phases.csv\); give --map another"):
        identify_map(task, as_text(spectra, tmp_path / "map.txt"), out, ALONE)
    assert (out / "phases.csv").read_text() == "mine"


def test_a_map_of_no_usable_spectrum_is_an_error(task, spectra, tmp_path):
    file = as_table(spectra, tmp_path / "map.parquet")
    nm = replace(task, options=ReadOptions(axis="nm"))
    with pytest.raises(InputError, match="no spectrum can be used: .*name the laser"):
        identify_map(nm, file, tmp_path / "out", ALONE)
    assert not (tmp_path / "out/points.parquet").exists()


@pytest.mark.parametrize("layout", ["rows", "long"])
def test_a_point_without_numbers_keeps_its_place(task, spectra, tmp_path, layout):
    axis, values = spectra
    values = [*values[:4], np.full(axis.size, np.nan), values[0]]
    file = as_text((axis, values), tmp_path / "map.txt")
    if layout == "long":
        rows = [
            f"{x}\t{y}\t{a:.6f}\t{v:.6f}"
            for (x, y), one in zip(PLACES, values, strict=True)
            for a, v in zip(axis, one, strict=True)
        ]
        file.write_text("#X\t\t#Y\t\t#Wave\t\t#Intensity\n" + "\n".join(rows))
    points = identify_map(task, file, tmp_path / "out", ALONE).to_pylist()
    assert [(row["x"], row["y"]) for row in points] == PLACES
    assert [row["phase"] == NO_ANSWER for row in points] == [False] * 4 + [True, False]
    assert "no numbers" in points[4]["error"]


def test_places_in_words_are_refused(task, spectra, tmp_path):
    file = as_table(spectra, tmp_path / "map", places=[("A", str(k)) for k in range(6)])
    with pytest.raises(InputError, match=r"column x \(µm\) is string"):
        identify_map(task, file, tmp_path / "out", ALONE)
