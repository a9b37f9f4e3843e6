import json

import pytest
from typer.testing import CliRunner

from raman_pipeline.cli.main import app, main

KEYS = [
    "locality", "class", "country", "iso_a2", "lat", "lon", "level",
    "coordinate_uncertainty_km", "confidence", "source", "flags",
]  # fmt: skip


def locate(*arguments, stdin=None):
    result = CliRunner().invoke(app, ["locate", *arguments], input=stdin)
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


def test_json_lines_in_the_order_of_the_texts():
    lines = locate("--json", "Synthetic", "Tsumeb, Namibia", "Synthetic")
    rows = [json.loads(line) for line in lines]
    assert [list(row) for row in rows] == [KEYS] * 3
    assert [row["class"] for row in rows] == ["synthetic", "natural", "synthetic"]
    assert (rows[1]["country"], rows[1]["iso_a2"], rows[1]["level"]) == ("Namibia", "NA", "place")
    assert rows[1]["flags"] == []
    assert rows[0]["country"] is None
    assert rows[0] == rows[2]


def test_a_file_standard_input_and_nothing(tmp_path):
    path = tmp_path / "localities.txt"
    path.write_text("\ufeffTsumeb, Namibia\n\n  Jáchymov, Czech Republic \n", encoding="utf-8")
    lines = locate("--file", str(path))
    assert [line.split(":")[0] for line in lines] == ["Tsumeb, Namibia", "Jáchymov, Czech Republic"]
    assert "± " in lines[0]
    assert "natural, place, low confidence)" in lines[1]
    assert locate("--file", "-", stdin="Tsumeb, Namibia\n") == lines[:1]
    nothing = CliRunner().invoke(app, ["locate"])
    assert nothing.exit_code == 2
    assert "give localities" in nothing.output


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "localities.txt: No such file or directory; check the path"),
        (b"", "no locality in it; write one per line"),
        (b"J\xe1chymov\n", "byte 1 is not UTF-8; save the file as UTF-8"),
    ],
)
def test_files_that_cannot_be_used_are_named(tmp_path, monkeypatch, capsys, content, message):
    path = tmp_path / "localities.txt"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setattr("sys.argv", ["raman-pipeline", "locate", "--file", str(path)])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 1
    error = capsys.readouterr().err
    assert message in error
    assert "localities.txt" in error
