"""Mutated members: never an unhandled exception, never an unsound spectrum."""

import random
import signal
import zipfile
from contextlib import contextmanager
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raman_pipeline.common import spectrum_text
from raman_pipeline.rruff.member import Member, parse_member
from raman_pipeline.rruff.refusals import MemberRefused
from raman_pipeline_tests.rruff.test_member import NAME

MUTATIONS = 10_000
COMPARED_EVERY = 25
LIMIT_S = 20
TOKENS = [
    b"nan",
    b"inf, 1",
    b"1e999",
    b"##END=\n",
    b"##NAMES=Other\n",
    b"\n-1, -1\n",
    b"#",
    b"1_0",
]


@contextmanager
def alive():
    """Ends a parse that hangs."""

    def stop(*_):
        raise TimeoutError("a member kept the parser busy")

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(LIMIT_S)
    try:
        yield
    finally:
        signal.alarm(0)


def outcome(parse, data, name):
    try:
        return parse(data, name)
    except MemberRefused as refusal:
        return refusal


def parse_row_by_row(data, name):
    """Reads a member without reading regular rows at once: the reference of the fast way."""
    with mock.patch.object(spectrum_text, "_plain_rows", lambda text, offset: None):
        return parse_member(data, name)


def assert_valid(found):
    if isinstance(found, MemberRefused):
        assert found.code.value in found.message
        assert found.line is None or found.line >= 0
        return
    assert len(found.raman_shift) == len(found.intensity) >= 3
    assert np.isfinite(found.raman_shift).all()
    assert np.isfinite(found.intensity).all()
    assert (np.diff(found.raman_shift) > 0).all()


def assert_same(found, expected):
    assert type(found) is type(expected)
    if isinstance(expected, MemberRefused):
        assert vars(found) == vars(expected)
        return
    for field in Member.__dataclass_fields__:
        one, other = getattr(found, field), getattr(expected, field)
        same = one.tobytes() == other.tobytes() if isinstance(one, np.ndarray) else one == other
        assert same, field


def flip_bytes(data, rng):
    changed = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def cut_lines(data, rng):
    lines = data.splitlines(keepends=True)
    start = rng.randrange(len(lines))
    return b"".join(lines[:start] + lines[start + rng.randint(1, 30) :])


def cut_within_lines(data, rng):
    lines = data.splitlines(keepends=True)
    row = rng.randrange(len(lines))
    lines[row] = lines[row][: rng.randint(0, len(lines[row]))]
    return b"".join(lines)


def join_lines(data, rng):
    lines = data.splitlines(keepends=True)
    row = rng.randrange(len(lines))
    lines[row] = lines[row].rstrip(b"\r\n") + rng.choice([b"", b" ", b",", b"\r", b"\x0b"])
    return b"".join(lines)


def reorder_lines(data, rng):
    lines = data.splitlines(keepends=True)
    one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


def mix_encodings(data, rng):
    at = rng.randrange(len(data))
    piece = rng.choice(["é".encode("cp1252"), "é".encode(), "é".encode("utf-16"), b"\x81", b"\0"])
    return data[:at] + piece + data[at:]


def change_breaks(data, rng):
    return data.replace(b"\r\n", b"\n").replace(
        b"\n", rng.choice([b"\r", b"\n\n", b"\r\n", b"\n\r"])
    )


def insert_token(data, rng):
    at = rng.randrange(len(data))
    return data[:at] + rng.choice(TOKENS) + data[at:]


MUTATORS = [
    flip_bytes,
    cut_lines,
    cut_within_lines,
    join_lines,
    reorder_lines,
    mix_encodings,
    change_breaks,
    insert_token,
]


def members_of(folder, count):
    found = []
    for path in sorted(folder.glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            found += [(n, archive.read(n)) for n in names[:: max(1, len(names) // count)]]
    return [(name, data) for name, data in found if data]


def fuzz(members, mutations):
    rng = random.Random(0)
    refused = 0
    for number in range(mutations):
        name, data = members[number % len(members)]
        for _ in range(rng.randint(1, 3)):
            data = rng.choice(MUTATORS)(data, rng) or b"\n"
        with alive():
            found = outcome(parse_member, data, name)
        assert_valid(found)
        refused += isinstance(found, MemberRefused)
        # Reading row by row is slow, so only some are compared.
        if number % COMPARED_EVERY == 0:
            assert_same(found, outcome(parse_row_by_row, data, name))
    assert 0 < refused < mutations


def test_mutated_sample_members(sample_folder):
    fuzz(members_of(sample_folder, 100), MUTATIONS // 4)


@pytest.mark.integration
def test_mutated_real_members(rruff_mirror):
    fuzz(members_of(rruff_mirror, 300), MUTATIONS)


PIECE = st.sampled_from(
    [
        b"##NAMES=Quartz",
        b"##RRUFFID=R040031",
        b"##FILETYPE=Raman RAW",
        b"##END=",
        b"100.5, 1",
        b"101, 2.5e1",
        b"102\t3",
        b" 103 , -4 ",
        b"nan, 1",
        b"104, inf",
        b"99, 5",
        b"X Y",
        b"# Instrument=x",
        b"",
        b"\xe9",
        b"\xc3\xa9",
        b"\x81",
        b"\xef\xbb\xbf",
        b"1, 2, 3",
        b"\xd9\xa1, 2",
    ]
)
BREAK = st.sampled_from([b"\n", b"\r\n", b"\r", b"\n\r\n"])


@settings(max_examples=500, deadline=None)
@given(st.lists(st.tuples(PIECE, BREAK), max_size=14))
def test_rows_at_once_and_row_by_row_give_the_same(pieces):
    data = b"".join(piece + line_break for piece, line_break in pieces)
    found = outcome(parse_member, data, NAME)
    assert_valid(found)
    assert_same(found, outcome(parse_row_by_row, data, NAME))


@given(st.binary(max_size=400))
def test_noise_is_refused_or_valid(data):
    assert_valid(outcome(parse_member, data, NAME))


@pytest.mark.parametrize(
    "data",
    [
        b"1" * 3_000_000,
        b"1." * 1_500_000,
        b"##" * 1_500_000,
        b"##A=" * 200_000,
        b"#\n" * 300_000,
        b"\n" * 1_000_000,
        b"1, 1\n" * 100_000,
        b" " * 3_000_000 + b"x",
        b"1, 1\n" + b"1 " * 1_000_000,
    ],
    ids=range(9),
)
def test_odd_and_long_members_end(data):
    with alive():
        assert isinstance(outcome(parse_member, data, NAME), MemberRefused)
