import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raman_pipeline.spectra.spectrum_files import SpectrumFileError, read_spectra

X = np.linspace(100.0, 1300.0, 61)
Y = np.round(np.exp(-0.5 * ((X - 600) / 40) ** 2), 6)


def one(path):
    (spectrum,) = read_spectra(path)
    return spectrum


def rows(separator, decimal="."):
    lines = (f"{x:.4f}{separator}{y:.6f}" for x, y in zip(X, Y, strict=True))
    return "\n".join(line.replace(".", decimal) if decimal != "." else line for line in lines)


@pytest.mark.parametrize("separator", [",", ", ", "\t", " ", ";"])
@pytest.mark.parametrize("head", ["", "Wavenumber,Intensity\n", "# by hand\n\nshift\tcounts\n"])
def test_two_columns(tmp_path, separator, head):
    (tmp_path / "a.csv").write_text(head + rows(separator))
    spectrum = one(tmp_path / "a.csv")
    assert spectrum.raman_shift == pytest.approx(X, abs=1e-4)
    assert spectrum.intensity == pytest.approx(Y, abs=1e-6)
    assert spectrum.notes == ()


@pytest.mark.parametrize("separator", [";", "\t"])
def test_decimal_commas(tmp_path, separator):
    (tmp_path / "a.txt").write_text(rows(separator, ","), encoding="latin-1")
    assert one(tmp_path / "a.txt").intensity == pytest.approx(Y, abs=1e-6)


def test_rruff_text(tmp_path):
    text = "##NAMES=Quartz\n##RRUFFID=R040031\n" + rows(", ") + "\n##END=\n\n"
    (tmp_path / "a.txt").write_text(text)
    assert len(one(tmp_path / "a.txt").raman_shift) == len(X)


def test_falling_and_repeated_axes_are_sorted_and_averaged_with_a_note(tmp_path):
    lines = rows(",").splitlines()[::-1]
    (tmp_path / "a.txt").write_text("\n".join([*lines, lines[3]]))
    spectrum = one(tmp_path / "a.txt")
    assert (np.diff(spectrum.raman_shift) > 0).all()
    assert spectrum.notes == (
        "points sorted by Raman shift",
        "1 points of equal Raman shift averaged",
    )


def test_the_error_names_the_line_of_a_bad_row(tmp_path):
    lines = rows(",").splitlines()
    lines[30] = "12; what"
    (tmp_path / "a.txt").write_text("\n".join(lines))
    with pytest.raises(SpectrumFileError, match=r"a\.txt: line 31 .*'12; what'; remove it"):
        read_spectra(tmp_path / "a.txt")


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "is empty"),
        (b"  \n\n", "is empty"),
        (b"hello\nworld\n", "no rows of two numbers"),
        (b"1, 2\n3, 4\n", "2 points; at least 16"),
        (b"PK\x03\x04\x00\x01", "no rows of two numbers"),
    ],
)
def test_files_without_a_spectrum_are_errors(tmp_path, data, word):
    (tmp_path / "a.txt").write_bytes(data)
    with pytest.raises(SpectrumFileError, match=rf"a\.txt: .*{word}"):
        read_spectra(tmp_path / "a.txt")


def test_points_without_a_number_are_dropped_with_a_note(tmp_path):
    lines = rows(",").splitlines()
    lines[30] = "700, nan"
    (tmp_path / "a.txt").write_text("\n".join(lines))
    spectrum = one(tmp_path / "a.txt")
    assert len(spectrum.raman_shift) == len(X) - 1
    assert spectrum.notes == ("1 points without a number dropped",)


def test_one_shift_for_all_points_is_no_spectrum(tmp_path):
    (tmp_path / "a.txt").write_text("100, 1\n" * 20)
    with pytest.raises(SpectrumFileError, match="only 1 points"):
        read_spectra(tmp_path / "a.txt")


def test_a_missing_file(tmp_path):
    with pytest.raises(SpectrumFileError, match="cannot be read"):
        read_spectra(tmp_path / "none.txt")


def jcamp_text(unit="1/CM"):
    head = (
        "##TITLE=one\n##JCAMP-DX=4.24\n##DATA TYPE=RAMAN SPECTRUM\n"
        f"##XUNITS={unit}\n##YUNITS=ARBITRARY UNITS\n##XFACTOR=1\n##YFACTOR=1\n"
        f"##FIRSTX={X[0]}\n##LASTX={X[-1]}\n##NPOINTS={len(X)}\n##XYPOINTS=(XY..XY)\n"
    )
    return head + "\n".join(f"{x}, {y}" for x, y in zip(X, Y, strict=True)) + "\n##END=\n"


