#!/usr/bin/env python
"""How many neighbours a map preserves: principal components against the layout of `ragkit map`.

    .venv/bin/python scripts/bench/map.py [SET ...]

Prints the share of the 10 nearest chunks of each chunk that are among the 30 nearest points, and
the processor time of the layout.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from data import folder

from ragkit import Index
from ragkit.map import MAX_POINTS
from ragkit.map.layout import lay_out, preserved_neighbours, principal_plane


def main() -> None:
    names = sys.argv[1:] or ["squad_dev", "cranfield", "tree_handbook"]
    print(f"{'set':<16}{'points':>8}{'of':>8}  {'components':>11}{'layout':>8}{'seconds':>9}")
    for name in names:
        with tempfile.TemporaryDirectory() as place:
            index = Index.create(Path(place, "index"), embedder="wordllama/l2_supercat_256")
            data = folder(name)
            index.update(data / "docs" if (data / "docs").is_dir() else data)
            sample = index.sample_chunks(MAX_POINTS)
        plane = preserved_neighbours(sample.vectors, principal_plane(sample.vectors))
        started = time.process_time()
        laid = lay_out(sample.vectors)
        seconds = time.process_time() - started
        share = preserved_neighbours(sample.vectors, laid)
        count = len(sample.chunks)
        print(f"{name:<16}{count:>8}{sample.total:>8}  {plane:>11.3f}{share:>8.3f}{seconds:>9.1f}")


if __name__ == "__main__":
    main()
