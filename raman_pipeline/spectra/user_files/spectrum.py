"""What a file holds, and what it must be to be a Raman spectrum."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from raman_pipeline.common.errors import InputError
from raman_pipeline.spectra.quality import QualityWarning

Floats = npt.NDArray[np.float64]

MIN_POINTS = 32
"""Measured points of different Raman shift."""
MIN_RANGE_CM1 = 100.0
_MAX_SHIFT_CM1 = 6000.0
_LASERS_NM = (488.0, 514.5, 532.0, 632.8, 785.0, 830.0, 1064.0)
_EXPORT = "export Raman shift (cm⁻¹) and intensity as text"
_SPECTROMETER_NM = (380.0, 1100.0)
"""Range of spectrometers with a detector of silicon."""
_SAME_LASER_NM = 2.0
_INFRARED_CM1 = (3980.0, 4010.0), (370.0, 660.0)
"""Where infrared spectra are usually exported from, and to; Raman spectra begin nearer to 0."""
_NAME_ABSOLUTE = "if it is absolute wavenumber, write that above it, and give the --laser"
_AS_SHIFT = "give --axis cm-1 if it is Raman shift all the same"


class SpectrumFileError(InputError):
    """A file holds no usable spectrum; the message names file, line and remedy."""


class UnreadableError(Exception):
    """What is wrong with a file, without its name."""


class Place(NamedTuple):
    """Where the stage stood, as the file says it.

    Attributes:
        x, y: coordinates.
        unit: of both, `µm`, `mm` or `nm`; empty where the file states none.
    """

    x: float
    y: float
    unit: str


@dataclass(frozen=True)
class ReadOptions:
    """What the user says of a file.

    Attributes:
        columns: names or numbers (from 1): the axis, then intensities.
        axis: unit of the axis, `cm-1` or `nm`; None where the file is to say it.
        laser_nm: wavelength of the laser.
    """

    columns: tuple[str, ...] = ()
    axis: str | None = None
    laser_nm: float | None = None

    def as_json(self) -> dict[str, Any]:
        """Returns what was said, as plain data."""
        said = {"columns": list(self.columns), "axis": self.axis, "laser_nm": self.laser_nm}
        return {name: value for name, value in said.items() if value}


@dataclass(frozen=True)
class Spectrum:
    """One measured spectrum.

    Attributes:
        name: the file, with the number of the spectrum where it holds several.
        raman_shift: float64 [n], cm⁻¹, strictly increasing.
        intensity: float64 [n].
        notes: what was changed or assumed on reading.
        format: of the file.
        columns: which columns, rows or blocks were read.
        laser_nm: where the file or the user names it.
        warnings: that the file names another technique, or another laser than the user.
        place: where it was measured; None unless the file says it for sure.
    """

    name: str
    raman_shift: Floats
    intensity: Floats
    notes: tuple[str, ...] = ()
    format: str = ""
    columns: str = ""
    laser_nm: float | None = None
    warnings: tuple[QualityWarning, ...] = ()
    place: Place | None = None

    def what_was_read(self) -> dict[str, Any]:
        """Returns format, columns, points measured, range, laser and place as plain data."""
        return {
            "format": self.format,
            "columns": self.columns,
            "points_measured": int(self.raman_shift.size),
            "range_cm1": [round(float(self.raman_shift[i]), 2) for i in (0, -1)],
            "laser_nm": self.laser_nm,
            "place": self.place and self.place._asdict(),
        }


@dataclass
class Found:
    """Two columns of a file before they are known to be a spectrum.

    Attributes:
        axis, intensity: float64 [n], as they stand.
        kind: of the axis: `shift`, `nm`, `absolute` (wavenumber), or a word for another;
            empty where the file does not say.
        format, columns, laser_nm, notes, place: see `Spectrum`.
        other_technique: words of the file that name another one than Raman.
        problem: why it is unusable, if that is known already and it has a place all the same.
    """

    axis: Floats
    intensity: Floats
    kind: str
    format: str
    columns: str = ""
    laser_nm: float | None = None
    notes: list[str] = field(default_factory=list)
    other_technique: str = ""
    place: Place | None = None
    problem: str = ""


def as_spectrum(name: str, found: Found, options: ReadOptions) -> Spectrum:
    """Returns a spectrum in Raman shift and in order, with notes on what was done for that.

    Raises:
        UnreadableError: its axis is no Raman shift, or it is too short or no spectrum.
    """
    if found.problem:
        raise UnreadableError(found.problem)
    notes = list(found.notes)
    laser = options.laser_nm or found.laser_nm
    shift, intensity = found.axis, found.intensity
    if shift.size != intensity.size:
        raise UnreadableError(f"{shift.size} values on the axis, {intensity.size} points")
    finite = np.isfinite(shift) & np.isfinite(intensity)
    if not finite.all():
        notes.append(f"{int((~finite).sum())} points without a number left out")
        shift, intensity = shift[finite], intensity[finite]
    kind = {"cm-1": "shift", "nm": "nm"}.get(options.axis or "", found.kind)
    shift = _raman_shift(shift, kind, laser, notes)
    shift, intensity = _in_order(shift, intensity, notes)
    _require_spectrum(shift)
    return Spectrum(
        name,
        shift,
        intensity,
        tuple(notes),
        found.format,
        found.columns,
        laser,
        tuple(_warnings(found, options)),
        found.place,
    )


def _warnings(found: Found, options: ReadOptions) -> Iterator[QualityWarning]:
    if found.other_technique:
        text = f"the file says {found.other_technique}: only Raman spectra can be identified"
        yield QualityWarning("other_technique", text)
    elif not (found.kind or options.axis) and found.axis.size:
        first, last = found.axis[0], found.axis[-1]
        (from_low, from_high), (to_low, to_high) = _INFRARED_CM1
        if from_low <= first <= from_high and to_low <= last <= to_high:
            text = f"it falls from {first:.0f} to {last:.0f} cm⁻¹, as infrared spectra do"
            yield QualityWarning("other_technique", f"{text}; if it is Raman, say --axis cm-1")
    given, named = options.laser_nm, found.laser_nm
    if given and named and abs(given - named) > _SAME_LASER_NM:
        text = f"the file names a laser of {named:g} nm; used is {given:g} nm, as --laser says"
        yield QualityWarning("laser", text)


def _raman_shift(axis: Floats, kind: str, laser: float | None, notes: list[str]) -> Floats:
    if kind in ("nm", "absolute"):
        unit = "nm" if kind == "nm" else "absolute wavenumbers"
        if laser is None:
            raise UnreadableError(
                f"its axis is in {unit}; export it as Raman shift in 1/cm, or name the laser with "
                + ("--axis nm --laser 785" if kind == "nm" else "--laser 785")
            )
        if (axis <= 0).any():
            raise UnreadableError(f"its axis is in {unit}, but not all of it is positive")
        notes.append(f"axis in {unit} converted to Raman shift with the laser of {laser:g} nm")
        shift = 1e7 / laser - (1e7 / axis if kind == "nm" else axis)
    elif kind == "shift":
        shift = axis
    elif kind:
        raise UnreadableError(f"its axis is in {kind}; {_EXPORT}, or {_AS_SHIFT}")
    else:
        _refuse_other_axes(axis, laser)
        notes.append("nothing in the file names the axis: taken as Raman shift in cm⁻¹")
        shift = axis
    if axis.size and np.abs(shift).max() > _MAX_SHIFT_CM1:
        converted = kind in ("nm", "absolute")
        raise UnreadableError(
            f"its axis runs from {shift.min():g} to {shift.max():g}, which is no Raman shift in "
            f"cm⁻¹; {_EXPORT}, or " + ("give another --laser" if converted else _NAME_ABSOLUTE)
        )
    return shift


def _refuse_other_axes(axis: Floats, laser: float | None) -> None:
    """Refuses an axis that nothing names and that looks like pixels or nanometres."""
    if axis.size < 2:
        return
    low, high = float(axis.min()), float(axis.max())
    if axis[0] in (0, 1) and (np.diff(axis) == 1).all():
        raise UnreadableError(
            f"its first column counts {axis[0]:g}, {axis[1]:g}, … as pixels or rows are counted; "
            f"{_EXPORT}, or name others, as with --columns 2,3, or {_AS_SHIFT}"
        )
    for line in (laser,) if laser else _LASERS_NM:
        longest = 1e7 / max(1e7 / line - 4200, 1)
        if line - 8 <= low <= (longest if laser else line * 1.03) and high <= longest:
            raise UnreadableError(
                f"its axis runs from {low:g} to {high:g} and nothing names its unit: nm of a laser "
                f"of {line:g} nm, or cm⁻¹? Give --axis cm-1, or --axis nm --laser {line:g}"
            )
    if laser is None and _SPECTROMETER_NM[0] <= low and high <= _SPECTROMETER_NM[1]:
        raise UnreadableError(
            f"its axis runs from {low:g} to {high:g} and nothing names its unit: nm, or cm⁻¹? Give "
            "--axis cm-1, or --axis nm and the laser in nm, as in --laser 532"
        )


def _in_order(shift: Floats, intensity: Floats, notes: list[str]) -> tuple[Floats, Floats]:
    """Returns points with a strictly increasing Raman shift; adds what was done to the notes."""
    steps = np.diff(shift)
    if steps.size and np.median(steps) < 0:
        shift, intensity, steps = shift[::-1], intensity[::-1], -steps[::-1]
    back = steps < 0
    if back.any():
        row = int(np.argmax(back))
        # The encoder of a scanning spectrometer may step back; another spectrum goes far back.
        if back.mean() > 0.05 or -steps.min() > 3 * np.median(steps):
            raise UnreadableError(
                f"its axis goes back from {shift[row]:g} to {shift[row + 1]:g}: windows that "
                "overlap, several spectra, or another column; save each spectrum in a file of its "
                "own, or name the columns with --columns"
            )
        notes.append("points sorted by Raman shift")
        order = np.argsort(shift, kind="stable")
        shift, intensity = shift[order], intensity[order]
    kept, first, counts = np.unique(shift, return_index=True, return_counts=True)
    repeated = shift.size - kept.size
    if kept.size < MIN_POINTS:
        raise UnreadableError(
            f"only {kept.size} points of different Raman shift; at least {MIN_POINTS} are needed"
        )
    if repeated > 0.05 * shift.size:
        raise UnreadableError(
            f"{repeated} of {shift.size} points repeat a Raman shift: several spectra, or another "
            "column; save each spectrum in a file of its own"
        )
    if repeated:
        notes.append(f"{repeated} points of equal Raman shift averaged")
        intensity = np.add.reduceat(intensity, first) / counts
    return kept, intensity


def _require_spectrum(shift: Floats) -> None:
    width = float(shift[-1] - shift[0])
    if width < MIN_RANGE_CM1:
        raise UnreadableError(
            f"covers {shift[0]:g} to {shift[-1]:g}, only {width:g} cm⁻¹; at least "
            f"{MIN_RANGE_CM1:g} are needed, and the axis must be Raman shift in cm⁻¹"
        )
    steps = np.diff(shift)
    step = float(np.median(steps))
    # Steps of a spectrum are equal or change slowly; those between peaks are wide and irregular.
    if step > 5 and np.median(np.abs(np.diff(steps))) > 0.1 * step:
        raise UnreadableError(
            f"{shift.size} points, irregular and up to {steps.max():g} cm⁻¹ apart, are a list of "
            f"peaks and no spectrum; {_EXPORT}"
        )
    if step > 50:
        raise UnreadableError(f"its points are {step:g} cm⁻¹ apart: too far for a spectrum")
