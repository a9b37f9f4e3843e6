import dataclasses
import json

import pytest
from typer.testing import CliRunner

from raman_pipeline.cli.main import app


def show(library_file, *arguments):
    return CliRunner().invoke(app, ["show", *arguments, "--library", str(library_file)])


def test_text_json_and_picture(library_file, tmp_path):
    text = show(library_file, "m1", "--laser", "532", "--plot", str(tmp_path / "m1.png")).stdout
    assert text.startswith("M1: spectra 3, specimens 3\n")
    assert "  R0101 (spectrum 1-1-0), 532 nm, fair\n    BR\n    peaks, cm⁻¹ (height, wi" in text
    assert "cite: Lafuente" in text
    assert (tmp_path / "m1.png").stat().st_size > 10_000
    data = json.loads(show(library_file, "M1", "--json").stdout)
    (mineral,) = data["minerals"]
    assert (mineral["name"], len(mineral["spectra"])) == ("M1", 6)
    assert data["library"]["minerals"] == 8


def test_a_simulated_library_is_called_so(library, tmp_path):
    file = tmp_path / "library.safetensors"
    dataclasses.replace(library, simulated=True).to_state().write(file)
    assert show(file, "M1").stdout.startswith("SIMULATED LIBRARY")
    result = show(file, "M1", "--json")
    assert result.stderr.startswith("SIMULATED LIBRARY")
    assert json.loads(result.stdout)["minerals"][0]["spectra"][0]["url"] is None


@pytest.mark.parametrize("name", ["M11", "M"])
def test_an_unknown_name_is_answered_by_near_ones(library_file, name):
    result = show(library_file, name)
    assert result.exit_code == 1
    assert "near it: M" in str(result.exception)
