import json
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest
import typer
from typer.testing import CliRunner

from raman_pipeline.cli.main import app, main
from raman_pipeline.common.parquet import write_table
from raman_pipeline.definitions import defs
from raman_pipeline_tests.rruff.test_member import NAME, member_text

KEYS = {"member", "status", "code", "line", "points", "mineral", "rruff_id", "kind", "encoding"}


def validate(*arguments):
    return CliRunner().invoke(app, ["validate", *map(str, arguments)])


@pytest.fixture
def command(monkeypatch, capsys):
    """Runs the command in this process, which has loaded Dagster and torch before."""

    def run(*arguments, **environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["raman-pipeline", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return SimpleNamespace(returncode=ended.value.code or 0, stdout=said.out, stderr=said.err)

    return run


def test_validate_prints_json_lines(sample_folder):
    result = validate(sample_folder / "unrated_unoriented.zip", "--json")
    assert result.exit_code == 0
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert all(row.keys() >= KEYS for row in rows)
    refused, accepted = ([r for r in rows if r["status"] == s] for s in ("refused", "accepted"))
    assert (len(refused), len(accepted)) == (8, 26)
    assert all(row["code"] and row["mineral"] for row in refused)
    assert all(row["points"] > 0 and row["code"] is None for row in accepted)
    assert {row["encoding"] for row in accepted} == {"utf-8", "cp1252"}
    # The former name of the command says the present one.
    old = CliRunner().invoke(
        app, ["check", str(sample_folder / "unrated_unoriented.zip"), "--json"]
    )
    assert old.stdout == result.stdout
    assert old.stderr.splitlines()[0].startswith("`check` is now `validate`")


def test_validate_prints_one_line_per_member(tmp_path):
    (tmp_path / NAME).write_bytes(member_text())
    (tmp_path / "bad.txt").write_bytes(member_text(rows=["1, 2", "1, x", "3, 4", "5, 6"]))
    result = validate(tmp_path)
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["accepted", "refused"]
    assert "ROW line 7: '1, x'" in lines[1]
    assert "2 members: 1 accepted, 1 refused" in result.stderr


def test_unreadable_paths_are_named_and_the_others_read(tmp_path, sample_folder):
    broken = tmp_path / "broken.zip"
    broken.write_bytes((sample_folder / "LR-Raman.zip").read_bytes()[:1000])
    result = validate(broken, tmp_path / "missing.txt", sample_folder / "LR-Raman.zip")
    assert result.exit_code == 1
    assert "broken.zip: not a complete zip archive" in result.stderr
    assert "missing.txt" in result.stderr
    assert len(result.stdout.splitlines()) == 8
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.txt").touch()
    for path, problem in (("empty", "nothing to validate"), ("bad.txt", "no member was accepted")):
        result = validate(tmp_path / path, "--json")
        (row,) = (json.loads(line) for line in result.stdout.splitlines())
        assert (result.exit_code, row.keys() >= KEYS | {"error"}) == (1, True)
        assert problem in result.stderr
        assert bool(row["error"]) == (path == "empty")


def test_old_names_are_hidden_and_take_the_same_options():
    names = {
        "accept": "accept-update",
        "check": "validate",
        "study": "experiments",
        "synthetic": "synthetic-benchmark",
    }
    commands = typer.main.get_command(app).commands
    for old, new in names.items():
        assert commands[old].hidden and not commands[new].hidden
        assert [p.opts for p in commands[old].params] == [p.opts for p in commands[new].params]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("status", "--profile", "smaple"),
            "error: PROFILE=smaple: there is no such profile; use sample, rruff, paper",
        ),
        (("status",), "cannot be written"),
        (("locate", "--file", "nope.txt"), "nope.txt: No such file or directory; check the path"),
        (("locate", "--file", "a [raw][/x].txt"), "error: a [raw][/x].txt: No such file"),
        (("accept-update", "nope"), "no archive nope; they are "),
        (("backfill", "--partition", "9|random"), "no partition 9|random"),
        (("backfill", "--family", "resnet"), "no family resnet; they are majority, "),
        (("backfill", "--family", "majority"), "has no labelled_spectra yet; `raman-pipeline run"),
        (("cluster",), "has no fine_spectra, spectra yet"),
        (("trace", "R050001"), "parquet was made by an earlier version of"),
    ],
)
def test_errors_of_use_are_one_line(tmp_path, command, arguments, message):
    (tmp_path / "assets").mkdir()
    write_table(tmp_path / "assets" / "parsed_spectra.parquet", pa.table({"twin_id": ["1"]}))
    (tmp_path / "file").touch()
    store = tmp_path / ("file/store" if message == "cannot be written" else ".")
    result = command(*arguments, RAMAN_PIPELINE_STORE=str(store))
    assert result.returncode == 1
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.integration
def test_an_address_without_archives_is_named(tmp_path, command):
    (tmp_path / "site").mkdir()
    address = ("--profile", "rruff", "--rruff-url", str(tmp_path / "site"))
    result = command("run", *address, RAMAN_PIPELINE_STORE=str(tmp_path / "store"))
    assert result.returncode == 1
    assert "holds an accepted spectrum" in result.stdout and "RRUFF_URL" in result.stdout
    assert "Traceback" not in result.stderr + result.stdout


def test_a_file_with_a_hyphen_is_no_option(tmp_path, command, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("-x.zip").write_bytes(b"no archive")
    found = command("validate", "-x.zip")
    assert "-x.zip: " in found.stdout + found.stderr


def test_status_before_the_first_run(tmp_path, command):
    report = tmp_path / "store" / "reports" / "dataset_report" / "report.md"
    report.parent.mkdir(parents=True)
    report.write_text("# Dataset report\n\n## Protocol\n- profile: rruff\n")
    result = command("status", "--json", RAMAN_PIPELINE_STORE=str(tmp_path / "store"))
    assert "holds reports of profile rruff, and you ask for sample" in result.stderr
    states = json.loads(result.stdout)
    nothing = command("accept-update", "fair_oriented")
    assert (nothing.returncode, "nothing to accept" in nothing.stdout) == (0, True)
    assert len(states) == len(defs.resolve_all_asset_keys())
    assert all(s["materialized"] == 0 and s["last_time"] is None for s in states)
    partitions = {s["asset"]: s["partitions"] for s in states}
    assert partitions.items() >= {"rruff_archive": 10, "convnext1d_model": 25}.items()


def test_large_archives_are_read_member_by_member(tmp_path):
    """The first line is out before the last member is read."""
    path = tmp_path / "many.zip"
    rows = [f"{x}.5, 1.0" for x in range(4000)]
    with zipfile.ZipFile(path, "w") as archive:
        for i in range(1500):
            archive.writestr(f"{i:04d}.txt", member_text(rows=rows))
    command = [sys.executable, "-u", "-m", "raman_pipeline.cli.main", "validate", str(path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline().startswith("accepted")
    still_running = process.poll() is None
    process.kill()
    process.wait()
    assert still_running


def test_a_bad_file_of_folds_is_refused_before_anything_is_fetched(command, tmp_path):
    folds, store = tmp_path / "folds.csv", tmp_path / "store"
    folds.write_text("member_id,fold\n")
    ended = command("run", RAMAN_PIPELINE_FOLDS=str(folds), RAMAN_PIPELINE_STORE=str(store))
    assert ended.returncode == 1 and not store.exists()
    assert "folds.csv: lacks the columns measurement_key" in ended.stderr
