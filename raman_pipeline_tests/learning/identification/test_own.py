import numpy as np
import pytest

from raman_pipeline.learning.data.model_state import ModelState
from raman_pipeline.learning.identification.own import (
    OwnLibrary,
    OwnLibraryError,
    OwnSpectrum,
    with_own,
)
from raman_pipeline.learning.identification.own_names import mineral_of
from raman_pipeline_tests.learning.identification.minerals import measured_spectrum

X = np.arange(50.0)
ROW = ["a", "a", "M1", None]
KNOWN = ("Albite", "Allanite-(Ce)", "Calcite", "Quartz", "Carbonate-fluorapatite", "Ice")


@pytest.mark.parametrize(
    ("text", "mineral"),
    [
        ("Calcite_12", "Calcite"),
        ("Calcite (1)", "Calcite"),
        ("calcite12", "Calcite"),
        ("CALCITE 532nm raw x50", "Calcite"),
        ("Calcite__R040070__Raman__532", "Calcite"),
        ("Calcite_AB12_0d77f", "Calcite"),
        ("Allanite-(Ce)_3", "Allanite-(Ce)"),
        ("allanite ce a", "Allanite-(Ce)"),
        ("Carbonate-Fluorapatite-2", "Carbonate-fluorapatite"),
        ("Álbite", "Albite"),
        ("Calcite_Quartz", '"Calcite_Quartz" may be Calcite, but what is "quartz"'),
        ("Calcite_Ice2", 'but what is "ice"'),
        ("Calcite_Quartz2", 'but what is "quartz"'),
        ("Calcite-rich mud", 'what is "rich mud"'),
        ("not calcite", "starts with no mineral"),
        ("Calcit_1", "near it: Calcite"),
        ("Calcitex", "near it: Calcite"),
        ("Iceland", "starts with no mineral"),
        ("12", "starts with no mineral"),
        ("", "starts with no mineral"),
    ],
)
def test_names_decide_minerals_or_are_refused(text, mineral):
    if mineral in KNOWN:
        assert mineral_of(text, KNOWN) == mineral
    else:
        with pytest.raises(OwnLibraryError, match=f"(?s){mineral}.*--mineral"):
            mineral_of(text, KNOWN)


def own_of(library, *rows):
    found = (measured_spectrum(library, row, f"{row}.txt", 0.01) for row, _ in rows)
    return OwnLibrary().with_more(
        OwnSpectrum(s.name, s.name, mineral, s.raman_shift, s.intensity, 532.0)
        for s, (_, mineral) in zip(found, rows, strict=True)
    )


def test_own_spectra_join_a_library_in_its_order(library):
    both = with_own(library, own_of(library, (7, "m1"), (40, "M1b"), (20, "Zz")))
    assert both.minerals == ("M0", "M1", "M1b", *library.minerals[2:], "Zz")
    assert (np.diff(both.mineral) >= 0).all()
    assert set(np.diff(both.specimen)) == {0, 1} and both.specimen[0] == 0
    mine = np.array([i.startswith("own:") for i in both.member_id])
    again = both.subset(~mine)
    assert again.minerals == library.minerals and again.specimens == library.specimens
    assert again.countries == library.countries and again.ratings == library.ratings
    assert np.array_equal(again.derivatives, library.derivatives)
    assert [both.minerals[m] for m in both.mineral[mine]] == ["M1", "M1b", "Zz"]
    assert [both.specimens[s] for s in both.specimen[mine]] == [f"own:{n}.txt" for n in (7, 40, 20)]
    # M1 holds calcium and others; nothing is known of a new mineral.
    assert list(both.ideal_elements[mine].any(axis=1)) == [True, False, False]
    similar = both.intensity[mine][0] @ library.intensity[7]
    assert similar > 0.98 * (library.intensity[7] @ library.intensity[7])


def test_names_stay_unique_and_files_round_trip(library, tmp_path):
    one = own_of(library, (7, "M1"))
    other = OwnSpectrum("7.txt", "7.txt", "M2", np.arange(50.0), np.arange(50.0) ** 2)
    both = one.with_more([other, other])
    assert [(s.name, s.mineral) for s in both.spectra] == [("7.txt", "M1"), ("7.txt (2)", "M2")]
    # Spectra of one file stay together, apart from those of another file of its name.
    x, y = other.raman_shift, other.intensity
    files = [OwnSpectrum(f"7.txt#{n}", "7.txt", "m1", x, y + n) for n in (1, 2)]
    three = both.with_more(files)
    assert [(s.name, s.specimen) for s in three.spectra[2:]] == [
        ("7.txt (3)#1", "7.txt (3)"), ("7.txt (3)#2", "7.txt (3)"),
    ]  # fmt: skip
    assert three.minerals == ["M1", "M2"]
    both.write(tmp_path / "own")
    again = OwnLibrary.read(tmp_path / "own")
    assert again.version == both.version != one.version
    assert [s.content for s in again.spectra] == [s.content for s in both.spectra]
    stored = bytearray((tmp_path / "own").read_bytes())
    stored[-20] ^= 1
    (tmp_path / "own").write_bytes(stored)
    with pytest.raises(OwnLibraryError, match="damaged .it does not hold what was written"):
        OwnLibrary.read(tmp_path / "own")
    one.without(["m1"]).write(tmp_path / "own")
    assert OwnLibrary.read(tmp_path / "own").spectra == ()


@pytest.mark.parametrize(
    ("array", "rows", "more"),
    [
        (X[::-1], [ROW], {}),
        (X * np.nan, [ROW], {}),
        (X[None], [ROW], {}),
        (X[:-1], [ROW], {}),
        (X, [ROW] * 2, {"points": [1, 49]}),
        (X, [["a", "a", "M1", "green"]], {}),
        (X, [["a", "a", 1, None]], {}),
        (X, [["\udce9", "a", "M1", None]], {}),
        (X, [ROW, ROW], {"points": [20, 30]}),
        (X, [ROW, ROW], {}),
        (X, [ROW], {"points": [20]}),
        (X, [ROW], {"format_version": "1"}),
    ],
)
def test_a_damaged_library_is_refused_as_a_whole(tmp_path, array, rows, more):
    about = {"kind": "raman_pipeline own library", "format_version": 1, "points": [50]}
    state = ModelState({"raman_shift": array, "intensity": X}, {**about, "spectra": rows, **more})
    state.write(tmp_path / "own")
    with pytest.raises(OwnLibraryError, match="no own library, or damaged"):
        OwnLibrary.read(tmp_path / "own")
