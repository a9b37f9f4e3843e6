import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raman_pipeline.rruff.member import parse_member
from raman_pipeline.rruff.refusals import REMEDIES, MemberRefused, RefusalCode

NAME = "Quartz__R040031__Raman__532______Raman_Data_Processed__c801aaca84d830ae65447fa8483e.txt"
HEAD = "##NAMES=Quartz\r\n##RRUFFID=R040031\r\n##LOCALITY=Brazil\r\n##FILETYPE=Raman Processed\r\n"
ROWS = ["100.5, 1.0", "101.5, 2.5", "102.5, -3.0", "103.5, 4.0"]
END = "##END=\n\n\n\n"


def member_text(head: str = HEAD, rows: list[str] = ROWS, end: str = END) -> bytes:
    return (head + "\r\n" + "\r\n".join(rows) + "\r\n" + end).encode()


def refusal(data: bytes, name: str = NAME) -> MemberRefused:
    with pytest.raises(MemberRefused) as caught:
        parse_member(data, name)
    return caught.value


def test_current_format():
    member = parse_member(member_text(), NAME)
    assert member.raman_shift.dtype == member.intensity.dtype == np.float32
    np.testing.assert_array_equal(member.raman_shift, np.float32([100.5, 101.5, 102.5, 103.5]))
    np.testing.assert_array_equal(member.intensity, np.float32([1, 2.5, -3, 4]))
    assert (member.mineral, member.rruff_id, member.kind) == ("Quartz", "R040031", "Processed")
    assert (member.wavelength_nm, member.has_end, member.encoding) == (532.0, True, "utf-8")


def test_old_format_without_blank_line_or_end():
    data = b"##NAMES=Quartz\n##RRUFFID=R040031\n" + "\r\n".join(ROWS).encode() + b"\r\n"
    member = parse_member(data, NAME)
    assert (len(member.raman_shift), member.has_end, member.kind) == (4, False, "Processed")


@pytest.mark.parametrize(
    "rows",
    [
        ["100.5\t1.0", "101.5\t2.5", "102.5\t-3.0", "103.5\t4.0"],
        ["1.005e+002   1.0E0", "101.5 2.5", "  102.5 -3.0 ", "1.035000e+002 4"],
        ["100.5,1.0", "101.5 ,2.5", "102.5 , -3.0", "103.5, 4.0"],
        ["100.5, 1.0", "", "101.5, 2.5", "102.5\t-3.0", "103.5, 4.0"],
    ],
    ids=["tabs", "blanks and exponents", "commas without blanks", "mixed, blank line"],
)
def test_row_forms_mean_the_same(rows):
    expected = parse_member(member_text(), NAME)
    found = parse_member(member_text(rows=rows), NAME)
    np.testing.assert_array_equal(found.raman_shift, expected.raman_shift)
    np.testing.assert_array_equal(found.intensity, expected.intensity)


def test_two_headers_on_one_line_and_headers_after_the_rows():
    head = HEAD + "##ORIENTATION=Laser parallel to c##STATUS=a=b\r\n"
    data = member_text(head, end="##OWNER=RRUFF\n##END=\nafter the end\n")
    headers = parse_member(data, NAME).headers
    found = [headers[key] for key in ("ORIENTATION", "STATUS", "OWNER")]
    assert found == ["Laser parallel to c", "a=b", "RRUFF"]


def test_repeated_headers_keep_first_identity_and_last_other():
    head = "##NAMES=\r\n##NAMES=Quartz\r\n##RRUFFID=R040031\r\n##RRUFFID=\r\n"
    head += "##STATUS=old\r\n##STATUS=new\r\n"
    member = parse_member(member_text(head), NAME)
    assert member.headers == {"NAMES": "Quartz", "RRUFFID": "R040031", "STATUS": "new"}
    assert member.repeated_keys == ["NAMES", "RRUFFID", "STATUS"]


def test_stray_lines_comments_and_headings_before_the_rows():
    head = HEAD + "tail of a header once wrapped\r\n# Laser (nm)=532\r\nX Y\r\n"
    member = parse_member(member_text(head), NAME)
    assert member.preamble == ["tail of a header once wrapped", "X Y"]
    assert member.comments == ["Laser (nm)=532"]


