"""Every command, link and picture of the README and of docs/ exists as it is written there."""

import re
import shlex
import subprocess

import pytest
import typer
from typer.testing import CliRunner

from raman_pipeline.cli.main import app
from raman_pipeline_tests.conftest import PROJECT

PAGES = {
    path.name: path.read_text("utf-8")
    for path in [PROJECT / "README.md", *(PROJECT / "docs").glob("*.md")]
}
BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
QUOTED = re.compile(r"`([^`\n]+)`")


def commands(program):
    """Returns all uses of a program, in code blocks and within text, without repeats."""
    lines = [
        line.split(" #")[0].strip()
        for text in PAGES.values()
        for block in BLOCK.findall(text)
        for line in block.splitlines()
    ]
    quoted = [found for text in PAGES.values() for found in QUOTED.findall(BLOCK.sub("", text))]
    fits = re.compile(rf"(\S*/)?{program} ")
    return sorted({line for line in [*lines, *quoted] if fits.match(line)})


@pytest.mark.parametrize("line", commands("make"))
def test_make_has_the_target(line):
    subprocess.run([*shlex.split(line), "--dry-run"], cwd=PROJECT, check=True, capture_output=True)


@pytest.mark.parametrize("line", commands("raman-pipeline"))
def test_the_command_has_the_options(line):
    _, command, *arguments = shlex.split(line)
    options = [a for a in arguments if a.startswith("--")]
    commands_of = typer.main.get_command(app).commands
    below = arguments[: hasattr(commands_of.get(command), "commands")]  # of a group
    result = CliRunner().invoke(app, [command, *below, "--help"], env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    assert all(re.search(rf"{option}\b", result.output) for option in options), result.output


@pytest.mark.parametrize("line", [x for x in commands("raman-pipeline") if " validate " in x])
def test_the_examples_of_validate_run(line, monkeypatch):
    monkeypatch.chdir(PROJECT)
    result = CliRunner().invoke(app, shlex.split(line)[1:])
    assert result.exit_code == 0
    assert result.stdout.count("refused") == 8


def test_the_readme_has_the_two_commands():
    assert {"make run", "make test"} <= set(commands("make"))
    assert len(commands("raman-pipeline")) > 10


@pytest.mark.parametrize("page", PAGES)
def test_linked_files_sections_and_pictures_exist(page):
    folder = PROJECT if page == "README.md" else PROJECT / "docs"
    for target in re.findall(r"\[[^]]*\]\((?!http)(.*?)\)", PAGES[page]):
        name, _, section = target.partition("#")
        path = folder / (name or page)
        assert path.exists(), target
        if section:
            headings = re.findall(r"^#+ (.*)$", path.read_text("utf-8"), re.MULTILINE)
            assert section in [h.lower().replace(" ", "-") for h in headings], target
