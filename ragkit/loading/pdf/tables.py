"""Tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ragkit.loading.pdf.page import Line


def split_tables(lines: Sequence[Line]) -> Iterator[str | list[Line]]:
    yield list(lines)
