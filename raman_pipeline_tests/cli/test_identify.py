import csv
import dataclasses
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from raman_pipeline.cli.main import app
from raman_pipeline_tests.learning.identification.minerals import measured_spectrum

PEAK_STATES = ("matched", "shifted", "missing", "unexplained")


@pytest.fixture
def files(library, tmp_path):
    for row in (0, 7, 14):
        spectrum = measured_spectrum(library, row)
        rows = zip(spectrum.raman_shift, spectrum.intensity, strict=True)
        (tmp_path / f"{row}.txt").write_text("\n".join(f"{x}, {y}" for x, y in rows))
    return tmp_path


def run(library_file, *arguments):
    chosen = ["identify", *map(str, arguments), "--library", str(library_file)]
    return CliRunner().invoke(app, chosen)


def test_the_newest_real_library_answers_before_a_simulated_one(
    library, files, tmp_path, monkeypatch
):
    monkeypatch.setattr("raman_pipeline.profiles.working_folder", lambda: tmp_path)
    query = str(files / "0.txt")

    def build(profile, simulated, age_s):
        path = tmp_path / f"data/store/{profile}/assets/mineral_library.safetensors"
        path.parent.mkdir(parents=True)
        made = dataclasses.replace(library, simulated=simulated)
        made.to_state().write(path)
        os.utime(path, (0, 1e9 - age_s))
        return path

    def answer(*arguments):
        result = CliRunner().invoke(app, ["identify", query, *arguments])
        assert result.exit_code == 0
        return result

    def used():
        found = json.loads(answer("--json").stdout)
        assert (found["minerals"][0]["nearest"][0]["url"] is None) == found["library"]["simulated"]
        return Path(found["library"]["file"])

    sample = build("sample", True, age_s=0)
    assert used() == sample
    assert "SIMULATED LIBRARY" in answer("--json").stderr
    lines = answer().stdout.splitlines()
    assert lines[0].startswith("SIMULATED LIBRARY")
    assert lines[1].startswith(f"library: {sample}, version ")
    assert "48 spectra, 24 specimens, 8 minerals" in lines[1]
    assert "https://" not in "".join(lines)
    older = build("paper", False, age_s=20)
    assert used() == older
    newer = build("rruff", False, age_s=10)
    assert used() == newer
    shown = answer().stdout
    assert "SIMULATED" not in shown + answer("--json").stderr
    assert "M0: R0000" in shown
    for word in (
        "known",
        "nearest: https://",
        "peaks: ",
        "countries:",
        "hardly the place",
        "preprocessing:",
    ):
        assert word in shown
    assert answer("--profile", "sample").stdout.startswith("SIMULATED")


def test_unusable_files_are_reported_and_the_others_identified(library_file, files):
    (files / "1.txt").write_text("")
    Path(os.fsdecode(os.fsencode(files) + b"/8\xe9.txt")).write_text("100 1")
    result = run(library_file, files, "--json")
    assert result.exit_code == 1
    assert "1.txt: the file is empty" in result.stderr
    assert "8\\udce9.txt: is no name in UTF-8; rename it" in result.stderr
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [Path(r["file"]).name for r in rows] == [
        "0.txt",
        "1.txt",
        "14.txt",
        "7.txt",
        "8\\udce9.txt",
    ]
    for unusable in (rows.pop(4), rows.pop(1)):
        assert unusable.keys() == {"file", "error"}
        assert unusable["error"] in result.stderr
    assert [r["minerals"][0]["name"] for r in rows] == ["M0", "M2", "M1"]


def test_figures_and_reports_also_of_two_files_of_one_name(library_file, files, tmp_path):
    (files / "other").mkdir()
    (files / "14.txt").rename(files / "other" / "7.txt")
    (files / ".hidden").mkdir()
    (files / "0.txt").rename(files / ".hidden" / "0.txt")
    no_formula = r"$\q$.txt"
    (files / no_formula).write_bytes((files / "7.txt").read_bytes())
    folder = tmp_path.parent / "figures"
    # A folder is searched with its subfolders.
    chosen = ("--plot", folder, "--report", folder, "--mixtures")
    assert run(library_file, files, *chosen).exit_code == 0
    stems = sorted(p.stem for p in folder.iterdir())
    assert stems == [no_formula] * 2 + ["7.txt"] * 2 + ["7.txt-2"] * 2
    assert {p.suffix for p in folder.iterdir()} == {".png", ".html"}
    assert all(p.stat().st_size > 20_000 for p in folder.iterdir())


def test_a_folder_without_files_and_an_unknown_algorithm_are_refused(library_file, files):
    (files / "empty").mkdir()
    result = run(library_file, files / "empty")
    assert result.exit_code == 1
    assert "empty: holds no file" in result.stderr
    result = run(library_file, files / "0.txt", "--plot", files / "0.txt")
    assert "give --plot another folder" in str(result.exception)
    result = run(library_file, files, "--baseline", "magic")
    assert result.exit_code == 2
    assert "arpls" in result.output


