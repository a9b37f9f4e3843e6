"""Texts in the layouts of instruments and programs: read rightly, or refused with a remedy."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from raman_pipeline.rruff.simulated.mineral_bands import MINERALS
from raman_pipeline.spectra.spectrum_files import (
    ReadOptions,
    SpectrumFileError,
    read_each,
    read_spectra,
)

X = np.round(np.linspace(100.37, 1298.07, 80), 2)
Y = np.round(120 + 1800 * np.exp(-0.5 * ((X - 1086) / 12) ** 2) + 9 * np.sin(X), 2)
Z = np.round(2500 - Y, 2)
NM = np.round(1e7 / (1e7 / 785 - X), 4)
FIELD_FILES = Path(__file__).parents[3] / "shared" / "field-files"


def table(*columns, sep="\t", head="", decimal=".", form="{:.2f}", end=""):
    """Returns a text with one row per point."""
    rows = (
        sep.join(form.format(v).replace(".", decimal) for v in row)
        for row in zip(*columns, strict=True)
    )
    return "\n".join([*([head] if head else []), *(row + end for row in rows)]) + "\n"


def across(*rows, lead=()):
    """Returns a text with one row per spectrum, and cells before its first row."""
    lines = ["\t".join([*lead, *(f"{v:g}" for v in rows[0])])]
    return "\n".join(lines + ["\t".join(f"{v:g}" for v in row) for row in rows[1:]])


def read(tmp_path, data, name="a.txt", **options):
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return read_spectra(path, ReadOptions(**options))


def in_rows(**rows):
    return "\n".join(",".join([label, *(f"{v:.3f}" for v in row)]) for label, row in rows.items())


N = np.arange(80)
TWO = table(X, Y)
PLACE = [np.repeat([1.5, 2.5], 80), np.tile([4.0], 160)]
READ = {
    "K01 index, nm, shift": (
        table(N, NM, X, Y, sep=",", head="Pixel,Wavelength (nm),Raman Shift (cm-1),Counts"), [Y]),
    "K01 data frame": (table(N, X, Y, sep=",", head=",raman_shift,intensity"), [Y]),
    "K01 R": (table(N, X, Y, sep=" ", head="raman_shift intensity"), [Y]),
    "K01 intensity first": (table(Y, X, head="Intensität\tRamanverschiebung (cm⁻¹)"), [Y]),
    "K01 corrected beats raw": (
        table(X, Z, Z, Y, head="Wellenzahl\tDunkel\tRoh\tDunkel abgezogen"), [Y]),
    "K01 mean and deviation": (table(X, Y, Z, sep=",", head="Raman shift,Mean,SD"), [Y]),
    "K01 reference and sample": (
        table(NM, Z, Z, Y, sep=";", form="{:.4f}",
              head="Laser=785 nm\nWave;Dark;Ref;Sample\n[nm];[cts];[cts];[cts]"), [Y]),
    "K01 baseline and uncorrected": (
        table(X, Z, Z, Y, sep=",", head="cm-1,Uncorrected,Subtracted baseline,Corrected"), [Y]),
    "K01 absolute wavenumber": (
        table(1e7 / 785 - X, X, Y, head="Wavenumber\tRaman Shift\tCounts"), [Y]),
    "K01 samples M-1 and M-2": (
        table(X, Y, Z, sep=";", head="Raman shift (cm-1);M-1;M-2"), [Y, Z]),
    "K01 a title for the axis": (table(X, Y, sep=" ", head="Calcite sample"), [Y]),
    "K01 French": (table(X, Y, head="Nombre d'onde (cm-1);Intensité", sep=";"), [Y]),
    "K01 Japanese": (table(X, Y, head="ラマンシフト\t強度"), [Y]),
    "K01 Shift-JIS": (table(X, Y, head="ラマンシフト\t強度").encode("shift_jis"), [Y]),
    "K01 names over units": (table(X, Y, head="Raman Shift\tIntensity\ncm-1\tcounts"), [Y]),
    "K02 long series": (
        across(X, *([10 * k + 5, *Y] for k in range(40)), lead=["time"]), [Y] * 40),
    "K02 series": (across(X, [0, *Y], [60, *Z], lead=[""]), [Y, Z]),
    "K02 map": (across(X, [0, 0, *Y], [0, 2, *Z], lead=["", ""]), [Y, Z]),
    "K02 long map": (
        table(*PLACE, np.tile(X, 2), np.r_[Y, Z], head="#X\t\t#Y\t\t#Wave\t\t#Intensity"), [Y, Z]),
    "K02 long table with names": (
        table(X, Y, sep=",", head="sample,shift,intensity").replace("\n", "\nA,").rstrip("A,")
        + table(X, Z, sep=",", head="\n").replace("\n", "\nB,"),
        [Y, Z]),
    "K02 columns": (table(X, Y, Z, head="rel. 1/cm\tpoint 1\tpoint 2"), [Y, Z]),
    "K02 numbered columns": (table(X, Y, Z, head="wavenumber\t0\t1"), [Y, Z]),
    "K02 rows": (across(X, Y, Z), [Y, Z]),
    "K02 blank line": (TWO + "\n" + table(X, Z), [Y, Z]),
    "K02 nothing between": (TWO + table(X, Z), [Y, Z]),
    "K02 pairs": (table(X, Y, X, Z, sep=",", head="Shift A,A,Shift B,B"), [Y, Z]),
    "K02 pairs, one of them dark": (
        table(X, Y, X, Z, sep=",", head="Shift A,A,Shift B,Dark B"), [Y]),
    "K02 beside another axis": (
        table(X, Y, X / 20, Z, sep=",", head="Raman shift,Intensity,2theta,XRD counts"), [Y]),
    "K02 another pair first": (
        table(X / 20, Z, X, Y, sep=",", head="2theta,Counts,Raman shift,Intensity"), [Y]),
    "K02 names of samples like axes": (
        table(X, Y, Z, Y, sep=",", head="Raman shift,quartz,785 nm,calcite"), [Y, Y]),
    "K05 a dark block": (
        TWO + "[Dark]\n" + TWO + "[C]\n" + table(X, Z), [Y, Z]),
    "K05 lasers of blocks": (
        table(NM, Y, head="Laser: 785 nm\nWavelength (nm)\tCounts", form="{:.4f}")
        + table(1e7 / (1e7 / 633 - X), Z, form="{:.4f}",
                head="Laser: 633 nm\nWavelength (nm)\tCounts"), [Y, Z]),
    "K06 a column of comments": (
        table(X, Y, sep=",", head="Raman shift,Intensity,Comment", end=",").replace(
            "0.0,\n", "0.0,saturated\n").replace(",\n", ",good\n", 20), [Y]),
    "K02 a counter between raw and corrected": (
        table(X, Z, N, Y, sep=",", head="Raman shift,Raw counts,Pixel,Corrected"), [Y]),
    "K02 rows with labels": (
        in_rows(**{"Raman shift (cm-1)": X, "Wavelength (nm)": NM, "Intensity": Y, "Dark": Z,
                   "sd": Z}), [Y]),
    "K02 rows of samples": (
        in_rows(**{"Raman shift": X, "100% quartz": Y, "dark grain 2": Z, "ref-1 quartz": Y}),
        [Y, Z, Y]),
    "K02 columns in another order": (
        table(X, Z, Y, sep=",", head="Raman shift,Dark,Intensity")
        + table(X, Z, Y, sep=",", head="Raman shift,Intensity,Dark"), [Y, Z]),
    "K05 pages of one spectrum": (
        table(X[:40], Y[:40], head="Raman Shift\tIntensity\ncm-1\tcounts")
        + table(X[40:], Y[40:], head="Raman shift\tIntensity (cont.)"), [Y]),
    "K05 a comment between": (
        table(X[:40], Y[:40], sep=",", head="Raman shift,Intensity")
        + table(X[40:], Y[40:], sep=",", head="# cosmic ray,removed"), [Y]),
    "K05 numbers and names above": (
        "785,30\n10,2\n" + table(X, Y, sep=",", head="Raman shift,Intensity"), [Y]),
    "K06 empty columns between tabs": (
        table(X, Y, head="Raman shift\tIntensity\tDark", end="\t"), [Y]),
    "K03 third column": (table(X, Y, Z, sep=";", decimal=",", head="Raman;Probe;Dunkel"), [Y]),
    "K03 exponent": (table(X, Y, decimal=",", form="{:.6E}"), [Y]),
    "K03 trailing mark": (table(X, Y, sep=";", decimal=",", end=";"), [Y]),
    "K03 blank thousands": (
        table(X, Y % 1000, decimal=",", sep="\t2 ", form="{:06.2f}"),
        [2000 + Y % 1000]),
    "K03 comma thousands": (table(X, Y + 2000, form="{:,.2f}"), [Y + 2000]),
    "K03 zeros dropped": (table(X, Y / 2000, decimal=",", form="{:g}"), [Y / 2000]),
    "K03 quoted": (table(X, Y, sep='","', decimal=",", end='"').replace("\n", '\n"')[:-1], [Y]),
    "K04 nm and laser in the head": (
        table(NM, Y, sep=",", head="Laser (nm),785\nWavelength [nm],Counts", form="{:.4f}"), [Y]),
    "K04 nm as key": (
        table(NM, Y, head="Excitation = 785.0\nXDataKind = nm\n[Data]", form="{:.4f}"), [Y]),
    "RRUFF": (
        table(X, Y, sep=", ", head="##RRUFFID=R1\n##RAMAN WAVELENGTH=514") + "##END=\n", [Y]),
    "K04 laser is no axis": (table(X, Y, head="#Laser=\t532nm\n#Grating=\t600"), [Y]),
    "K05 second head": (table(X, Y, head="[A]") + table(X, Z, head="[B]"), [Y, Z]),
    "K06 text after": (TWO + "\n[Comments]\nExposure\t10 sec\nAccumulation\t4\n", [Y]),
    "K06 end mark": (TWO + ">>>>>End Spectral Data<<<<<\n", [Y]),
    "K06 empty cells": (table(X, Y, sep=",") + ",\n,\n", [Y]),
    "K06 empty columns": (
        table(N, X, Y, sep=",", head="Pixel,Wavenumber,Processed,Dark,Reference", end=",,"), [Y]),
    "K06 Ctrl-Z": (TWO + "\x1a", [Y]),
    "K11 UTF-16": (table(X, Y, head="Raman shift (cm⁻¹)\tCounts").encode("utf-16"), [Y]),
    "K11 UTF-16 without mark": (TWO.encode("utf-16-be"), [Y]),
    "K11 quoted": (table(X, Y, sep='","', end='"').replace("\n", '\n"')[:-1], [Y]),
    "K11 gzip": (gzip.compress(TWO.encode()), [Y]),
    "K11 gzip of two members": (
        gzip.compress(TWO[:99].encode()) + gzip.compress(TWO[99:].encode()), [Y],
    ),
    "K13 numbers above": ("2024 05 17\n785 30\n80 1\n" + table(X, Y, sep=" "), [Y]),
    "descending": (table(X[::-1], Y[::-1]), [Y]),
}  # fmt: skip


@pytest.mark.parametrize("kind", READ)
def test_every_spectrum_is_read(tmp_path, kind):
    data, expected = READ[kind]
    if (isinstance(data, str) and data.startswith(f'{X[0]}"')) or "quoted" in kind:
        data = '"' + data
    found = read(tmp_path, data)
    assert len(found) == len(expected)
    for number, (spectrum, intensity) in enumerate(zip(found, expected, strict=True), start=1):
        assert spectrum.name.endswith(f"#{number}" if len(found) > 1 else "a.txt")
        np.testing.assert_allclose(spectrum.raman_shift, X, atol=0.01)
        np.testing.assert_allclose(spectrum.intensity, intensity, rtol=1e-4, atol=1e-3)
        assert spectrum.what_was_read()["points_measured"] == X.size


@pytest.mark.parametrize("between", ["", "\n", "# Spectrum 2\n"])
@pytest.mark.parametrize(
    ("head", "axis", "problem"),
    [
        ("Raman shift,Dark", X, "none is an intensity"),
        ("Wavenumber,Absorbance", X, "none is an intensity"),
        ("Pixel,Counts", N, "axis is in pixel"),
        ("Wavelength (nm),Counts", NM, "axis is in nm"),
        ("Energy (meV),Counts", X / 8, "axis is in another unit"),
        ("Raman shift (nm),Counts", X / 8, "axis is in Raman shift in nm"),
    ],
)
def test_each_table_is_read_by_its_own_names(tmp_path, between, head, axis, problem):
    good, bad = (
        table(X, Y, sep=",", head="Raman shift,Intensity"),
        table(axis, Z, sep=",", head=head),
    )
    path = tmp_path / "a.csv"
    for tables, first in (((good, bad), True), ((bad, good), False)):
        path.write_text(between.join(tables))
        found = read_each(path)
        spectrum, error = found if first else found[::-1]
        np.testing.assert_allclose(spectrum.intensity, Y)
        assert problem in str(error) and isinstance(error, SpectrumFileError)


def test_whole_counts_below_an_axis_of_three_decimals_are_no_thousands(tmp_path):
    axis = np.round(np.linspace(150, 1250, 80), 3) + 0.001
    counts = np.round(np.linspace(900, 1100, 80) + Y % 7)
    text = "\t".join(["", "", *(f"{v:.3f}" for v in axis)])
    rows = ["\t".join(["0.00", f"{k}.00", *(f"{v:.0f}" for v in counts)]) for k in range(3)]
    found = read(tmp_path, LABSPEC + "\n".join([text, *rows]))
    assert [s.place.y for s in found] == [0, 1, 2]
    np.testing.assert_allclose(found[0].raman_shift, axis)
    np.testing.assert_allclose(found[2].intensity, counts)


REFUSED = {
    "K01 pixels": (table(N, Y, sep=",", head="Pixels #,Intensity"), "pixel"),
    "K01 pixels in words": (table(N, Y, sep=" ", head="Pixel number Intensity"), "pixel"),
    "K01 pixels, no name": (table(N, Y, form="{:g}"), "counts 0, 1, … as pixels"),
    "K01 dark alone": (table(X, Z, head="Raman Shift\tDark"), "none is an intensity"),
    "K01 no names": (table(X, Y, Z), "3 columns without names.*--columns 1,2"),
    "K01 seconds": (table(10 * N + 5.5, Y, head="Time (s)\tSignal"), "time"),
    "K01 unit after no word": (table(X, Y, head="eV\tI"), "another unit"),
    "K01 per metre": (table(100 * X, Y, head="(m-1)\tCounts"), "in 1/m"),
    "K01 per metre, no brackets": (
        table(X, Y, sep=",", head="Wavenumber / m-1,Counts"), "in 1/m"),
    "K01 stated per metre": (table(X, Y, head="XUNITS=m-1\n[Data]"), "in 1/m"),
    "K01 two unknown words": (table(X, Y, head="Winkel\tRate"), "none names Raman shift"),
    "K01 unknown units": (
        table(X, Y, head="Winkel\tCounts\n[°]\t[cps]"), "none names Raman shift"),
    "K01 a name without a column": (
        table(X, Y, sep=",", head="Time (s),Counts,Note"), "3 names above 2 columns"),
    "K06 time and an empty column": (
        table(X, Y, sep=",", head="Time (s),Counts,Note", end=","), "axis is in time"),
    "K01 a name lost over units": (
        table(NM, Z, Z, Y, sep=";", head="Wave;Dark;Sample\n[nm];[cts];[cts];[cts]"),
        "3 names over 4 units"),
    "K01 pixels of a mineral": (
        table(N, Y, sep=",", head="calcite,intensity"), "none names Raman shift"),
    "K01 unknown unit": (table(X, Y, head="Dose (Gy)\tCounts"), "none names Raman shift"),
    "K01 electronvolts": (table(X, Y, head="Energy (meV)\tIntensity"), "another unit"),
    "K02 windows": (TWO + table(X + 1000, Z), "1100.37 to 1298.07 was measured twice"),
    "K02 lost value": (across(*(np.delete(v, 30) for v in (X, Y, Z))), "a value is lost"),
    "K02 a broken axis": (
        table(X, Y).replace(f"\n{X[40]:.2f}", "\n15.16"), "line 41, and the points are parts"),
    "K02 lost values of the axis": (
        across(np.delete(X, [30, 31]), [0, 0, *Y], [0, 1, *Z], lead=["", ""]), "2 values fewer"),
    "K02 an axis by another name": (
        table(X, Y, X, Z, head="Shift A\tA\tShft B\tB"), "are equal: two axes"),
    "K02 up and down": (TWO + table(X[::-1], Z), "goes back"),
    "K02 short second": (TWO + "[B]\n" + table(X[:20], Z[:20]), "only 20 points"),
    "K03 comma for both": (table(X, Y, sep=",", decimal=","), "commas decimal marks"),
    "K03 two names, four cells": (
        table(X, Y, sep=",", decimal=",", head="Raman shift,Counts"), "commas decimal marks"),
    "K03 thousands or decimals": (table(np.arange(900, 1060, 2), np.arange(900, 1060, 2),
                                        form="{:,}"), "decimal or a thousands"),
    "K02 rows or columns": (
        across(X, *([10 * k + 5, *Y] for k in range(40)), lead=[""]), "in rows or"),
    "K03 mixed delimiters": (table(X, Y, sep="; ", decimal=";"), "which semicolons"),
    "K03 mixed marks": (TWO + table(X + 1300, Y, decimal=","), "decimal"),
    "K04 nm in GBK": (table(NM - 300, Y, head="波长\t强度").encode("gbk"), "axis is in nm"),
    "K04 nm without laser": (table(NM, Y, sep=";", head="Wellenlänge;Zählungen"), "--laser 785"),
    "K04 nm without a word": (table(NM, Y), "nothing names its unit"),
    "K04 nm of another laser": (table(np.linspace(400, 700, 80), Y), "nothing names its unit: nm"),
    "K02 rows that are no spectra": (
        in_rows(**{"Raman shift": X, "dark": Z}),
        r"line 2 \(dark\) is no Raman spectrum"),
    "K04 nm and a laser, but no word": (
        table(np.linspace(820, 1090, 80), Y, head="Laser: 785 nm\n[Data]"),
        "nothing names its unit: nm of a laser of 785 nm"),
    "K02 rows in nm of shift": (
        in_rows(**{"Raman shift (nm)": X / 5, "s": Y}), "Raman shift in nm"),
    "K02 a narrower table above": (
        table(X, Z, sep=",") + table(X, Z, Y, sep=",", head="Raman shift,Dark,Intensity"),
        "80 rows of fewer columns stand above line 82"),
    "K04 shift in nm": (table(X, Y, head="Raman shift (nm)\tCounts"), "in Raman shift in nm"),
    "K04 absolute wavenumbers without a word": (
        table(1e7 / 785 - X, Y), "if it is absolute wavenumber, write that above it"),
    "K02 rows without an axis": (across(Y, Z, Y + 3), "rows of 80 numbers without Raman shifts"),
    "K03 thousands of an only column": (
        table(X, Y, sep=",", head="Raman shift,Counts").replace(",1", ",12,1"), "2 names above 3"),
    "K10 peaks": (table(X[::4], Y[::4]), "only 20 points"),
    "K10 many peaks": (table(X + 5 * np.sin(N * 7), Y), "list of peaks"),
    "K10 repeated": (table(np.repeat(X[:40], 2), Y), "repeat a Raman shift"),
    "K11 broken gzip": (gzip.compress(TWO.encode())[:200], "not a complete gzip"),
    "ragged": (table(X, Y, sep=" ") + "1300 5 7\n", "has 3 columns"),
}  # fmt: skip


LABSPEC = (
    "#AxisType[1]=\tSpectr\n#AxisUnit[1]=\t1/cm\n#AxisType[2]=\tXA\n#AxisUnit[2]=\tµm\n"
    "#AxisType[3]=\tYA\n#AxisUnit[3]=\tµm\n"
)
PLACED = ([0, 0.5, *Y], [-1, 2, *Z])


def long_map(head, x=(0.0, -1.0)):
    return table(np.repeat(x, X.size), np.repeat((0.5, 2.0), X.size), [*X, *X], [*Y, *Z], head=head)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        (LABSPEC + across(X, *PLACED, lead=["", ""]), "µm"),
        (across(X, *PLACED, lead=["X (µm)", "Y (µm)"]), "µm"),
        (across(X, *PLACED, lead=["x", "y"]), ""),
        (long_map("#X\t#Y\t#Wave\t#Intensity"), ""),
        (long_map("x_mm\ty_mm\tWave\tIntensity"), "mm"),
        (across(X, *PLACED, lead=["", ""]), None),
        (across(X, *PLACED, lead=["x (µm)", "y (mm)"]), None),
        (LABSPEC.replace("YA", "Time") + across(X, *PLACED, lead=["", ""]), None),
        (long_map("X\tTime (s)\tWave\tIntensity"), None),
    ],
)
def test_places_are_those_that_the_file_states(tmp_path, text, unit):
    expected = [None, None] if unit is None else [(0, 0.5, unit), (-1, 2, unit)]
    assert [spectrum.place for spectrum in read(tmp_path, text)] == expected


WITEC = """//Exported ASCII-File
[Header]
GraphName = A
SizeX = 3
SizeY = 2
SizeGraph = 600
ScanUnit = µm
ScanWidth = 6
ScanHeight = 5
ScanOriginX = 10
XAxisUnit = rel. 1/cm

