"""Answers to a person, their judgement, the command."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from raman_pipeline.cli.main import app
from raman_pipeline.learning.identification import report
from raman_pipeline.learning.identification.evaluation import IDENTIFIED, judge, ranks
from raman_pipeline.learning.identification.identify import Identifier, LibraryError
from raman_pipeline.learning.identification.mixture_evaluation import MIXED, judge_mixtures
from raman_pipeline.learning.identification.mixtures import MixtureSearch
from raman_pipeline.learning.identification.open_set import judge_absent
from raman_pipeline.learning.identification.query import QueryError, prepare
from raman_pipeline.learning.identification.search import search
from raman_pipeline.spectra.baseline import BASELINES
from raman_pipeline.spectra.spectrum_files import Spectrum
from raman_pipeline_tests.learning.identification.minerals import GRID, made


@pytest.fixture(scope="module")
def identifier(library):
    return Identifier(library)


def measured(library, row, name="mine", noise=0.0, seed=0):
    rng = np.random.default_rng(seed)
    inside = library.covered[row]
    y = library.intensity[row][inside] * 800.0 + 50
    return Spectrum(name, GRID[inside], y + 800 * noise * rng.standard_normal(y.size))


def test_known_minerals_are_named(identifier, library):
    rows = range(0, len(library), 5)
    answers = identifier.identify([measured(library, r, noise=0.01) for r in rows])
    for row, answer in zip(rows, answers, strict=True):
        first = answer.minerals[0]
        assert first.name == library.minerals[library.mineral[row]]
        assert first.nearest[0].rruff_id == library.specimens[library.specimen[row]]
        assert first.nearest[0].url.endswith(first.nearest[0].rruff_id)
        assert not answer.unknown
        assert sum(m.score for m in answer.minerals) <= 1


def test_a_mineral_that_is_not_there_is_unknown(identifier):
    stranger = made(minerals=12, seed=99)
    answers = identifier.identify([measured(stranger, r) for r in range(0, len(stranger), 6)])
    assert np.mean([a.unknown for a in answers]) > 0.7


def test_the_answer_as_json(identifier, library):
    spectrum = measured(library, 0, "some/file.txt")
    data = identifier.identify([spectrum], always_mixtures=True)[0].as_json()
    assert json.loads(json.dumps(data)) == data
    assert set(data) == {
        "file", "minerals", "mixture", "countries", "unknown", "known_probability",
        "preprocessing", "caveat",
    }  # fmt: skip
    assert set(data["minerals"][0]) == {"name", "score", "nearest"}
    assert set(data["countries"][0]) == {"iso_a2", "probability"}
    assert data["mixture"][0]["components"]
    assert identifier.identify([]) == []


def test_a_background_is_removed_if_asked(identifier, library):
    plain = measured(library, 7)
    hump = 4000 * np.exp(-0.5 * ((plain.raman_shift - 700) / 400) ** 2)
    raw = Spectrum("raw", plain.raman_shift, plain.intensity + hump)
    for background in BASELINES[1:]:
        query = prepare(raw, GRID, background)
        assert f"background removed ({background})" in query.preprocessing
        answer = identifier.answer([query])[0]
        assert answer.minerals[0].name == library.minerals[library.mineral[7]]


def test_what_cannot_be_searched_for_is_refused():
    with pytest.raises(QueryError, match="mine: covers 2000 to 3000 cm⁻¹"):
        prepare(Spectrum("mine", np.linspace(2000, 3000, 500), np.ones(500)), GRID)
    with pytest.raises(QueryError, match="the same everywhere"):
        prepare(Spectrum("mine", np.linspace(100, 1300, 500), np.ones(500)), GRID)


def test_mixtures_are_found_with_their_shares(library):
    searcher = MixtureSearch(library)
    shares = []
    for first, second in ((0, 20), (7, 33), (13, 45)):
        a, b = library.intensity[first], library.intensity[second]
        covered = library.covered[first] & library.covered[second]
        query = prepare(Spectrum("two", GRID[covered], (0.7 * a + 0.3 * b)[covered]), GRID)
        similarity = search(library, query.slopes[None], query.covered[None])[0]
        best = searcher.find(query, similarity)
        names = {library.minerals[library.mineral[r]] for r in (first, second)}
        assert {c.mineral for c in best[0].components} == names
        assert best[0].fit >= best[-1].fit
        shares.append(best[0].components[0].share)
    assert np.mean(shares) == pytest.approx(0.7, abs=0.07)
    assert searcher.find(query, similarity, allowed=np.zeros(len(library), bool)) == []


def test_ranks_count_ties_against():
    scores = np.array([[0.5, 0.5, 0.1], [0.9, 0.2, 0.3]], dtype=np.float32)
    assert ranks(scores, np.array([0, 2])).tolist() == [2, 2]
    assert ranks(scores, np.array([0, 2]), np.array([True, False, True])).tolist() == [1, 2]


@pytest.fixture(scope="module")
def judged(library):
    return judge(library)


def test_judgement_is_a_table_and_leaks_only_where_it_says(library, judged):
    assert IDENTIFIED.problems(judged) == []
    frame = judged.to_pandas()
    assert len(frame) == len(library)
    assert (frame["rank_leaky"] == 1).mean() >= (frame["rank"] == 1).mean()
    assert (frame["rank_repeated"] <= frame["rank"]).all()
    assert frame["country_rank"].isna().sum() == sum(
        library.countries[s] is None for s in library.specimen
    )
    assert judge(library).equals(judged)


def test_mixtures_are_judged_without_their_specimens(library):
    mixed = judge_mixtures(library, 4, 0)
    assert MIXED.problems(mixed) == []
    assert mixed.equals(judge_mixtures(library, 4, 0))
    frame = mixed.to_pandas()
    assert frame["components"].tolist() == [2] * 8 + [3] * 8
    assert (frame["right"] <= frame["components"]).all()


def test_the_report_says_who_wins(library, judged):
    frame = judged.to_pandas()
    mixed = judge_mixtures(library, 4, 0).to_pandas()
    asked = judge_absent(library).to_pandas()
    text = report.to_markdown(frame, asked, mixed, {"profile": "simulated"})
    assert "- profile: simulated" in text
    worse = frame.assign(rank=9)
    assert "ours does not beat 1-NN on slopes" in report.verdicts(worse, mixed)[0]
    worth = report.trust(frame)
    assert 0.5 < worth["auroc"] <= 1
    assert worth["queries"] == 2 * len(frame)
    groups = report.identified_by_group(frame)
    assert groups.groupby("by")["n"].sum().tolist() == [len(frame)] * 2
    assert isinstance(groups, pd.DataFrame)


class TestOpening:
    def test_no_library(self, tmp_path):
        with pytest.raises(LibraryError, match="there is no mineral library; make it with"):
            Identifier.open(tmp_path / "none.safetensors")

    @pytest.mark.parametrize("data", [b"", b"nonsense", None])
    def test_a_damaged_library(self, tmp_path, library_file, data):
        path = tmp_path / "cut.safetensors"
        path.write_bytes(library_file.read_bytes()[:5000] if data is None else data)
        with pytest.raises(LibraryError, match=r"cut\.safetensors"):
            Identifier.open(path)

    def test_a_library_without_numbers(self, library):
        with pytest.raises(LibraryError, match="make it from more archives"):
            Identifier(made(minerals=2))


class TestCommand:
    @pytest.fixture
    def files(self, library, tmp_path):
        for row in (0, 7, 14):
            spectrum = measured(library, row)
            rows = zip(spectrum.raman_shift, spectrum.intensity, strict=True)
            (tmp_path / f"{row}.txt").write_text("\n".join(f"{x}, {y}" for x, y in rows))
        return tmp_path

    def run(self, library_file, *arguments):
        chosen = ["identify", *map(str, arguments), "--library", str(library_file)]
        return CliRunner().invoke(app, chosen)

    def test_lines_for_a_person(self, library_file, files):
        result = self.run(library_file, files / "0.txt")
        assert result.exit_code == 0
        assert "M0: R0000" in result.stdout
        for word in ("known", "nearest: https://", "countries:", "hardly the place", "done to it"):
            assert word in result.stdout

    def test_json_lines_of_a_folder(self, library_file, files):
        result = self.run(library_file, files, "--json")
        rows = [json.loads(line) for line in result.stdout.splitlines()]
        assert [r["file"][-6:] for r in rows] == ["/0.txt", "14.txt", "/7.txt"]
        assert [r["minerals"][0]["name"] for r in rows] == ["M0", "M2", "M1"]

    def test_what_is_wrong_is_told_and_the_others_are_answered(self, library_file, files):
        (files / "1.txt").write_text("")
        result = self.run(library_file, files, "--json")
        assert result.exit_code == 1
        assert len(result.stdout.splitlines()) == 3
        assert "1.txt: the file is empty" in result.stderr

    def test_a_folder_without_files(self, library_file, tmp_path):
        (tmp_path / "empty").mkdir()
        result = self.run(library_file, tmp_path / "empty")
        assert result.exit_code == 1
        assert "empty: holds no file" in result.stderr

    def test_pictures(self, library_file, files, tmp_path):
        folder = tmp_path / "pictures"
        result = self.run(library_file, files / "7.txt", "--plot", folder, "--mixtures")
        assert result.exit_code == 0
        assert (folder / "7.txt.png").stat().st_size > 20_000

    def test_pictures_of_files_of_one_name(self, library_file, files, tmp_path):
        (files / "other").mkdir()
        (files / "14.txt").rename(files / "other" / "7.txt")
        folder = tmp_path / "pictures"
        self.run(library_file, files / "7.txt", files / "other" / "7.txt", "--plot", folder)
        assert sorted(p.name for p in folder.iterdir()) == ["7.txt-2.png", "7.txt.png"]

    def test_a_way_that_is_none(self, library_file, files):
        result = self.run(library_file, files, "--baseline", "magic")
        assert result.exit_code == 2
        assert "arpls" in result.output


def test_what_takes_seconds_to_import_is_not_imported(library_file, tmp_path):
    x = np.linspace(100, 1300, 400)
    rows = zip(x, np.exp(-(((x - 500) / 20) ** 2)), strict=True)
    (tmp_path / "one.csv").write_text("\n".join(f"{a};{b}" for a, b in rows))
    code = (
        "import sys\nfrom raman_pipeline.cli.main import app\n"
        f"sys.argv = ['x', 'identify', {str(tmp_path / 'one.csv')!r}, '--mixtures', "
        f"'--library', {str(library_file)!r}]\n"
        "try:\n    app()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "heavy = {'torch', 'pandas', 'pyarrow', 'sklearn', 'dagster', 'numba', 'matplotlib'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
