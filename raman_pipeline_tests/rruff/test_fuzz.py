"""Mutated members: never an unhandled exception, never an unsound spectrum."""

import random
import signal
import zipfile
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raman_pipeline.common.spectrum_text import read_spectrum_text
from raman_pipeline.rruff.member import parse_member
from raman_pipeline.rruff.refusals import MemberRefused
from raman_pipeline_tests.common.test_spectrum_text import assert_rows_at_once_are_rows_one_by_one
from raman_pipeline_tests.rruff.test_member import NAME

MUTATIONS = pytest.mark.parametrize(
    "mutations", [800, pytest.param(10_000, marks=pytest.mark.long)]
)
COMPARED_EVERY = 25
LIMIT_S = 20
TOKENS = [
    *(b"nan", b"inf, 1", b"1e999", b"##END=\n", b"##NAMES=Other\n", b"\n-1, -1\n", b"#", b"1_0"),
    *("é".encode(encoding) for encoding in ("utf-8", "cp1252", "utf-16")),
    *(b"\x81", b"\0"),
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


def outcome(data, name):
    try:
        return parse_member(data, name)
    except MemberRefused as refusal:
        return refusal


def assert_valid(found):
    if isinstance(found, MemberRefused):
        assert found.code.value in found.message
        assert found.line is None or found.line >= 0
        return
    assert len(found.raman_shift) == len(found.intensity) >= 3
    assert np.isfinite([found.raman_shift, found.intensity]).all()
    assert (np.diff(found.raman_shift) > 0).all()


def mutated(data, rng):
    """Changes bytes, or removes, cuts, joins, swaps or inserts lines or what breaks them."""
    if rng.random() < 0.4:
        changed, at = bytearray(data), rng.randrange(len(data))
        flips = bytes(rng.randrange(256) for _ in range(rng.randint(1, 4)))
        changed[at : at + rng.choice([0, len(flips)])] = rng.choice([flips, rng.choice(TOKENS)])
        return bytes(changed)
    lines = data.splitlines(keepends=True)
    one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    match rng.randrange(5):
        case 0:
            del lines[one : one + rng.randint(1, 30)]
        case 1:
            lines[one] = lines[one][: rng.randint(0, len(lines[one]))]
        case 2:
            lines[one] = lines[one].rstrip(b"\r\n") + rng.choice([b"", b" ", b",", b"\r", b"\x0b"])
        case 3:
            lines[one], lines[other] = lines[other], lines[one]
        case 4:
            break_ = rng.choice([b"\r", b"\n", b"\n\n", b"\r\n", b"\n\r"])
            lines = [line.rstrip(b"\r\n") + break_ for line in lines]
    return b"".join(lines)


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
            data = mutated(data, rng) or b"\n"
        with alive():
            found = outcome(data, name)
        assert_valid(found)
        refused += isinstance(found, MemberRefused)
        # Reading row by row is slow, so only some are compared.
        if number % COMPARED_EVERY == 0:
            assert_rows_at_once_are_rows_one_by_one(data)
    assert 0 < refused < mutations


@MUTATIONS
def test_mutated_sample_members(sample_folder, mutations):
    fuzz(members_of(sample_folder, 100), mutations)


@pytest.mark.integration
@MUTATIONS
def test_mutated_real_members(rruff_mirror, mutations):
    fuzz(members_of(rruff_mirror, 300), mutations)


@given(st.binary(max_size=400))
def test_noise_is_refused_or_valid(data):
    assert_valid(outcome(data, NAME))


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
        b"1," * 500_000,
    ],
    ids=range(10),
)
def test_odd_and_long_members_end(data):
    # Quadratic backtracking would take hours here.
    with alive():
        assert isinstance(outcome(data, NAME), MemberRefused)
        read_spectrum_text(data, lenient=True)
