from __future__ import annotations

import pytest

from ragkit.ingest.loader_version import loader_fingerprint, needs_reload
from ragkit.types import FileFingerprint

INDEXED = FileFingerprint("a.txt", "indexed")
SKIPPED = FileFingerprint("b.pdf", "skipped", "encrypted")
FAILED = FileFingerprint("c.pdf", "failed", "damaged")
NOW = loader_fingerprint(1000)


@pytest.mark.parametrize(
    ("before", "passwords", "due"),
    [
        pytest.param(NOW, False, set(), id="nothing differs"),
        pytest.param(None, False, set(), id="nothing is known"),
        pytest.param(None, True, {"b.pdf"}, id="a password"),
        pytest.param(loader_fingerprint(999), False, {"b.pdf"}, id="another limit"),
        pytest.param({**NOW, "libraries": []}, False, {"b.pdf"}, id="an extra was installed"),
        pytest.param({**NOW, "loaders": 0}, False, {"a.txt", "b.pdf", "c.pdf"}, id="new loaders"),
    ],
)
def test_what_is_due_again(
    before: dict[str, object] | None, passwords: bool, due: set[str]
) -> None:
    again = needs_reload(before, NOW, passwords=passwords)
    files = [INDEXED, SKIPPED, FAILED]
    assert {one.source for one in files if again is not None and again(one)} == due
