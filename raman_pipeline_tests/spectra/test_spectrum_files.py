import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raman_pipeline.spectra.spectrum_files import SpectrumFileError, read_spectra

X = np.linspace(100.0, 1300.0, 61)
Y = np.round(np.exp(-0.5 * ((X - 600) / 40) ** 2), 6)


def one(path, data):
    """Reads the spectrum of a file with the given content."""
    path.write_bytes(data if isinstance(data, bytes) else data.encode("latin-1"))
    (spectrum,) = read_spectra(path)
    return spectrum


def rows(separator, decimal="."):
    lines = (f"{x:.4f}{separator}{y:.6f}" for x, y in zip(X, Y, strict=True))
    return "\n".join(line.replace(".", decimal) if decimal != "." else line for line in lines)


@pytest.mark.parametrize("separator", [",", ", ", "\t", " ", ";"])
@pytest.mark.parametrize(
    "head", ["", "Wavenumber,Intensity\n", "# by hand\n\nshift\tcounts\n", "##NAMES=Quartz\n"]
)
def test_two_columns(tmp_path, separator, head):
    spectrum = one(tmp_path / "a.csv", head + rows(separator) + "\n##END=\n\n")
    assert spectrum.raman_shift == pytest.approx(X, abs=1e-4)
    assert spectrum.intensity == pytest.approx(Y, abs=1e-6)
    if separator in ";\t":
        with_commas = one(tmp_path / "a.csv", head + rows(separator, ","))
        assert with_commas.intensity == pytest.approx(Y, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.txt", "", "is empty"),
        ("a.txt", "hello\nworld\n", "no rows of two numbers"),
        ("a.txt", "1, 20\n3, 41\n", "only 2 points"),
        ("a.txt", "100, 1.5\n" * 40, "only 1 points"),
        ("a.txt", b"PK\x03\x04\x00\x01", "is packed"),
        ("a.txt", b"\x00\x01\x00\x00\xff\x07\x00", "is no text"),
        ("none.txt", None, "cannot be read"),
    ],
)
def test_files_without_a_spectrum_are_errors(tmp_path, name, data, message):
    with pytest.raises(SpectrumFileError, match=rf"{name}: .*{message}"):
        one(tmp_path / name, data) if data is not None else read_spectra(tmp_path / name)


def jcamp_text(unit="1/CM"):
    head = (
        "##TITLE=one\n##JCAMP-DX=4.24\n##DATA TYPE=RAMAN SPECTRUM\n"
        f"##XUNITS={unit}\n##YUNITS=ARBITRARY UNITS\n##XFACTOR=1\n##YFACTOR=1\n"
        f"##FIRSTX={X[0]}\n##LASTX={X[-1]}\n##NPOINTS={len(X)}\n##XYPOINTS=(XY..XY)\n"
    )
    return head + "\n".join(f"{x}, {y}" for x, y in zip(X, Y, strict=True)) + "\n##END=\n"


def spc_bytes(unit=13):
    """An SPC file of the new format, evenly spaced, as Galactic's specification lays it out."""
    header = struct.pack(
        "<BBBbiddiB", 0, 0x4B, 0, -128, len(X), float(X[0]), float(X[-1]), 1, unit
    )  # 80h: the ordinates are floats
    header += bytes(512 - len(header))
    sub = struct.pack("<BbHfffiif4s", 0, -128, 0, 0.0, 0.0, 0.0, 0, 0, 0.0, b"")
    return header + sub + Y.astype("<f4").tobytes()


def block(name, payload):
    return name + struct.pack("<iq", 0, 16 + len(payload)) + payload


def wdf_bytes(spectra=1, unit=1, origins=()):
    """A WDF file with the blocks that renishawWiRE reads.

    Args:
        origins: kind of data, unit and values of each list of origins.
    """
    head = bytearray(512)
    head[:16] = b"WDF1" + struct.pack("<iq", 0, 512)
    struct.pack_into("<i", head, 0x3C, len(X))
    struct.pack_into("<q", head, 0x40, spectra)
    struct.pack_into("<q", head, 0x48, spectra)
    struct.pack_into("<4i", head, 0x50, 1, 1, len(X), len(origins))
    struct.pack_into("<2i", head, 0x80, 1, 1 if spectra == 1 else 2)
    struct.pack_into("<if", head, 0x98, 1, 1e7 / 532)
    data = np.tile(Y[::-1], spectra).astype("<f4").tobytes()
    shift = struct.pack("<ii", 1, unit) + X[::-1].astype("<f4").tobytes()
    other = struct.pack("<ii", 0, 0) + struct.pack("<f", 0.0)
    lists = [struct.pack("<ii16s", k, u, b"") + np.array(v, "<f8").tobytes() for k, u, v in origins]
    blocks = {b"DATA": data, b"XLST": shift, b"YLST": other, b"ORGN": bytes(4) + b"".join(lists)}
    return bytes(head) + b"".join(block(name, one) for name, one in blocks.items())


X_AT, Y_AT = (3, 5, (0.0, 1.5)), (4, 5, (2.0, -7.0))


@pytest.mark.parametrize(
    ("origins", "places"),
    [
        ([(11, 24, (0, 0)), X_AT, Y_AT], [(0, 2, "µm"), (1.5, -7, "µm")]),
        ([X_AT], [None, None]),
        ([X_AT, (4, 8, Y_AT[2])], [None, None]),
    ],
)
def test_wdf_states_where_the_stage_stood(tmp_path, origins, places):
    (tmp_path / "a.wdf").write_bytes(wdf_bytes(2, origins=origins))
    assert [s.place for s in read_spectra(tmp_path / "a.wdf")] == places


def test_wdf_with_several_spectra(tmp_path):
    (tmp_path / "a.wdf").write_bytes(wdf_bytes(3))
    names = [s.name for s in read_spectra(tmp_path / "a.wdf")]
    assert names == [f"{tmp_path}/a.wdf#{i}" for i in (1, 2, 3)]


@pytest.mark.parametrize(
    ("names", "make", "unit"),
    [
        (("a.jdx", "a.dx", "a.txt"), jcamp_text, ("NANOMETERS", "nm")),
        (("a.spc",), spc_bytes, (3, "nm")),
        (("a.wdf",), lambda unit=1: wdf_bytes(unit=unit), (5, "Micron")),
    ],
    ids=["jcamp", "spc", "wdf"],
)
def test_formats_of_instruments(tmp_path, names, make, unit):
    for name in names:
        spectrum = one(tmp_path / name, make())
        assert spectrum.raman_shift == pytest.approx(X, abs=1e-3)
        assert spectrum.intensity == pytest.approx(Y, abs=1e-6)
    with pytest.raises(SpectrumFileError, match=f"{names[0]}: .*in {unit[1]}; export"):
        one(tmp_path / names[0], make(unit[0]))
    with pytest.raises(SpectrumFileError, match=rf"{names[0]}: .*(export it again|points)"):
        one(tmp_path / names[0], make()[:100])


@given(st.binary(max_size=300), st.sampled_from(["a.txt", "a.spc", "a.wdf", "a.jdx"]))
def test_any_bytes_are_a_spectrum_or_an_error(tmp_path_factory, data, name):
    path = tmp_path_factory.mktemp("any") / name
    path.write_bytes(data)
    try:
        for spectrum in read_spectra(path):
            assert (np.diff(spectrum.raman_shift) > 0).all()
    except SpectrumFileError as error:
        assert name in str(error)
