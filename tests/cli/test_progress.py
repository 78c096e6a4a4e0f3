from __future__ import annotations

import pytest

from ragkit.cli.progress import print_report
from ragkit.types import IndexReport
from ragkit.types.files import Problem


def test_a_failure_is_shown_before_any_number_of_notes(capsys: pytest.CaptureFixture[str]) -> None:
    notes = [Problem(f"a{n}.doc", "indexed", "converted by LibreOffice") for n in range(50)]
    problems = (*notes, Problem("x.png", "skipped", "a picture"), Problem("y.pdf", "failed", "cut"))
    print_report(IndexReport(added=50, skipped=1, failed=1, problems=problems))
    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == ["failed: y.pdf: cut", "skipped: x.png: a picture"]
    assert lines[-1] == "... and 32 more: ragkit status"
