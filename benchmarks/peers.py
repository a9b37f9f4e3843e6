"""How long other packages take for the same members; runs in an environment of its own.

RamanSPy (BSD-3) and ramanchada2 (MIT) read files, so the members lie unpacked in a
folder, as their users have them. Prints JSON, like `measure`.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from pathlib import Path


def ramanspy(folder: Path) -> int:
    """RamanSPy's reader of RRUFF files; returns how many it gave back."""
    import ramanspy as package

    spectra, _ = package.datasets.rruff(str(folder), download=False)
    return len(spectra)


def ramanchada2(folder: Path) -> int:
    """ramanchada2's reader of RRUFF files; returns how many it read."""
    from ramanchada2.spectrum import from_local_file

    for path in sorted(folder.glob("*.txt")):
        from_local_file(str(path), filetype="rruf")
    return len(list(folder.glob("*.txt")))


READERS = {"ramanspy": ramanspy, "ramanchada2": ramanchada2}


def main() -> None:
    """Times one package over a folder of members; imports are not counted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("package", choices=READERS)
    parser.add_argument("members", type=Path)
    arguments = parser.parse_args()
    __import__(arguments.package)
    if arguments.package == "ramanchada2":
        __import__("ramanchada2.spectrum")
    start = time.perf_counter()
    count = READERS[arguments.package](arguments.members)
    found = {
        "count": count,
        "bytes": sum(p.stat().st_size for p in arguments.members.glob("*.txt")),
        "seconds": time.perf_counter() - start,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
