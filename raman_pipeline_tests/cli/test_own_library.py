import json
import re

import numpy as np
import pytest
from typer.testing import CliRunner

from raman_pipeline.cli.main import app
from raman_pipeline_tests.learning.identification.minerals import measured_spectrum


def run(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


def write(path, spectrum, head=""):
    rows = zip(spectrum.raman_shift, spectrum.intensity, strict=True)
    path.write_text(head + "\n".join(f"{x}\t{y}" for x, y in rows))


@pytest.fixture
def own_file(tmp_path, monkeypatch):
    monkeypatch.setenv("RAMAN_PIPELINE_LIBRARY", str(tmp_path / "own" / "mine.safetensors"))
    return tmp_path / "own" / "mine.safetensors"


@pytest.fixture
def folder(library, tmp_path):
    """Two files of M1, of which one is doubtful, and a mineral that the library does not have."""
    made = tmp_path / "files"
    made.mkdir()
    write(made / "m1 (1).txt", measured_spectrum(library, 7, noise=0.01))
    write(made / "M1_mud.txt", measured_spectrum(library, 7, noise=0.01, seed=1))
    mixed = measured_spectrum(library, 6)
    y = mixed.intensity + measured_spectrum(library, 36).intensity
    write(made / "Novelite.txt", type(mixed)("new", mixed.raman_shift, np.sqrt(y)))
    return made


def test_own_spectra_are_added_found_exported_and_removed(library_file, folder, own_file, tmp_path):
    before = library_file.read_bytes()
    result = run("library", "add", folder, "--library", library_file)
    assert result.exit_code == 1
    assert "spectra added: 1 (M1 1)" in result.output
    assert "1 spectrum of 1 mineral\n" in result.output
    assert re.search(
        r'M1_mud.txt: "M1_mud" may be M1, but what is "mud"\?.*--mineral', result.stderr
    )
    assert re.search(r'Novelite.txt: "Novelite" starts with no mineral.*--mineral', result.stderr)
    new = (folder / "Novelite.txt", "--mineral", "Novelite", "--library", library_file)
    result = run("library", "add", *new)
    assert result.exit_code == 0 and "not among RRUFF's minerals: Novelite;" in result.output
    assert "spectra added: 0; there already: 1\n" in run("library", "add", *new).output
    listed = run("library", "list").output
    assert "M1\n  m1 (1).txt: " in listed and "Novelite\n  Novelite.txt: " in listed

    def identified(*arguments):
        files = (folder / "Novelite.txt", folder / "m1 (1).txt")
        result = run("identify", *files, "--library", library_file, *arguments)
        assert result.exit_code == 0
        return result.output

    first, second = map(json.loads, identified("--json").splitlines())
    assert first["minerals"][0]["name"] == "Novelite"
    near = first["minerals"][0]["nearest"][0]
    assert (near["source"], near["rruff_id"], near["url"]) == ("own", "own:Novelite.txt", None)
    assert [n["source"] for n in second["minerals"][0]["nearest"]] == ["own", "RRUFF", "RRUFF"]
    text = identified()
    assert "2 spectra of 2 minerals (own:…); probabilities are calibrated on RRUFF's" in text
    only = json.loads(identified("--json", "--rating", "own").splitlines()[0])
    assert only["library"]["searched_spectra"] == 2
    assert (
        "own:Novelite.txt (spectrum own:"
        in run("show", "novelite", "--library", library_file).output
    )

    exported = tmp_path / "exported.safetensors"
    assert run("library", "export", exported).exit_code == 0
    assert "there already" in str(run("library", "export", exported).exception)
    assert "spectra removed: 2" in run("library", "remove", "novelite", "m1 (1).txt").output
    assert "no such spectrum" in str(run("library", "remove", "novelite").exception)
    assert json.loads(identified("--json").splitlines()[0])["library"]["own"] is None
    assert "spectra imported: 2\n" in run("library", "import", exported).output
    assert "spectra imported: 0; there already: 2\n" in run("library", "import", exported).output
    assert own_file.read_bytes() == exported.read_bytes()
    assert library_file.read_bytes() == before
    assert first["library"]["version"] == second["library"]["version"]


def test_columns_name_minerals_and_several_spectra(library, library_file, own_file, tmp_path):
    one, other = (measured_spectrum(library, row) for row in (7, 13))
    file = tmp_path / "table.csv"
    rows = zip(one.raman_shift, one.intensity, other.intensity, strict=True)
    lines = "\n".join(f"{x},{y},{z}" for x, y, z in rows)
    file.write_text("Raman shift,M1,M2\n" + lines)
    arguments = ("library", "add", file, "--library", library_file, "--mineral-from")
    assert run(*arguments, "name").exit_code == 1
    assert "spectra added: 2 (M1 1, M2 1)" in run(*arguments, "column").output
    # The same spectra under another name of a mineral.
    result = run("library", "add", file, "--library", library_file, "--mineral", "M3")
    assert "is in the own library as M1" in result.stderr
    assert "spectra removed: 2" in run("library", "remove", "table.csv").output


@pytest.mark.parametrize("content", [b"", b"no library", None])
def test_a_file_that_is_no_own_library_is_refused(library_file, own_file, content):
    own_file.parent.mkdir()
    own_file.write_bytes(library_file.read_bytes() if content is None else content)
    for command in (("library", "list"), ("show", "M1", "--library", library_file)):
        error = str(run(*command).exception)
        assert str(own_file) in error and "library import" in error


@pytest.mark.parametrize("name", ["Feldspar, K", "Cal\ncite"])
def test_names_that_no_list_could_hold_are_refused(folder, own_file, name):
    result = run("library", "add", folder, "--mineral", name)
    assert result.exit_code == 2 and "commas" in result.output
    assert not own_file.exists()


def test_an_address_names_its_setting(monkeypatch):
    monkeypatch.setenv("RAMAN_PIPELINE_LIBRARY", "s3://bucket/own")
    error = str(run("library", "list").exception)
    assert error.startswith("RAMAN_PIPELINE_LIBRARY=s3://bucket/own: an address cannot be used")
