"""Rich text (.rtf) -> plain paragraphs."""

from __future__ import annotations

import re

from ragkit.ingest.load.content import Content, LoadOptions
from ragkit.ingest.load.writer import MarkdownWriter

_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z'])|([{}])|([^\\{}\r\n]+)"
)
# Groups that hold no text of the document.
_DESTINATIONS = frozenset(
    (
        *(b"fonttbl", b"colortbl", b"stylesheet", b"info", b"pict", b"object", b"themedata"),
        *(b"listtable", b"listoverridetable", b"rsidtbl", b"generator", b"datastore", b"xmlnstbl"),
        *(b"fldinst", b"latentstyles", b"colorschememapping", b"bkmkstart", b"bkmkend", b"filetbl"),
        *(b"revtbl", b"header", b"footer", b"headerf", b"footerf", b"headerl", b"headerr"),
        *(b"footerl", b"footerr", b"pgdsctbl", b"objdata", b"nonshppict", b"listtext", b"pntext"),
    )
)
_SPECIAL = {
    b"line": "\n",
    b"tab": " ",
    b"emdash": "—",
    b"endash": "–",
    b"lquote": "‘",
    b"rquote": "’",
    b"ldblquote": "“",
    b"rdblquote": "”",
    b"bullet": "•",
    b"cell": " | ",
    b"nestcell": " | ",
    b"emspace": " ",
    b"enspace": " ",
}
_PARAGRAPH_ENDS = frozenset((b"par", b"row", b"nestrow", b"sect", b"page"))
_CHARACTER_SETS = {
    128: "cp932",
    129: "cp949",
    134: "gb18030",
    136: "big5hkscs",
    161: "cp1253",
    162: "cp1254",
    163: "cp1258",
    177: "cp1255",
    178: "cp1256",
    186: "cp1257",
    204: "cp1251",
    222: "cp874",
    238: "cp1250",
}
_MULTIBYTE = {932: "cp932", 936: "gb18030", 949: "cp949", 950: "big5hkscs", 65001: "utf-8"}


def load_rtf(data: bytes, _options: LoadOptions) -> Content:
    """The paragraphs of a rich text; pictures, styles, headers and footers are left out."""
    reader = _Reader()
    for match in _TOKEN.finditer(data):
        reader.token(match)
    return reader.finish()


class _Reader:
    def __init__(self) -> None:
        self._writer = MarkdownWriter()
        self._inline: list[str] = []
        self._bytes = bytearray()
        self._encoding = "cp1252"
        self._fonts: dict[int, str] = {}
        self._font = 0
        # What a group changes ends with it: is its text left out, how many characters stand in
        # for a Unicode one, which encoding do its bytes have.
        self._groups: list[tuple[bool, int, str]] = []
        self._hidden, self._stand_ins, self._current = False, 1, ""
        self._in_font_table = False
        self._to_skip = 0

    def token(self, match: re.Match[bytes]) -> None:
        word, number, code, symbol, brace, text = match.groups()
        if text is not None:
            self._plain(text)
        elif code is not None:
            self._plain(bytes.fromhex(code.decode()))
        elif brace == b"{":
            self._groups.append((self._hidden, self._stand_ins, self._current))
        elif brace == b"}":
            self._flush_bytes()
            self._in_font_table = False if len(self._groups) <= 2 else self._in_font_table
            if self._groups:
                self._hidden, self._stand_ins, self._current = self._groups.pop()
        elif symbol is not None:
            self._symbol(symbol)
        else:
            self._word(word, int(number) if number else None)

    def finish(self) -> Content:
        self._end_paragraph()
        return self._writer.content()

    def _plain(self, text: bytes) -> None:
        skipped = min(self._to_skip, len(text))
        self._to_skip -= skipped
        if not self._hidden:
            self._bytes += text[skipped:]

    def _symbol(self, symbol: bytes) -> None:
        if symbol == b"*":
            self._hidden = True
        elif symbol in b"\\{}":
            self._plain(symbol)
        elif symbol in b"\r\n":
            self._end_paragraph()
        elif symbol in b"~_":
            self._character(" " if symbol == b"~" else "-")

    def _word(self, word: bytes, number: int | None) -> None:
        if word in _DESTINATIONS:
            self._in_font_table = self._in_font_table or word == b"fonttbl"
            self._hidden = True
        elif word == b"u" and number is not None:
            self._character(chr(number % 65536))
            self._to_skip = self._stand_ins
        elif word == b"uc" and number is not None:
            self._stand_ins = min(max(number, 0), 10)
        elif word == b"ansicpg" and number:
            self._encoding = _encoding_of(number)
        elif word == b"f" and number is not None:
            self._flush_bytes()
            self._font = number
            self._current = self._fonts.get(number, "")
        elif word == b"fcharset" and number is not None and self._in_font_table:
            self._fonts[self._font] = _CHARACTER_SETS.get(number, "")
        elif word in _PARAGRAPH_ENDS:
            self._end_paragraph()
        elif word in _SPECIAL:
            self._character(_SPECIAL[word])

    def _character(self, character: str) -> None:
        self._flush_bytes()
        if not self._hidden:
            self._inline.append(character)

    def _flush_bytes(self) -> None:
        if self._bytes:
            self._inline.append(self._bytes.decode(self._current or self._encoding, "replace"))
            self._bytes.clear()

    def _end_paragraph(self) -> None:
        self._flush_bytes()
        text = "".join(self._inline)
        # A character beyond the first 65,536 is written as two halves.
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        self._inline.clear()
        text = text.replace("\ufeff", "")
        self._writer.paragraph("\n".join(" ".join(line.split()) for line in text.split("\n")))


def _encoding_of(code_page: int) -> str:
    if code_page in _MULTIBYTE:
        return _MULTIBYTE[code_page]
    name = f"cp{code_page}"
    try:
        b"".decode(name)
    except LookupError:
        return "cp1252"
    return name