[Data]
"""


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (WITEC, [(x, y, "µm") for y in (2.5, 0) for x in (0, 2, 4)]),
        (WITEC.replace("= 3", "= 2"), [None] * 6),
        (WITEC.replace("ScanUnit = µm", "ScanUnit = points"), [None] * 6),
        (WITEC.replace("ScanHeight = 5\n", ""), [None] * 6),
        (WITEC.replace("//Exported ASCII-File\n", ""), [None] * 6),
    ],
)
def test_places_of_a_witec_text_are_those_of_its_scan(tmp_path, header, expected):
    named = "\t".join(["X-Axis", *(f"A({i % 3}/{i // 3})" for i in range(6))])
    text = header + table(X, *(Y + i for i in range(6)), head=named)
    assert [spectrum.place for spectrum in read(tmp_path, text)] == expected


def test_a_place_that_changes_within_a_spectrum_is_none(tmp_path):
    moving = table(N / 10, np.ones(X.size), X, Y, head="#X\t#Y\t#Wave\t#Intensity")
    assert read(tmp_path, moving)[0].place is None


def test_rows_with_a_gap_in_the_axis_are_read(tmp_path):
    axis, *rows = (np.r_[v[:20], v[60:]] for v in (X, Y, Z))
    (tmp_path / "map.txt").write_text(across(axis, *rows))
    found = read_spectra(tmp_path / "map.txt")
    np.testing.assert_allclose([s.intensity for s in found], rows, rtol=1e-6)


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_told_is_refused(tmp_path, kind):
    data, message = REFUSED[kind]
    with pytest.raises(SpectrumFileError, match=f"a.txt.*: .*{message}"):
        read(tmp_path, data)


@pytest.mark.parametrize(
    ("kind", "options", "shift"),
    [
        ("K01 no names", {"columns": ("1", "2")}, X),
        ("K01 dark alone", {"columns": ("raman", "Dark")}, X),
        ("K01 unknown unit", {"columns": ("Dose (Gy)", "2")}, X),
        ("K01 a name without a column", {"columns": ("1", "2")}, X),
        ("K01 electronvolts", {"axis": "cm-1", "columns": ("1", "2")}, X),
        ("K04 nm without laser", {"laser_nm": 785.0}, X),
        ("K04 nm without a word", {"axis": "nm", "laser_nm": 785.0}, X),
    ],
)
def test_the_remedies_work(tmp_path, kind, options, shift):
    (spectrum,) = read(tmp_path, REFUSED[kind][0], **options)
    np.testing.assert_allclose(spectrum.raman_shift, shift, atol=0.2)


@pytest.mark.parametrize(
    ("last", "columns", "message"),
    [
        ("3", "1,2", "column 2 .* may be the decimals of column 1"),
        ("3", "1,3", "column 2 .* may be the decimals of column 1"),
        ("", "1,2", "column 2 .* may be the decimals of column 1"),
    ],
)
def test_decimals_between_commas_are_no_column(tmp_path, last, columns, message):
    shift = [f"{100 + 12 * n},{n * 7 % 10 or last}".rstrip(",") for n in range(80)]
    text = "\n".join(f"{x},{y:.0f}" for x, y in zip(shift, 1e4 + Y, strict=True))
    with pytest.raises(SpectrumFileError, match=message):
        read(tmp_path, text, columns=tuple(columns.split(",")))
    if last:
        (spectrum,) = read(tmp_path, "shift,scan,counts\n" + text, columns=("1", "3"))
        np.testing.assert_allclose(spectrum.intensity, np.round(1e4 + Y))


def test_a_column_is_chosen_once(tmp_path):
    with pytest.raises(SpectrumFileError, match="names a column twice"):
        read(tmp_path, TWO, columns=("1", "1"))


@pytest.mark.parametrize(("laser_nm", "warned"), [(None, 0), (532.1, 0), (633.0, 1)])
def test_another_laser_than_that_of_the_file_is_told(tmp_path, laser_nm, warned):
    (spectrum,) = read(tmp_path, table(X, Y, head="Laser: 532 nm"), laser_nm=laser_nm)
    assert [w.kind for w in spectrum.warnings] == ["laser"] * warned
    assert spectrum.laser_nm == (laser_nm or 532)


@pytest.mark.parametrize(
    ("start", "end", "head", "options", "warned"),
    [
        (3998.6, 399.2, "", {}, True),
        (4000.0, 650.0, "", {}, True),
        (399.2, 3998.6, "", {}, False),
        (4000.0, 100.0, "", {}, False),
        (4000.0, 400.0, "Raman shift\tCounts", {}, False),
        (4000.0, 400.0, "", {"axis": "cm-1"}, False),
    ],
)
def test_an_axis_as_of_infrared_spectra_is_told(tmp_path, start, end, head, options, warned):
    text = table(np.linspace(start, end, 80), Y, head=head)
    (spectrum,) = read(tmp_path, text, **options)
    assert [w.kind for w in spectrum.warnings] == ["other_technique"] * warned


UNKNOWN = (
    "Excitation", "Emission", "Winkel", "Länge", "Longueur", "Onda", "Temp", "Retention", "Frame",
    "Step", "Loss", "Binding", "Hours", "Pressure", "Foobar",
)  # fmt: skip


@pytest.mark.parametrize("name", ["a.txt", "{}.txt"])
@pytest.mark.parametrize("word", UNKNOWN)
def test_an_unknown_word_is_no_raman_shift(tmp_path, word, name):
    if word == "Foobar":
        name = "a.txt"
    for head, sep in ((",Intensity", ","), (" Counts", " "), (" Counts", "\t"), ("\tRate", "\t")):
        text = table(X, Y, sep=sep, head=word + head)
        with pytest.raises(SpectrumFileError, match="none names Raman shift.*--columns 1,2"):
            read(tmp_path, text, name.format(word))
        (spectrum,) = read(tmp_path, text, columns=("1", "2"))
        np.testing.assert_allclose(spectrum.raman_shift, X)


@pytest.mark.parametrize(
    ("word", "name"), [(m.name, "a.txt") for m in MINERALS] + [("Foobar", "foobar.txt.gz")]
)
def test_the_name_of_the_sample_may_stand_over_the_axis(tmp_path, word, name):
    text = table(X, Y, sep=",", head=f"{word},intensity").encode()
    (spectrum,) = read(tmp_path, gzip.compress(text) if name.endswith("gz") else text, name)
    np.testing.assert_allclose([spectrum.raman_shift, spectrum.intensity], [X, Y])


JCAMP = (
    "##TITLE=A\n##JCAMP-DX=4.24\n##DATA TYPE={kind} SPECTRUM\n##XUNITS=cm⁻¹\n##YUNITS=COUNTS\n"
    "##FIRSTX=100.37\n##LASTX=1298.07\n##NPOINTS=80\n##XYPOINTS=(XY..XY)\n{rows}##END=\n"
)


@pytest.mark.parametrize(
    ("kind", "rows", "result"),
    [
        ("RAMAN", table(X, Y, sep=", "), Y),
        ("RAMAN", table(X, Y, sep="; ", decimal=","), Y),
        ("RAMAN", table(X[:40], Y[:40], sep=", "), "40 points where ##NPOINTS says 80"),
        ("RAMAN", table(X + 50, Y, sep=", "), "##FIRSTX says 100.37"),
        ("INFRARED", table(X, Y, sep=", "), "INFRARED"),
    ],
)
def test_jcamp_is_checked_against_its_header(tmp_path, kind, rows, result):
    text = JCAMP.format(kind=kind, rows=rows)
    if isinstance(result, str):
        with pytest.raises(SpectrumFileError, match=result):
            read(tmp_path, text)
        return
    for spectrum in read(tmp_path, "##TITLE=two\n##DATA TYPE=LINK\n##BLOCKS=2\n" + 2 * text):
        np.testing.assert_allclose(spectrum.intensity, result)


NAMES = st.sampled_from(
    ["Raman shift (cm-1)|Counts", "КР-сдвиг (см-1)|Интенсивность",
     "Ramanskift|Intensitet", "Wellenzahl|Intensität", "nombre d'onde|intensité", "cm⁻¹|a.u.",
     "raman_shift|intensity", ""]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    sep=st.sampled_from(["\t", ";", ",", ", ", " ", "  ", " ; "]),
    decimal=st.sampled_from(".,"),
    names=NAMES,
    swapped=st.booleans(),
    extra=st.sampled_from(["", "Pixel", "Dark", "Wavelength (nm)", "Time"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le"]),
    form=st.sampled_from(["{:.2f}", "{:.4f}", "{:g}", "{:.6E}", "{:,.2f}"]),
    scale=st.sampled_from([1e-4, 1.0, 37.0, 1e4]),
    end=st.sampled_from(["", "\t", ";", "\r"]),
)
def test_any_dialect_is_read_back_or_refused(
    tmp_path_factory, sep, decimal, names, swapped, extra, encoding, form, scale, end
):
    columns, named = [X, Y * scale], names.split("|")
    if swapped:
        columns, named = columns[::-1], named[::-1]
    if extra:
        columns, named = [N + 7.0, *columns], [extra, *named]

    def marks(text):
        return text.translate(str.maketrans(".,", ",.")) if decimal == "," else text

    rows = [
        sep.join(marks(form.format(v)) for v in row) + end for row in zip(*columns, strict=True)
    ]
    text = "\n".join([sep.join(named)] * bool(names) + rows)
    try:
        (found,) = read(tmp_path_factory.mktemp("any"), text.encode(encoding))
    except SpectrumFileError:
        return
    written = [
        [float(form.format(v).replace(",", "")) for v in values] for values in (X, Y * scale)
    ]
    np.testing.assert_allclose([found.raman_shift, found.intensity], written)


@example(" ", ".", "Raman shift{0}Dark{0}Counts", 0.005859375, "", 21)
@example(" ", ".", "Raman shift{0}Dark{0}Counts", 0.00390625, "", 21)
@example("\t", ".", "Raman shift{0}Dark{0}Counts", 0.0064, "", 13)
@example("\t", ".", "Raman shift{0}Dark{0}Counts", 0.0064, ".", 13)
@example(" ", ".", "Raman shift{0}Dark{0}Counts", 0.005859375, "", 47)
@settings(max_examples=150, deadline=None)
@given(
    sep=st.sampled_from(["\t", ";", ",", " "]),
    decimal=st.sampled_from(".,"),
    head=st.sampled_from(["", "Raman shift{0}Dark{0}Counts", "Pixel{0}cm-1{0}Corrected"]),
    cut=st.floats(0, 1),
    put=st.text('0123456789.,;\t\n eE-+#x"', max_size=3),
    length=st.integers(0, 80),
)
def test_a_damaged_table_is_not_read_otherwise(
    tmp_path_factory, sep, decimal, head, cut, put, length
):
    columns = {"": [X, Y], "R": [X, Z, Y], "P": [N + 0.0, X, Y]}[head[:1]]
    text = table(*columns, sep=sep, decimal=decimal, head=head.format(sep))
    at = int(cut * len(text))
    try:
        found = read(tmp_path_factory.mktemp("any"), text[:at] + put + text[at + length :])
    except SpectrumFileError:
        return
    points = set(zip(X, Y, strict=True))
    for spectrum in found:
        read_points = zip(spectrum.raman_shift, spectrum.intensity, strict=True)
        assert sum(point not in points for point in read_points) <= 2


EXPECTED = {
    "k02a": 20, "k02b": 4, "k02c": 3, "k02d": 3, "k02e": 18, "k02f": 2, "k02h": 2, "k05": 2,
    "k08a": 2, "k01d": 0, "k03f": 0, "k08d": 0, "k09_": 0, "k10a": 0, "k10b": 0, "k15_": 0,
    "k16_": 0, "k05_": 2,
}  # fmt: skip


@pytest.mark.skipif(not FIELD_FILES.is_dir(), reason="needs ../shared/field-files")
def test_field_files():
    for path in sorted(FIELD_FILES.glob("[ck]*")):
        try:
            found = read_spectra(path)
        except SpectrumFileError:
            found = []
        assert len(found) == EXPECTED.get(path.name[:4], 1), path.name


def test_pairs_may_differ_in_length(tmp_path):
    rows = table(X, Y, X, Z, sep=",", head="Shift A,A,Shift B,B").split("\n")
    rows[50:81] = [",," + row.split(",", 2)[2] for row in rows[50:81]]
    short, whole = read(tmp_path, "\n".join(rows))
    np.testing.assert_allclose(short.intensity, Y[:49], atol=1e-3)
    np.testing.assert_allclose(whole.intensity, Z, atol=1e-3)


def test_a_second_axis_below_a_spectrum_in_rows_is_refused(tmp_path):
    text = in_rows(**{"Raman shift": X, "q": Y, "Raman shift 2": 1.4 * X, "r": Z})
    with pytest.raises(SpectrumFileError, match="line 3 could be an axis"):
        read(tmp_path, text)


@pytest.mark.parametrize("sep", [",", ";", "\t"])
@pytest.mark.parametrize("words", [("calcite", "Sample"), ("", "Dark")])
@pytest.mark.parametrize("first", [0, 1])
def test_row_numbers_in_front_and_words_at_the_end(tmp_path, sep, words, first):
    word, name = words
    rows = [
        f"{i + first}{sep}{a}{sep}{b}{sep}{word}" for i, (a, b) in enumerate(zip(X, Y, strict=True))
    ]
    heads = ["", "Raman shift (cm-1)", "Intensity", name]
    for head in (heads, heads[1:] if word else ["n", *heads[1:]]):
        (found,) = read(tmp_path, "\n".join([sep.join(head), *rows]))
        np.testing.assert_allclose(found.raman_shift, X)
        np.testing.assert_allclose(found.intensity, Y)


def test_blanks_of_any_kind_alone_are_no_line(tmp_path):
    lines = TWO.split("\n")
    (found,) = read(tmp_path, "\n".join([*lines[:40], "\f", "\u3000", "\x0b", *lines[40:], "\f"]))
    np.testing.assert_allclose(found.intensity, Y)


def test_a_dead_last_spectrum_of_a_scan_has_its_place(tmp_path):
    keys = ("SizeX=3", "SizeY=1", "ScanUnit=µm", "ScanWidth=3", "ScanHeight=0", "[Data]", "")
    text = "//Exported ASCII-File\n" + "\n".join(keys) + table(X, Y, Z, end="\t")
    found = read_each(_written(tmp_path, text))
    assert isinstance(found[2], SpectrumFileError) and "no numbers" in str(found[2])
    assert [found[i].place.x for i in (0, 1)] == [0, 1]
    chosen = read_each(_written(tmp_path, text), ReadOptions(columns=("1", "3")))
    np.testing.assert_allclose(chosen[0].intensity, Z)


def _written(tmp_path, text):
    (tmp_path / "scan.txt").write_text(text)
    return tmp_path / "scan.txt"
