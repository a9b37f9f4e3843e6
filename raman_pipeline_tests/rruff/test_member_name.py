import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from raman_pipeline.rruff.member_name import kind_of, parse_member_name, parse_wavelength

ID = "c801aaca84d830ae65447fa8483e"


def test_current_oriented_name():
    name = parse_member_name(
        f"Actinolite__R040063-4__Raman__514__45-000__ccw__Raman_Data_Processed__{ID}.txt"
    )
    assert (name.mineral, name.subsample_id) == ("Actinolite", "R040063-4")
    assert name.rruff_id == "R040063"
    assert (name.wavelength_nm, name.kind, name.member_id) == (514.0, "Processed", ID)
    assert name.measurement_key == "Actinolite__R040063-4__Raman__514__45-000__ccw"
    assert name.oriented is True


@pytest.mark.parametrize(
    ("fields", "oriented"),
    [
        ("Quartz__R040031__Raman__785______Raman_Data_RAW", False),
        ("Quartz__R040031__Broad_Scan__785__0__unoriented__Raman_Data_Raw", False),
        ("Quartz__R040031-2__Raman__514__0-000____Raman_Data_RAW", True),
        ("Quartz__R040031-2__Raman__514__90-000__depolarized__Raman_Data_RAW", True),
    ],
)
def test_empty_fields_stay_and_decide_the_orientation(fields, oriented):
    # Folders are no part of the name.
    name = parse_member_name(f"x/y\\{fields}__{ID}.txt")
    assert (name.mineral, name.kind, name.member_id) == ("Quartz", "RAW", ID)
    assert name.oriented is oriented


def test_old_single_underscores():
    name = parse_member_name("Albite_R040068-3_Raman_514_0_ccw_Raman_Data_Processed_1596.txt")
    assert (name.mineral, name.rruff_id, name.kind) == ("Albite", "R040068", "Processed")
    assert name.member_id == "1596"


@example("notes.txt")
@example("a__b__c.txt")
@given(st.text())
def test_other_names_keep_only_their_text(name):
    parsed = parse_member_name(name)
    assert parsed.member_id is None
    assert parsed.oriented is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Raman Processed", "Processed"),
        ("Raman_Data_Raw", "RAW"),
        ("Infrared", None),
    ],
)
def test_kinds(text, kind):
    assert kind_of(text) == kind


@pytest.mark.parametrize(
    ("text", "nm"),
    [
        ("532", 532.0),
        ("632.8", 632.8),
        ("", None),
        ("0", None),
        ("53", None),
        ("7800", None),
        ("532 nm", 532.0),
    ],
)
def test_wavelengths(text, nm):
    assert parse_wavelength(text) == nm


FIELD = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=8)


@given(FIELD, st.sampled_from(["RAW", "Raw", "Processed"]), FIELD, FIELD)
def test_round_trip(mineral, kind, angle, polarization):
    text = f"{mineral}__R123456__Raman__532__{angle}__{polarization}__Raman_Data_{kind}__{ID}.txt"
    name = parse_member_name(text)
    assert (name.mineral, name.angle, name.polarization) == (mineral, angle, polarization)
    assert name.raw == text
    # RAW and Processed of one measurement share the key.
    assert name.measurement_key == f"{mineral}__R123456__Raman__532__{angle}__{polarization}"
