from __future__ import annotations

import json
from typing import Any

import pytest

from ragkit.errors import LoadError
from ragkit.loading import load


def cell(kind: str, source: str, *outputs: dict[str, Any]) -> dict[str, Any]:
    return {"cell_type": kind, "source": source.splitlines(keepends=True), "outputs": outputs}


def notebook(*cells: dict[str, Any]) -> bytes:
    return json.dumps({"cells": cells, "metadata": {"title": "Study"}, "nbformat": 4}).encode()


def test_cells_are_pages_labelled_by_their_number() -> None:
    stream = {"output_type": "stream", "text": ["1%\r", "2%\r", "done\n"]}
    picture = {"output_type": "display_data", "data": {"image/png": "AAAA", "text/plain": "<Fig>"}}
    document = load(
        notebook(
            cell("markdown", "# Title\n\nWords."),
            cell("markdown", ""),
            cell("code", "print(1)", stream, picture),
        ),
        "a.ipynb",
    )
    assert document.page_labels == ("cell 1", "cell 3")
    assert document.text == (
        "# Title\n\nWords.\n\n```python\nprint(1)\n```\n\n```output\ndone\n```\n\n"
        "```output\n<Fig>\n```"
    )
    assert [(h.start, h.title) for h in document.headings] == [(0, "Title")]
    assert dict(document.metadata)["title"] == "Study"


def test_outputs_are_bounded_and_pictures_left_out() -> None:
    output = {"output_type": "stream", "text": "y" * 100_000}
    image = cell("markdown", f"![plot](data:image/png;base64,{'A' * 5000})")
    assert len(load(notebook(cell("code", "x", output), image), "a.ipynb").text) < 3000


def test_errors_say_what_went_wrong() -> None:
    error = {
        "output_type": "error",
        "ename": "ValueError",
        "evalue": "bad",
        "traceback": ["\x1b[0m"],
    }
    assert "ValueError: bad" in load(notebook(cell("code", "f()", error)), "a.ipynb").text


def test_code_that_holds_a_fence_gets_a_longer_one() -> None:
    text = load(notebook(cell("code", "s = '''\n```\n'''")), "a.ipynb").text
    assert text.startswith("````python\n")
    assert text.endswith("\n````")


def test_notebooks_of_version_3_are_read() -> None:
    old = {
        "worksheets": [{"cells": [{"cell_type": "code", "input": "x = 1", "language": "python"}]}]
    }
    assert "x = 1" in load(json.dumps(old).encode(), "a.ipynb").text


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b'{"cells": [', id="cut"),
        pytest.param(b"[1, 2]", id="a list"),
        pytest.param(b'{"cells":' + b"[" * 200_000, id="deep"),
    ],
)
def test_damage_is_reported(data: bytes) -> None:
    with pytest.raises(LoadError) as caught:
        load(data, "a.ipynb")
    assert caught.value.outcome == "failed"


@pytest.mark.parametrize(
    "cells", [None, "x", [1, None, "x"], [{"cell_type": 3, "source": {"a": 1}, "outputs": [7]}]]
)
def test_odd_shapes_do_no_harm(cells: object) -> None:
    good = [cell("markdown", "good words")]
    data = json.dumps({"cells": cells, "worksheets": [{"cells": good}, 4], "metadata": []})
    assert "good words" in load(data.encode(), "a.ipynb").text
