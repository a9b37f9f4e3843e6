"""Users' files with random damage: refused, or read as before but for what was damaged."""

import numpy as np
import pytest

from raman_pipeline.spectra.spectrum_files import Spectrum, SpectrumFileError, read_each
from raman_pipeline_tests.spectra.test_spectrum_files import jcamp_text, spc_bytes, wdf_bytes
from raman_pipeline_tests.spectra.test_user_files import FIELD_FILES
from raman_pipeline_tests.spectra.test_user_files import READ as TEXTS
from raman_pipeline_tests.spectra.test_vendor_files import READ as VENDORS

BINARY = ("OPUS", "SIF", "SPA", "SPC", "WDF")
PUT = [b"\0", b",", b";", b"\t", b" ", b"\n", b"\n\n", b"-", b".", b"e5", b"nan", b"1,5", b"##",
       b'"', b"#", b"[Data]\n", b"\xff\xfe", b"1e400", b"Dark", b"\xb5"]  # fmt: skip
SWAPS = [(b".", b","), (b",", b";"), (b"\t", b" "), (b"\t", b";"), (b" ", b"\t"), (b"\n", b"\r\n"),
         (b"\n", b"\r"), (b"\n", b"\n\n"), (b"\n", b" \n")]  # fmt: skip


def originals():
    """Returns name and content of files of all formats; the field files where they are."""
    found = {f"{i}.txt": data for i, (data, _) in enumerate(TEXTS.values())}
    found |= {f"{kind} {name}": data for kind, (name, data, *_) in VENDORS.items()}
    found |= {"a.jdx": jcamp_text(), "SPC a.spc": spc_bytes(), "WDF a.wdf": wdf_bytes(2)}
    found |= {path.name: path.read_bytes() for path in sorted(FIELD_FILES.glob("[ck]*"))}
    return {n: d if isinstance(d, bytes) else d.encode() for n, d in found.items()}


def damaged(data, rng):
    """Returns bytes changed at one place, or in one way throughout; and the bytes touched."""
    at, length = int(rng.integers(len(data))), int(rng.integers(1, 60))
    piece = data[at : at + length]
    kind = rng.integers(8)
    if kind == 0:
        return data[:at] + data[at + length :], length
    if kind == 1:
        return data[:at] + piece + data[at:], length
    if kind == 2:
        return data[:at], 0
    if kind == 3:
        return data[:at] + PUT[rng.integers(len(PUT))] + data[at:], 8
    if kind == 4:
        return data[:at] + bytes(rng.integers(256, size=length % 6, dtype=np.uint8)) + data[
            at + 2 :
        ], 8
    if kind == 5:
        return data.replace(*SWAPS[rng.integers(len(SWAPS))]), 0
    if kind == 6:
        lines = data.split(b"\n")
        i, j = rng.integers(len(lines), size=2)
        lines[i], lines[j] = lines[j], lines[i]
        return b"\n".join(lines), len(lines[i]) + len(lines[j])
    return piece + data[at:], 0


def points(path):
    """Returns the points of all spectra, or None if the file is refused."""
    try:
        found = read_each(path)
    except SpectrumFileError as error:
        assert path.name in str(error)
        return None
    good = [one for one in found if isinstance(one, Spectrum)]
    for spectrum in good:
        assert (np.diff(spectrum.raman_shift) > 0).all()
        assert np.isfinite(spectrum.intensity).all()
    return [(s.laser_nm, set(zip(s.raman_shift, s.intensity, strict=True))) for s in good]


def attempts(count, seed, folder):
    rng = np.random.default_rng(seed)
    files = originals()
    for name, data in files.items():
        (folder / name.replace(" ", "_")).write_bytes(data)
    known = {name: points(folder / name.replace(" ", "_")) for name in files}
    names = list(files)
    for number in range(count):
        name = names[number % len(names)]
        content, touched = damaged(files[name], rng)
        path = folder / name.replace(" ", "_")
        path.write_bytes(content)
        yield name, known[name], points(path), touched


def wrong(name, before, after):
    """Returns how many points of an answer its undamaged file does not hold.

    Numbers in binary files cannot be told to be damaged; a file that was refused may be right now.
    """
    if not after or not before or name.startswith(BINARY) or name.endswith(".spc"):
        return 0
    held = set().union(*(p for _, p in before or []))
    lasers = {laser for laser, _ in before or []}
    # A file may say another laser now, and nm be converted with it.
    return max((len(p - held) for laser, p in after if laser in lasers), default=0)


def missing(name, before, after):
    """Returns how many points an answer lacks between its ends.

    Those beyond its ends may be cut off, and a gap of the axis is none of the answer (see the
    points that are covered).
    """
    if not after or not before or name.startswith(BINARY) or name.endswith(".spc"):
        return 0
    lacking = []
    for laser, read in after:
        whole = [p for known, p in before if known == laser and len(p & read) > len(read) / 2]
        lost = [sum(min(p & read) < point < max(p & read) for point in p - read) for p in whole]
        lacking += [min(lost)] if lost else []
    return max(lacking, default=0)


def check(count, seed, folder):
    read = refused = 0
    for name, before, after, touched in attempts(count, seed, folder):
        refused += not after
        read += bool(after)
        # A damaged number is read as it stands; those beside it must be what they were.
        assert wrong(name, before, after) <= 2 + touched / 4, name
        assert missing(name, before, after) <= 2 + touched / 4, name
    assert read > count / 5 and refused > count / 5


def test_some_mutated_files(tmp_path):
    check(250, 0, tmp_path)


@pytest.mark.long
def test_many_mutated_files(tmp_path):
    check(4000, 1, tmp_path)
