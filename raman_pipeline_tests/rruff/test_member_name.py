import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from raman_pipeline.rruff.member_name import parse_member_name, parse_wavelength

ID = "c801aaca84d830ae65447fa8483e"


@pytest.mark.parametrize(
    ("text", "kind", "nm", "oriented"),
    [
        ("Quartz__R040031__Raman__785______Raman_Data_RAW", "RAW", 785, False),
        ("Quartz__R040031-3__Broad_Scan__785__0__unoriented__Raman_Data_Raw", "RAW", 785, False),
        ("Quartz__R040031-2__Raman__514__0-000____Raman_Data_RAW", "RAW", 514, True),
        ("Quartz__R040031.4__Raman__53____ccw__Raman_Data_Processed", "Processed", None, True),
        ("Quartz_R040031-3_Raman_514_0_ccw_Raman_Data_Processed", "Processed", 514, True),
    ],
)
def test_empty_fields_stay_and_decide_the_orientation(text, kind, nm, oriented):
    separator = "__" if "__" in text else "_"
    # Folders are no part of the name.
    name = parse_member_name(f"x/y\\{text}{separator}{ID}.txt")
    fields = [name.mineral, name.subsample_id, name.scan, name.angle, name.polarization]
    expected = text.split(separator)
    assert fields == [*expected[:3], *expected[4:6]]
    # RAW and Processed of one measurement share the key.
    assert name.measurement_key == "__".join(expected[:6])
    assert (name.rruff_id, name.member_id, name.kind) == ("R040031", ID, kind)
    assert (name.wavelength_nm, name.oriented) == (nm, oriented)


@example("notes.txt")
@example(f"Quartz__R040031__Infrared__0______Raman_Data_Infrared__{ID}.txt")
@example("a__b__c.txt")
@given(st.text())
def test_other_names_keep_only_their_text(name):
    parsed = parse_member_name(name)
    assert parsed.member_id is None
    assert parsed.oriented is None


@pytest.mark.parametrize(
    ("text", "nm"), [("632.8", 632.8), ("", None), ("0", None), ("7800", None), ("532 nm", 532.0)]
)
def test_wavelengths(text, nm):
    assert parse_wavelength(text) == nm