def test_header_beats_name_for_mineral_specimen_and_wavelength():
    name = "QuartzA__R040031-3__Raman__53______Raman_Data_Processed__c801aaca84d830ae65.txt"
    member = parse_member(member_text(HEAD + "##RAMAN WAVELENGTH=532\r\n"), name)
    assert (member.mineral, member.rruff_id, member.wavelength_nm) == ("Quartz", "R040031", 532.0)


def test_the_file_name_replaces_missing_headers():
    member = parse_member("\n".join(ROWS).encode(), NAME)
    assert (member.mineral, member.rruff_id, member.kind) == ("Quartz", "R040031", "Processed")


def test_the_id_of_another_name_is_a_hash_of_the_content():
    member = parse_member(member_text(), "mine.txt")
    assert member.member_id.startswith("sha256-")
    assert member.member_id == parse_member(member_text(), "other.txt").member_id


TABS = [row.replace(",", "\t") for row in ROWS]


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        (member_text().replace(b"Brazil", b"Bra\x81il"), "DECODE", 3),
        (b"", "TOO_SHORT", None),
        (member_text(rows=[]), "TOO_SHORT", None),
        (member_text(rows=ROWS[:2]), "TOO_SHORT", None),
        (member_text(rows=[*ROWS[:2], "101.5, 9", *ROWS[2:]]), "DUPLICATE_AXIS", 8),
        (member_text(rows=[*TABS, "103.5\t7"]), "DUPLICATE_AXIS", 10),
        (member_text(rows=ROWS[::-1]), "NONMONOTONIC", 7),
        (member_text(rows=[*ROWS[2:], *ROWS[:2]]), "NONMONOTONIC", 8),
        (member_text(HEAD + "##NAMES=Calcite\r\n"), "IDENTITY_CONFLICT", 5),
        (member_text(HEAD.replace("Processed", "RAW")), "KIND_MISMATCH", 4),
        # Two short rows do not make one.
        (member_text(rows=["100, 1, 2", *ROWS[1:], "104"]), "ROW", 10),
    ],
)
def test_refusals_have_a_code_and_a_line(data, code, line):
    found = refusal(data)
    assert found.code == code
    assert code == "TOO_SHORT" or found.line == line
    # What was read before is kept.
    assert found.headers.get("NAMES") == (None if code == "DECODE" or not data else "Quartz")


@pytest.mark.parametrize(
    "row", ["101.5, 2.5, 9", "101.5", "101.5, abc", "1_0, 2", "101.5; 2.5", "101.5,"]
)
def test_rows_that_are_not_two_numbers_are_refused(row):
    found = refusal(member_text(rows=[ROWS[0], row, *ROWS[2:]]))
    assert (found.code, found.line) == (RefusalCode.ROW, 7)
    assert row in found.text


@pytest.mark.parametrize("value", ["nan", "NaN", "inf", "-Infinity", "1e99"])
def test_numbers_that_are_not_finite_are_refused(value):
    found = refusal(member_text(rows=[*ROWS, f"104.5, {value}"]))
    assert (found.code, found.line) == (RefusalCode.NONFINITE, 10)


def test_every_code_has_a_remedy():
    assert set(REMEDIES) == set(RefusalCode)


FINITE = st.floats(-1e6, 1e6, allow_nan=False, width=32)


@given(st.lists(FINITE, min_size=3, max_size=60), st.sampled_from([", ", "\t", "  ", ","]))
def test_numbers_survive_the_round_trip(intensities, separator):
    shift = np.arange(len(intensities), dtype=np.float32) + np.float32(100.25)
    rows = [f"{float(x)!r}{separator}{float(y)!r}" for x, y in zip(shift, intensities, strict=True)]
    member = parse_member(member_text(rows=rows), NAME)
    np.testing.assert_array_equal(member.raman_shift, shift)
    np.testing.assert_array_equal(member.intensity, np.float32(intensities))
