import pytest

from raman_pipeline.geography.errors import OverrideError
from raman_pipeline.geography.georeferencing.overrides import OVERRIDE_COLUMNS, read_overrides
from raman_pipeline.profiles import load_settings

KNOWN = frozenset({"ZA", "NA"})
HEAD = ",".join(OVERRIDE_COLUMNS)


def read(tmp_path, *lines, head=HEAD):
    path = tmp_path / "overrides.csv"
    path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    return read_overrides(path, KNOWN)


def test_reading(tmp_path):
    overrides = read(
        tmp_path,
        '"A mine, Namibia",NA,-19.2,17.7,3,place,"known, by hand"',
        "B,ZA,,,,country,",
        "C,,,,,none,no place at all",
    )
    mine = overrides["A mine, Namibia"]
    assert (mine.iso_a2, mine.latitude) == ("NA", -19.2)
    assert overrides["B"].coordinate_uncertainty_km is overrides["C"].iso_a2 is None
    # No file overrides nothing.
    assert read_overrides(tmp_path / "missing.csv", KNOWN) == {}
    # Columns of another table, and of a file of version 0.1.0.
    old = HEAD.replace("coordinate_uncertainty_km", "radius_km")
    for head, message in (("place", ":1: the columns must be"), (old, "radius_km: rename")):
        with pytest.raises(OverrideError, match=rf"overrides\.csv.*{message}"):
            read(tmp_path, head=head)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("A mine, Namibia,NA,-19.2,17.7,3,place,x", ":2: 7 fields"),
        ("A,XX,1,2,3,place,", ":2: iso_a2 'XX'"),
        ("A,ZA,1,2,3,town,", ":2: level 'town'"),
        ("A,ZA,one,2,3,place,", ":2: could not convert"),
        ("A,ZA,1,,3,place,", ":2: latitude, longitude and coordinate_uncertainty_km go together"),
        ("A,ZA,91,2,3,place,", ":2: not a point"),
        ("A,ZA,1,2,0,place,", ":2: not a point"),
        ("A,ZA,,,,place,", ":2: level 'place' does not fit the coordinates"),
        ("A,,,,,country,", ":2: level 'country' does not fit the country"),
        ("A,ZA,nan,2,3,place,", ":2: not a point"),
        ("A,ZA,,,,country,\nA,ZA,,,,country,", ":3: this locality occurs twice"),
    ],
)
def test_wrong_lines_are_named(tmp_path, line, message):
    with pytest.raises(OverrideError, match=message):
        read(tmp_path, line)


def test_the_file_of_the_project_is_sound(atlas):
    path = load_settings("sample").geography.overrides_file
    overrides = read_overrides(path, atlas.countries.codes)
    assert overrides
    assert all(o.reason for o in overrides.values())