def test_heavy_packages_are_not_imported(library_file, files):
    code = (
        "import sys\nfrom raman_pipeline.cli.main import app\n"
        f"sys.argv = ['x', 'identify', {str(files / '0.txt')!r}, '--mixtures', "
        f"'--library', {str(library_file)!r}]\n"
        "try:\n    app()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "heavy = {'torch', 'pandas', 'pyarrow', 'sklearn', 'dagster', 'numba', 'matplotlib'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_what_a_file_does_not_say_can_be_said(library_file, files):
    shift, intensity = np.loadtxt(files / "0.txt", delimiter=",", comments="#").T
    rows = np.column_stack([np.arange(shift.size), 1e7 / (1e7 / 785 - shift), intensity])
    np.savetxt(files / "nm.txt", rows, delimiter="\t")
    assert "--columns 1,2" in run(library_file, files / "nm.txt").stderr
    said = ("--columns", "2,3", "--axis", "nm", "--laser", "785")
    read = json.loads(run(library_file, files / "nm.txt", "--json", *said).stdout)["read"]
    assert (read["laser_nm"], read["points_measured"]) == (785, shift.size)
    assert read["range_cm1"] == pytest.approx([shift[0], shift[-1]], abs=0.01)
    assert "  read: text, columns 2 and 3 of 3" in run(library_file, files / "nm.txt", *said).stdout
    assert run(library_file, files / "0.txt", "--axis", "um").exit_code == 2


def test_filters_settings_and_csv(library_file, files):
    said = ("--elements", "Ca,C,O", "--exclude", "M2", "--rating", "excellent", "--top", "2")
    text = run(library_file, files, *said).stdout
    assert "searched of these: 12 spectra of 3 minerals\ncite: Lafuente" in text
    assert "  settings: baseline none, elements Ca C O, exclude M2, ratings excellent" in text
    (files / "1.txt").write_text("")
    rows = list(csv.DictReader(run(library_file, files, *said, "--csv").stdout.splitlines()))
    assert [Path(row["file"]).name for row in rows] == ["0.txt", "1.txt", "14.txt", "7.txt"]
    assert "is empty" in rows[1]["error"] and not rows[1]["mineral_1"]
    assert {row["mineral_1"] for row in rows} <= {"M1", "M3", "M6", ""}
    for row in (rows[0], *rows[2:]):
        listed = row["peaks"].split("; ")
        assert len(listed) == sum(int(row[f"peaks_{s}"]) for s in PEAK_STATES) > 0
        assert listed[0].split()[0] in PEAK_STATES
        assert "elements Ca C O" in row["settings"] and "points" in row["read"]
        assert (row["library_spectra"], row["library_minerals"]) == ("48", "8")
        assert "doi:" in row["citation"] and float(row["probability_1"]) <= 1
    assert run(library_file, files, "--csv", "--json").exit_code == 2
    assert run(library_file, files, "--reference-laser", "green").exit_code == 2
    assert "Xx: is no element" in str(run(library_file, files, "--elements", "Xx").exception)


def test_one_bad_spectrum_does_not_refuse_the_map(library_file, files):
    shift, intensity = np.loadtxt(files / "0.txt", delimiter=",", comments="#").T
    np.savetxt(files / "map.txt", np.vstack([shift, intensity, 0 * intensity, intensity[::-1]]))
    result = run(library_file, files / "map.txt", "--json")
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [Path(one["file"]).name for one in found] == ["map.txt#1", "map.txt#2", "map.txt#3"]
    assert ["error" in one for one in found] == [False, True, False]
    assert result.exit_code == 1 and "map.txt#2: the intensity is constant" in result.stderr


def test_a_phase_map_is_drawn_and_told(library_file, files, tmp_path):
    shift, intensity = np.loadtxt(files / "0.txt", delimiter=",", comments="#").T
    rows = [["x", "y", *shift], [0, 0, *intensity], [1, 0, *(0 * intensity)], [2, 0, *intensity]]
    map_ = files / "map.txt"
    map_.write_text("\n".join("\t".join(map(str, row)) for row in rows))
    folder = tmp_path / "map"
    result = run(library_file, map_, "--map", folder, "--workers", 1)
    assert result.exit_code == 0, result.output
    told = " ".join(result.stdout.split())
    assert "map.txt: 3 points 66.7% M0, points: 2, median" in told
    assert "33.3% no answer, points: 1" in told and "cite: Lafuente" in told
    assert sorted(path.name for path in folder.iterdir()) == [
        "identified", "phase_map.png", "phases.csv", "points.parquet",
    ]  # fmt: skip
    assert (folder / "phase_map.png").stat().st_size > 20_000
    refused = run(library_file, map_, files / "0.txt", "--map", folder)
    assert refused.exit_code == 2 and "a map is one file" in refused.output
    for other in ("--json", "--out", "--plot"):
        value = [] if other == "--json" else [tmp_path / "x"]
        assert run(library_file, map_, "--map", folder, other, *value).exit_code == 2


def test_quality_warnings_stand_above_the_answer(library_file, files):
    shift, intensity = np.loadtxt(files / "0.txt", delimiter=",", comments="#").T
    np.savetxt(files / "clipped.txt", np.c_[shift, np.minimum(intensity, 400)])
    text = run(library_file, files / "clipped.txt").stdout
    assert text.index("WARNING") < text.index("probability of being in the library")
    found = json.loads(run(library_file, files / "clipped.txt", "--json").stdout)
    assert [w["kind"] for w in found["warnings"]] == ["saturated"]


def test_accepted_minerals_are_told_with_what_is_left(library_file, files):
    result = run(library_file, files / "7.txt", "--accept", "m1", "--accept", "M2")
    assert result.exit_code == 0
    assert re.search(r"accepted: \d+% M1 \(R01\d\d\) \+ 0% M2 .*; left \d+%; of the", result.output)
    result = run(library_file, files / "7.txt", "--accept", "Quarz")
    assert "Quarz: no such mineral" in str(result.exception)
