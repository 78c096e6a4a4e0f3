"""The types of `ragkit help json` hold for what the commands print."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import CommandLine

from tests.docs.pages import ROOT
from tests.ollama_double import OllamaDouble

_TOKEN = re.compile(r'\s+|//[^\n]*|"[^"]*"|\w+|[{}\[\]():;|&=]')
_PAGE = (ROOT / "ragkit" / "docs" / "json.md").read_text(encoding="utf-8")
_PRIMITIVES = {"string": (str,), "number": (int, float), "boolean": (bool,), "null": (type(None),)}


class Types:
    """The types of a page, in the part of TypeScript's notation that it uses."""

    def __init__(self, page: str) -> None:
        source = "\n".join(re.findall(r"^```ts\n(.*?)^```", page, re.M | re.S))
        found = (token[0] for token in _TOKEN.finditer(source))
        self._tokens = [t for t in found if not t.isspace() and not t.startswith("//")]
        self._named: dict[str, Any] = {}
        while self._tokens:
            self._take("type")
            name = self._take()
            self._take("=")
            self._named[name] = self._union()

    def _take(self, wanted: str = "") -> str:
        token = self._tokens.pop(0)
        assert not wanted or token == wanted, f"{token} instead of {wanted}"
        return token

    def _accept(self, *wanted: str) -> bool:
        if self._tokens[: len(wanted)] != list(wanted):
            return False
        del self._tokens[: len(wanted)]
        return True

    def _union(self) -> Any:
        parts = [self._intersection()]
        while self._accept("|"):
            parts.append(self._intersection())
        return parts[0] if len(parts) == 1 else ("or", parts)

    def _intersection(self) -> Any:
        parts = [self._postfix()]
        while self._accept("&"):
            parts.append(self._postfix())
        return parts[0] if len(parts) == 1 else ("and", parts)

    def _postfix(self) -> Any:
        token = self._take()
        one: Any
        if token == "(":
            one = self._union()
            self._take(")")
        elif token == "{":
            one = self._object()
        else:
            one = token
        while self._accept("[", "]"):
            one = ("list", one)
        return one

    def _object(self) -> Any:
        fields: dict[str, Any] = {}
        while not self._accept("}"):
            name = self._take()
            if name == "[":  # [name: string]: any number of fields of one type
                for wanted in ("", ":", "string", "]", ":"):
                    self._take(wanted)
                one = ("fields", self._union())
                self._take("}")
                return one
            self._take(":")
            fields[name.strip('"')] = self._union()
            self._accept(";")
        return ("object", fields)

    def mismatches(self, value: Any, kind: Any, where: str) -> Iterator[str]:
        """What in `value` is not as the type says."""
        if isinstance(kind, str) and kind in self._named:
            kind = self._named[kind]
        if isinstance(kind, str):
            is_right = (
                type(value) in _PRIMITIVES[kind]
                if kind in _PRIMITIVES
                else value == kind.strip('"')
            )
            if not is_right:
                yield f"{where}: {value!r} is no {kind}"
            return
        form, inner = kind
        if form == "or":
            tried = [list(self.mismatches(value, one, where)) for one in inner]
            yield from () if [] in tried else max(tried, key=lambda found: len(found[0]))
        elif form == "list" and isinstance(value, list):
            for number, one in enumerate(value):
                yield from self.mismatches(one, inner, f"{where}[{number}]")
        elif form == "list" or not isinstance(value, dict):
            yield f"{where}: {value!r} is no {form}"
        else:
            fields = dict.fromkeys(value, inner) if form == "fields" else self._fields(kind)
            yield from (f"{where}.{name} is missing" for name in fields.keys() - value.keys())
            yield from (
                f"{where}.{name} is not on the page" for name in value.keys() - fields.keys()
            )
            for name in fields.keys() & value.keys():
                yield from self.mismatches(value[name], fields[name], f"{where}.{name}")

    def _fields(self, kind: Any) -> dict[str, Any]:
        if isinstance(kind, str):
            kind = self._named[kind]
        form, inner = kind
        if form == "object":
            return dict(inner)
        return {name: one for part in inner for name, one in self._fields(part).items()}


COMMANDS = {
    "Index": "index sample_corpus",
    "Search": "search dome",
    "Ask": "ask How_often_are_backups_tested? --model gemma3",
    "Status": "status",
    "StatusOfFolder": "status sample_corpus/rfcs",
    "StatusOfFile": "status sample_corpus/annual-report.pdf",
    "Explain": "explain backup --expect letter.txt",
    "Eval": "eval --queries q.jsonl --qrels r.jsonl --compare keyword-weight=0",
    "Remove": "remove sample_corpus/letter.txt",
    "Verify": "verify",
    "Map": "map --out map.html --query backup",
    "Doctor": "doctor",
    "ModelsList": "models list",
    "ModelsShow": "models show gemma3",
    "ModelsPull": "models pull gemma3",
    "ModelsDelete": "models delete gemma3",
    "Dropped": "reindex --drop-previous",
}


@pytest.fixture
def ragkit(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


def test_every_command_prints_the_fields_that_the_page_names(
    home: Path, ragkit: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ROOT / "sample_corpus", home / "sample_corpus")
    (home / "sample_corpus" / "scan.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (home / "q.jsonl").write_text(json.dumps({"id": "1", "text": "How often are backups tested?"}))
    judged = {"query_id": "1", "doc_id": "operations/backup-runbook.md", "score": 1}
    (home / "r.jsonl").write_text(json.dumps(judged))
    types = Types(_PAGE)
    wrong = []
    with OllamaDouble() as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        for name, command in COMMANDS.items():
            done = ragkit(*command.split(), "--json")
            assert done.code == 0, f"{command}: {done.err}"
            document = done.json
            assert document.pop("schema") == 1
            wrong += types.mismatches(document, name, command)
    assert not wrong, "\n".join(wrong)


def test_the_page_names_no_type_that_it_does_not_explain() -> None:
    named = set(re.findall(r"^type (\w+)", _PAGE, re.M))
    used = set(
        re.findall(
            r"\b[A-Z]\w+\b",
            re.sub(r"//.*", "", "".join(re.findall(r"^```ts\n(.*?)^```", _PAGE, re.M | re.S))),
        )
    )
    assert used <= named | {"Backups", "Restore"}
    assert COMMANDS.keys() <= named
