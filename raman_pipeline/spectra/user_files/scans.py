"""Where the spectra of a WITec text (`//Exported ASCII-File`) were measured, as its header says.

The text names no place of a spectrum, but the size of the scan. WITec's order of the points is that
of an image: along a line (x) first, the upper line first (as hyperSpec and Gwyddion read it).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from raman_pipeline.spectra.user_files.spectrum import Place

_KEY = re.compile(r"(Size[XY]|Scan(?:Unit|Width|Height))\s*=\s*(\S+)\s*")
_UNITS = {"µm": "µm", "μm": "µm", "um": "µm", "mm": "mm", "nm": "nm"}


def witec_points(above: Sequence[str]) -> int:
    """Returns how many spectra the header of a WITec text states; 0 where it states none."""
    stated = _stated(above)
    try:
        return int(stated["SizeX"]) * int(stated["SizeY"])
    except (KeyError, ValueError):
        return 0


def witec_places(above: Sequence[str], spectra: int) -> list[Place]:
    """Returns the place of each spectrum, from the lower left corner; none unless all is stated.

    Args:
        above: lines above the numbers.
        spectra: how many there are.
    """
    stated = _stated(above)
    unit = _UNITS.get(stated.get("ScanUnit", ""))
    if unit is None or witec_points(above) != spectra or spectra == 1:
        return []
    across, down = int(stated["SizeX"]), int(stated["SizeY"])
    try:
        width, height = float(stated["ScanWidth"]), float(stated["ScanHeight"])
    except (KeyError, ValueError):
        return []
    if not width > 0 or not (height > 0 or (down == 1 and height == 0)):
        return []
    return [
        Place(k % across * width / across, (down - 1 - k // across) * height / down, unit)
        for k in range(spectra)
    ]


def _stated(above: Sequence[str]) -> dict[str, str]:
    if not above or not above[0].startswith("//Exported ASCII-File"):
        return {}
    keys = filter(None, (_KEY.fullmatch(line.strip()) for line in above))
    return {key[1]: key[2] for key in keys}