@pytest.mark.parametrize("name", ["a.jdx", "a.dx", "a.txt"])
def test_jcamp(tmp_path, name):
    (tmp_path / name).write_text(jcamp_text())
    spectrum = one(tmp_path / name)
    assert spectrum.raman_shift == pytest.approx(X)
    assert spectrum.intensity == pytest.approx(Y)


def test_jcamp_of_another_axis(tmp_path):
    (tmp_path / "a.jdx").write_text(jcamp_text("NANOMETERS"))
    with pytest.raises(SpectrumFileError, match="NANOMETERS; export it as Raman shift"):
        read_spectra(tmp_path / "a.jdx")


def spc_bytes(unit=13):
    """An SPC file of the new format, evenly spaced, as Galactic's specification lays it out."""
    header = struct.pack(
        "<BBBbiddiB", 0, 0x4B, 0, -128, len(X), float(X[0]), float(X[-1]), 1, unit
    )  # 80h: the ordinates are floats
    header += bytes(512 - len(header))
    sub = struct.pack("<BbHfffiif4s", 0, -128, 0, 0.0, 0.0, 0.0, 0, 0, 0.0, b"")
    return header + sub + Y.astype("<f4").tobytes()


def test_spc(tmp_path):
    (tmp_path / "a.spc").write_bytes(spc_bytes())
    spectrum = one(tmp_path / "a.spc")
    assert spectrum.raman_shift == pytest.approx(X)
    assert spectrum.intensity == pytest.approx(Y, abs=1e-6)


def block(name, payload):
    return name + struct.pack("<iq", 0, 16 + len(payload)) + payload


def wdf_bytes(spectra=1, unit=1):
    """A WDF file with the blocks that renishawWiRE reads."""
    head = bytearray(512)
    head[:16] = b"WDF1" + struct.pack("<iq", 0, 512)
    struct.pack_into("<i", head, 0x3C, len(X))
    struct.pack_into("<q", head, 0x40, spectra)
    struct.pack_into("<q", head, 0x48, spectra)
    struct.pack_into("<4i", head, 0x50, 1, 1, len(X), 0)
    struct.pack_into("<2i", head, 0x80, 1, 1 if spectra == 1 else 2)
    struct.pack_into("<if", head, 0x98, 1, 1e7 / 532)
    data = np.tile(Y[::-1], spectra).astype("<f4").tobytes()
    shift = struct.pack("<ii", 1, unit) + X[::-1].astype("<f4").tobytes()
    other = struct.pack("<ii", 0, 0) + struct.pack("<f", 0.0)
    return bytes(head) + block(b"DATA", data) + block(b"XLST", shift) + block(b"YLST", other)


def test_wdf(tmp_path):
    (tmp_path / "a.wdf").write_bytes(wdf_bytes())
    spectrum = one(tmp_path / "a.wdf")
    assert spectrum.raman_shift == pytest.approx(X, abs=1e-3)
    assert spectrum.intensity == pytest.approx(Y, abs=1e-6)


def test_wdf_with_several_spectra(tmp_path):
    (tmp_path / "a.wdf").write_bytes(wdf_bytes(3))
    names = [s.name for s in read_spectra(tmp_path / "a.wdf")]
    assert names == [f"{tmp_path}/a.wdf#{i}" for i in (1, 2, 3)]


@pytest.mark.parametrize(
    ("name", "data", "unit"),
    [("a.spc", spc_bytes(unit=3), "XNMETR"), ("a.wdf", wdf_bytes(unit=3), "Nanometre")],
)
def test_files_in_nanometres_are_refused(tmp_path, name, data, unit):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(SpectrumFileError, match=f"{name}: its axis is in {unit}; export it"):
        read_spectra(tmp_path / name)


@pytest.mark.parametrize("name", ["a.wdf", "a.spc", "a.jdx"])
def test_truncated_files_are_errors(tmp_path, name):
    whole = {"a.wdf": wdf_bytes(), "a.spc": spc_bytes(), "a.jdx": jcamp_text().encode()}[name]
    (tmp_path / name).write_bytes(whole[:100])
    with pytest.raises(SpectrumFileError, match=rf"{name}: .*(export it again|points)"):
        read_spectra(tmp_path / name)


@given(st.binary(max_size=300), st.sampled_from(["a.txt", "a.spc", "a.wdf", "a.jdx"]))
def test_any_bytes_are_a_spectrum_or_an_error(tmp_path_factory, data, name):
    path = tmp_path_factory.mktemp("any") / name
    path.write_bytes(data)
    try:
        for spectrum in read_spectra(path):
            assert (np.diff(spectrum.raman_shift) > 0).all()
    except SpectrumFileError as error:
        assert name in str(error)
