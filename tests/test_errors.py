from __future__ import annotations

import re
from pathlib import Path

from ragkit.errors import missing_library

ROOT = Path(__file__).parents[1]


def test_a_missing_library_is_named_with_the_command_that_installs_it() -> None:
    message = missing_library("reading .docx files", "python-docx", "lxml>=5,<7")
    assert message.startswith("reading .docx files needs")
    assert message.endswith('pip install python-docx "lxml>=5,<7"')


def test_no_hint_installs_the_package_of_somebody_else() -> None:
    for path in sorted(ROOT.glob("ragkit/**/*.py")):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"pip3? install [^\n]*\bragkit\b", text), path
