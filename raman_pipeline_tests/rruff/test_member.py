import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raman_pipeline.rruff.member import parse_member
from raman_pipeline.rruff.refusals import MemberRefused

NAME = "Quartz__R040031__Raman__532______Raman_Data_Processed__c801aaca84d830ae65447fa8483e.txt"
HEAD = "##NAMES=Quartz\r\n##RRUFFID=R040031\r\n##LOCALITY=Brazil\r\n##FILETYPE=Raman Processed\r\n"
ROWS = ["100.5, 1.0", "101.5, 2.5", "102.5, -3.0", "103.5, 4.0"]
END = "##END=\n\n\n\n"


def member_text(head: str = HEAD, rows: list[str] = ROWS, end: str = END) -> bytes:
    return (head + "\r\n" + "\r\n".join(rows) + "\r\n" + end).encode()


@pytest.mark.parametrize(
    "rows",
    [
        ROWS,
        ["100.5\t1.0", "101.5\t2.5", "102.5\t-3.0", "103.5\t4.0"],
        ["1.005e+002   1.0E0", "101.5 2.5", "  102.5 -3.0 ", "1.035000e+002 4"],
        ["100.5,1.0", "101.5 ,2.5", "102.5 , -3.0", "103.5, 4.0"],
        ["100.5, 1.0", "", "101.5, 2.5", "102.5\t-3.0", "103.5, 4.0"],
    ],
    ids=["current", "tabs", "blanks and exponents", "commas without blanks", "mixed, blank line"],
)
def test_row_forms_mean_the_same(rows):
    member = parse_member(member_text(rows=rows), NAME)
    assert member.raman_shift.dtype == member.intensity.dtype == np.float32
    assert member.raman_shift.tolist() == [100.5, 101.5, 102.5, 103.5]
    assert member.intensity.tolist() == [1, 2.5, -3, 4]
    assert (member.mineral, member.rruff_id, member.kind) == ("Quartz", "R040031", "Processed")
    assert (member.wavelength_nm, member.has_end, member.encoding) == (532.0, True, "utf-8")


def test_repeated_headers_keep_first_identity_and_last_other():
    head = "##NAMES=\r\n##NAMES=Quartz\r\n##RRUFFID=R040031\r\n##RRUFFID=\r\n"
    head += "##STATUS=old##OWNER=a=b\r\nonce wrapped\r\n# Laser (nm)=532\r\nX Y\r\n"
    member = parse_member(member_text(head, end="##STATUS=new\n##END=\nafter the end\n"), NAME)
    headers = {"NAMES": "Quartz", "RRUFFID": "R040031", "STATUS": "new", "OWNER": "a=b"}
    assert member.headers == headers
    assert member.repeated_keys == ["NAMES", "RRUFFID", "STATUS"]
    assert (member.preamble, member.comments) == (["once wrapped", "X Y"], ["Laser (nm)=532"])


def test_header_beats_name_for_mineral_specimen_and_wavelength():
    name = "QuartzA__R040031-3__Raman__53______Raman_Data_Processed__c801aaca84d830ae65.txt"
    member = parse_member(member_text(HEAD + "##RAMAN WAVELENGTH=532\r\n"), name)
    assert (member.mineral, member.rruff_id, member.wavelength_nm) == ("Quartz", "R040031", 532.0)


@pytest.mark.parametrize("head", ["", "##NAMES=Quartz\n##RRUFFID=R040031\n"])
def test_the_file_name_replaces_missing_headers_in_a_file_without_end(head):
    member = parse_member((head + "\r\n".join(ROWS)).encode(), NAME)
    assert (member.mineral, member.rruff_id, member.kind) == ("Quartz", "R040031", "Processed")
    assert (len(member.raman_shift), member.has_end) == (4, False)


def test_the_id_of_another_name_is_a_hash_of_the_content():
    member = parse_member(member_text(), "mine.txt")
    assert member.member_id.startswith("sha256-")
    assert member.member_id == parse_member(member_text(), "other.txt").member_id


def with_row(row, line=2):
    return member_text(rows=[*ROWS[: line - 1], row, *ROWS[line:]])


NO_ROWS = ("101.5, 2.5, 9", "101.5", "101.5, abc", "1_0, 2", "101.5; 2.5", "101.5,")


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        (member_text().replace(b"Brazil", b"Bra\x81il"), "DECODE", 3),
        (b"", "TOO_SHORT", None),
        (member_text(rows=[]), "TOO_SHORT", None),
        (member_text(rows=ROWS[:2]), "TOO_SHORT", None),
        (with_row("100.5\t9"), "DUPLICATE_AXIS", 7),
        (member_text(rows=[*ROWS, "103.5, 7"]), "DUPLICATE_AXIS", 10),
        (member_text(rows=ROWS[::-1]), "NONMONOTONIC", 7),
        (member_text(rows=[*ROWS[2:], *ROWS[:2]]), "NONMONOTONIC", 8),
        (member_text(HEAD + "##NAMES=Calcite\r\n"), "IDENTITY_CONFLICT", 5),
        (member_text(HEAD.replace("Processed", "RAW")), "KIND_MISMATCH", 4),
        # Two short rows do not make one.
        (member_text(rows=["100, 1, 2", *ROWS[1:], "104"]), "ROW", 10),
        *((with_row(row), "ROW", 7) for row in NO_ROWS),
        *((with_row(f"104.5, {v}", 4), "NONFINITE", 9) for v in ("nan", "-Infinity", "1e99")),
    ],
)
def test_refusals_have_a_code_and_a_line(data, code, line):
    with pytest.raises(MemberRefused) as caught:
        parse_member(data, NAME)
    found = caught.value
    assert found.code == code
    assert code == "TOO_SHORT" or found.line == line
    assert code != "ROW" or found.text.encode() == data.splitlines()[line - 1]
    # What was read before is kept.
    assert found.headers.get("NAMES") == (None if code == "DECODE" or not data else "Quartz")


FINITE = st.floats(-1e6, 1e6, allow_nan=False, width=32)


@given(st.lists(FINITE, min_size=3, max_size=60), st.sampled_from([", ", "\t", "  ", ","]))
def test_numbers_survive_the_round_trip(intensities, separator):
    shift = np.arange(len(intensities), dtype=np.float32) + np.float32(100.25)
    rows = [f"{float(x)!r}{separator}{float(y)!r}" for x, y in zip(shift, intensities, strict=True)]
    member = parse_member(member_text(rows=rows), NAME)
    np.testing.assert_array_equal(member.raman_shift, shift)
    np.testing.assert_array_equal(member.intensity, np.float32(intensities))
