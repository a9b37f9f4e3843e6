"""Every command in the README exists as it is written there."""

import re
import shlex
import subprocess

import pytest
from typer.testing import CliRunner

from raman_pipeline.cli.main import app
from raman_pipeline_tests.conftest import PROJECT

README = (PROJECT / "README.md").read_text(encoding="utf-8")
LINES = [
    line.split("#")[0].strip()
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
]


@pytest.mark.parametrize("line", [x for x in LINES if x.startswith("make")])
def test_make_knows_it(line):
    subprocess.run([*shlex.split(line), "--dry-run"], cwd=PROJECT, check=True, capture_output=True)


@pytest.mark.parametrize("line", [x for x in LINES if "raman-pipeline" in x])
def test_the_command_knows_its_options(line):
    _, command, *arguments = shlex.split(line)
    options = [a for a in arguments if a.startswith("--")]
    usage = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"}).output
    assert all(re.search(rf"{option}\b", usage) for option in options), usage


@pytest.mark.parametrize("line", [x for x in LINES if " check " in x])
def test_checks_run(line, monkeypatch):
    monkeypatch.chdir(PROJECT)
    result = CliRunner().invoke(app, shlex.split(line)[1:])
    assert result.exit_code == 0
    assert result.stdout.count("refused") == 8


def test_there_are_commands_and_the_picture_is_there():
    assert len(LINES) > 10
    for picture in re.findall(r"!\[.*?\]\((.*?)\)", README):
        assert (PROJECT / picture).exists()


def test_linked_files_and_sections_are_there():
    for target in re.findall(r"[^!]\[.*?\]\((?!http)(.*?)\)", README):
        name, _, section = target.partition("#")
        assert (PROJECT / name).exists(), target
        if section:
            headings = re.findall(r"^#+ (.*)$", (PROJECT / name).read_text("utf-8"), re.MULTILINE)
            assert section in [h.lower().replace(" ", "-") for h in headings], target
