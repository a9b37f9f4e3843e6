"""The same members read by other packages, in a separate environment (`make bench-env`).

RamanSPy (BSD-3) and ramanchada2 (MIT) read files, so each member is in a folder of its own.
Prints JSON, like `measure`; members that a package cannot read are counted.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import resource
import time
from pathlib import Path


def ramanspy(path: Path) -> object:
    """RamanSPy's reader of RRUFF files, which takes a folder."""
    import ramanspy as package

    spectra, _ = package.datasets.rruff(str(path.parent), download=False)
    return spectra[0]


def ramanchada2(path: Path) -> object:
    """ramanchada2's reader of RRUFF files."""
    from ramanchada2.spectrum import from_local_file

    return from_local_file(str(path), filetype="rruf")


READERS = {"ramanspy": ramanspy, "ramanchada2": ramanchada2}


def main() -> None:
    """Times one package on `members/*/*.txt`, without imports."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("package", choices=READERS)
    parser.add_argument("members", type=Path)
    arguments = parser.parse_args()
    read, paths = READERS[arguments.package], sorted(arguments.members.glob("*/*.txt"))
    failed = 0
    with contextlib.suppress(Exception):
        read(paths[0])
    start = time.process_time()
    for path in paths:
        try:
            read(path)
        except Exception:
            failed += 1
    found = {
        "count": len(paths),
        "bytes": sum(p.stat().st_size for p in paths),
        "seconds": time.process_time() - start,
        "failed": failed,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
