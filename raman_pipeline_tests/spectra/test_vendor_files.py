"""Files in the layouts of vendors, written here from what is known of them."""

import re
import struct

import numpy as np
import pytest

from raman_pipeline.spectra.spectrum_files import SpectrumFileError, read_each, read_spectra

X = np.linspace(100.0, 1300.0, 241)
Y = np.round(500 + 3000 * np.exp(-0.5 * ((X - 1086) / 12) ** 2) + 5 * np.sin(X), 2)
NM = 1e7 / (1e7 / 785 - X)


def column(values):
    return "\n".join(f"{v:.4f}" for v in values)


def opus(kind=10, unit="WN", points=X.size, x=X, y=Y, form=1):
    """An OPUS file with a data block of a kind (10: Raman), its status, and the laser."""

    def parameters(**values):
        found = b""
        for key, value in values.items():
            code, packed = {
                int: (0, lambda v: struct.pack("<i", v)),
                float: (1, lambda v: struct.pack("<d", v)),
                str: (2, lambda v: v.encode().ljust(4, b"\0")),
            }[type(value)]
            packed = packed(value)
            found += key.encode() + b"\0" + struct.pack("<2h", code, len(packed) // 2) + packed
        return found + b"END\0" + bytes(4)

    status = parameters(DPF=form, NPT=points, FXV=float(x[0]), LXV=float(x[-1]), CSF=1.0,
                        MXY=float(y.max()), MNY=float(y.min()), DXU=unit)  # fmt: skip
    contents = [
        (kind << 10 | 3 << 2 | 3, y.astype("<f4").tobytes()),
        (kind << 10 | 1 << 4 | 3 << 2 | 3, status),
        (3 << 4 | 3 << 2 | 3, parameters(RLW=1e7 / 785)),
    ]
    start, directory, blocks = 24 + 12 * 5, b"", b""
    for code, block in contents:
        directory += struct.pack("<3i", code, len(block) // 4, start + len(blocks))
        blocks += block
    head = b"\n\n\xfe\xfe" + struct.pack("<d3i", 920622.0, 24, 5, len(contents))
    return head + directory.ljust(60, b"\0") + blocks


def spa(x_unit=32, y_unit=31, points=X.size):
    """An SPA file: its directory at byte 304 names a header and the data."""
    data = bytearray(900)
    data[:18] = b"Spectral Data File"
    data[30:37] = b"calcite"
    struct.pack_into("<H", data, 294, 2)
    struct.pack_into("<BxII", data, 304, 2, 400, 300)
    struct.pack_into("<BxII", data, 320, 3, len(data), 4 * points)
    struct.pack_into("<4xIB3xB3xff", data, 400, points, x_unit, y_unit, X[-1], X[0])
    return bytes(data) + Y[::-1].astype("<f4").tobytes()


def labspec_xml(unit="1/cm", axis=X, rows=1):
    def node(identity, content):
        return f'<LSX Format="9" ID="{identity}">{content}</LSX>'

    laser = node("0x1", node("0x6D6D616E", "Laser (nm)") + node("0x7D6C61DB", "785.00"))
    spectral = node("0x6D707974", "Spectr") + node("0x7C696E75", unit)
    spectral += node("0x7D6CD4DB", " ".join(f"{v:.4f}" for v in axis))
    place = node("0x6D707974", "X") + node("0x7C696E75", "µm") + node("0x7D6CD4DB", "0 2 4")
    axes = node("0x7B697861", node("0x0", spectral) + node("0x1", place))
    values = " ".join(f"{v:g}" for v in Y)
    lines = "".join(f'<LSX_Row Size="{Y.size}">{values}</LSX_Row>' for _ in range(rows))
    return (
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n<LSX_Data>'
        f"<LSX_Tree>{laser}{axes}</LSX_Tree><LSX_Matrix>{lines}</LSX_Matrix></LSX_Data>"
    ).encode("latin-1")


def truematch(spectra=1, kind="nm", axis=NM, size=X.size, pairs=False):
    text = "[WITEC_TRUEMATCH_ASCII_HEADER]\nVersion = 2.0\n\n"
    for number in range(spectra):
        text += f"[SpectrumHeader]\nTitle = Point {number}\nExcitationWavelength = 785.0\n"
        text += f"SpectrumSize = {size}\nXDataKind = {kind}\n\n"
        text += "[SampleMetaData]\nint Spectrum_Number = 1\ndouble Integration_Time = 0.5\n\n"
        both = "\n".join(f"{x:.4f}\t{y:.2f}" for x, y in zip(axis, Y, strict=True))
        text += "" if pairs else f"[XData]\n{column(axis)}\n\n"
        text += f"[SpectrumData]\n{both if pairs else column(Y)}\n\n"
    return text.encode()


def rod(names="_raman_spectrum.raman_shift\n_raman_spectrum.intensity", columns=(X, Y)):
    rows = "\n".join(" ".join(f"{v:.2f}" for v in row) for row in zip(*columns, strict=True))
    return (
        "data_1000001\nloop_\n_publ_author_name\n'Doe, J.'\n_chemical_formula_sum 'CO2'\n"
        "_cell_length_a 4.9900\n_raman_measurement_device.excitation_laser_wavelength 785\nloop_\n"
        "_space_group_symop_id\n_space_group_symop_operation_xyz\n1 x,y,z\n2 -y,x-y,z\nloop_\n"
        f"{names}\n{rows}\nloop_\n_cod_depositor_comments\n;\n 3 4\n;\n"
    ).encode()


def raw_first(raw):
    return rod("_raman_spectrum.raman_shift\n_raman_spectrum.raw_intensity\n"
               "_raman_spectrum.intensity", (X, raw, Y))  # fmt: skip


def sif(axis="Wavelength", rows=1, frames=1, bins=1):
    """An SIF file of an older version: its header is words and lines, its data are floats."""
    # NM as a polynomial of the pixel, from 1.
    coefficients = np.polynomial.Polynomial.fit(np.arange(1, X.size + 1), NM, 6).convert().coef
    lines = [
        "Andor Technology Multi-Channel File", "65538 1",
        "65557 0 0 1 1540956289 -50 " + " " * 10 + "0 0.5 0.6 0.6 1 \0 0.6 1e-06 0 1 1 0 0 0 "
        + "0 " * 16 + "500 0",
        "DU888", f"{X.size} 256", "6", "a.sif ", "65538 0", "", "65538 " + " " * 8 + "0 0", "", "",
        " ".join(["65539", *(f"{c:.12e}" for c in coefficients)]), "0", "0", "785", "0", "0", "0",
    ]  # fmt: skip
    head = "\n".join(lines) + "\n"
    for text in (axis, "Counts", "Pixel number"):
        head += f"{len(text)}\n{text}"
    points = X.size * bins * rows * frames
    head += f"65541 1 {rows} {X.size} 1 {frames} 1 {points} {X.size * bins}\n"
    head += f"65538 1 {rows} {X.size * bins} 1 1 {bins}\n" + "0\n" * frames + "0\n"
    return (
        head.encode()
        + np.concatenate([Y + 100 * k for k in range(rows * frames)]).astype("<f4").tobytes()
    )


READ = {
    "SIF": ("a.sif", sif(), "SIF", 1),
    "SIF, tracks and frames": ("a.sif", sif(rows=2, frames=3), "SIF", 6),
    "OPUS": ("a.0", opus(), "OPUS", 1),
    "SPA": ("a.spa", spa(), "SPA", 1),
    "LabSpec XML": ("a.xml", labspec_xml(), "LabSpec XML", 1),
    "LabSpec XML, map": ("a.xml", labspec_xml(rows=3), "LabSpec XML", 3),
    "LabSpec XML, nm": ("a.xml", labspec_xml("nm", NM), "LabSpec XML", 1),
    "TrueMatch": ("a.txt", truematch(), "WITec TrueMatch", 1),
    "TrueMatch, several": ("a.txt", truematch(3), "WITec TrueMatch", 3),
    "TrueMatch, shift": ("a.txt", truematch(kind="rel. 1/cm", axis=X), "WITec TrueMatch", 1),
    "TrueMatch, commas": (
        "a.txt",
        re.sub(rb"(\d)\.(\d)", rb"\1,\2", truematch()),
        "WITec TrueMatch",
        1,
    ),
    "TrueMatch, pairs": ("a.txt", truematch(2, pairs=True), "WITec TrueMatch", 2),
    "ROD": ("a.rod", rod(), "ROD", 1),
    "ROD, a comment": ("a.rod", rod().replace(b"\n500", b"\n\n# again\n500"), "ROD", 1),
    "ROD, two blocks": ("a.rod", rod() * 2, "ROD", 2),
    "ROD, raw first": ("a.rod", raw_first(Y + 50), "ROD", 1),
}


@pytest.mark.parametrize("kind", READ)
def test_files_of_vendors_are_read(tmp_path, kind):
    if kind == "SPA":
        pytest.importorskip("spectrochempy_omnic")
    name, data, form, count = READ[kind]
    (tmp_path / name).write_bytes(data)
    found = read_spectra(tmp_path / name)
    assert len(found) == count
    for number, spectrum in enumerate(found):
        assert spectrum.format == form
        np.testing.assert_allclose(
            spectrum.raman_shift, X, atol=0.02 if "nm" in kind or form == "SIF" else 0.01
        )
        # Of SIF, each track of each frame is 100 above that before it.
        own = Y + 100 * number if form == "SIF" else Y
        np.testing.assert_allclose(spectrum.intensity, own, rtol=1e-5)
        assert spectrum.laser_nm == pytest.approx(785, abs=0.1) or form == "SPA"


REFUSED = {
    "SIF, pixels": ("a.sif", sif("Pixel number"), "axis is 'Pixel number'"),
    "SIF, Raman shift": ("a.sif", sif("Raman shift"), "only wavelengths"),
    "SIF, binned": ("a.sif", sif(bins=2), "columns are binned"),
    "SIF, picture": ("a.sif", sif(rows=65), "a picture of the detector of 65 rows"),
    "SIF, cut in its header": ("a.sif", sif()[:200], "not a complete SIF"),
    "SIF, cut in its data": ("a.sif", sif()[:-4], "not a complete SIF"),
    "TrueMatch, a value moved": (
        "a.txt",
        truematch().replace(b"\n499.7800", b"\n\n499.7800"),
        "blank line among the numbers",
    ),
    "OPUS, absorbance": ("a.0", opus(kind=4), "no Raman spectrum but"),
    "OPUS, micrometres": ("a.0", opus(unit="MI"), "axis is in micrometres"),
    "OPUS, integers": ("a.0", opus(form=2), "no floats"),
    "OPUS, cut": ("a.0", opus()[:600], "OPUS"),
    "SPA, infrared": ("a.spa", spa(x_unit=1, y_unit=17), "it says absorbance over wavenumbers"),
    "SPA, points differ": ("a.spa", spa()[:-30], "not a complete SPA file"),
    "LabSpec XML, cut": ("a.xml", labspec_xml()[:900], "not complete XML of LabSpec"),
    "LabSpec XML, axis": ("a.xml", labspec_xml(axis=X[:-1]), "do not fit"),
    "LabSpec XML, pixels": ("a.xml", labspec_xml(unit="pixel"), "axis is in pixel"),
    "TrueMatch, size": ("a.txt", truematch(size=240), "where SpectrumSize says 240"),
    "TrueMatch, words": ("a.txt", truematch().replace(b"500", b"x"), "broken text of TrueMatch"),
    "ROD, cut in a row": ("a.rod", rod().replace(b"\n500", b"\nx"), "broken CIF"),
    "TrueMatch, kind": ("a.txt", truematch(kind="eV"), "axis is in eV"),
    "WITec project": ("a.wip", b"WIT_PR06" + bytes(99), "a WITec project; export"),
    "PerkinElmer": ("a.sp", b"PEPE2D constant interval" + bytes(99), "file of PerkinElmer"),
    "JASCO": ("a.jws", b"\xd0\xcf\x11\xe0" + bytes(99), "JASCO"),
    "LabSpec 6": ("a.l6s", b"\x01\x00\x00\xff" * 50, "a file of LabSpec; save it as XML"),
    "HDF5": ("a.h5", b"\x89HDF\r\n\x1a\n" + bytes(50), "HDF5"),
    "other XML": ("a.xml", b"<?xml version='1.0'?><spectrum>1 2</spectrum>", "XML of a layout"),
    "old SPC": ("a.spc", b"\x00\x4d" + bytes(600), "old SPC format"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_not_read_is_named(tmp_path, kind):
    if "SPA" in kind:
        pytest.importorskip("spectrochempy_omnic")
    name, data, message = REFUSED[kind]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(SpectrumFileError, match=rf"{re.escape(name)}: .*{message}"):
        read_spectra(tmp_path / name)


def test_one_bad_block_leaves_the_others(tmp_path):
    head = "##TITLE={0}\n##JCAMP-DX=4.24\n##DATA TYPE={0} SPECTRUM\n##XUNITS=1/CM\n##NPOINTS=241\n"
    rows = "\n".join(f"{x:.2f}, {y:.2f}" for x, y in zip(X, Y, strict=True))
    block = head + "##XYPOINTS=(XY..XY)\n" + rows + "\n##END=\n"
    (tmp_path / "a.jdx").write_text(block.format("INFRARED") + block.format("RAMAN"))
    bad, good = read_each(tmp_path / "a.jdx")
    assert isinstance(bad, SpectrumFileError) and "a.jdx#1: it says INFRARED" in str(bad)
    assert (good.name, good.intensity.size) == (f"{tmp_path}/a.jdx#2", 241)


@pytest.mark.parametrize("kind", ["OPUS", "SPA"])
def test_damaged_sizes_neither_hang_nor_fill_the_memory(tmp_path, kind):
    name, data, *_ = READ[kind]
    rng = np.random.default_rng(3)
    for _ in range(150):
        damaged = bytearray(data)
        at = int(rng.integers(4, len(data) - 4 * X.size))
        damaged[at : at + 4] = rng.choice([b"\xff\xff\xff\x7f", b"\xff\xff\xff\xff", bytes(4)])
        (tmp_path / name).write_bytes(damaged)
        try:
            read_spectra(tmp_path / name)
        except SpectrumFileError as error:
            assert name in str(error)
