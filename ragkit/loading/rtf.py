"""Rich text (.rtf) -> plain paragraphs, by striprtf."""

from __future__ import annotations

import codecs
import re

from ragkit.errors import LoadError
from ragkit.loading.content import LoadedContent, LoadOptions, MarkdownWriter

# Pictures as hexadecimal digits, and as bytes.
_HEXADECIMAL = re.compile(rb"(?<![0-9a-fA-F\r\n])[0-9a-fA-F\r\n]{2000,}+")
_BINARY = re.compile(rb"\\bin(?:(\d{1,9})|[a-zA-Z]*-?\d*) ?")
_HIGH = re.compile(rb"[\x80-\xff]")
# A character of two bytes may have a letter as its second one.
_AFTER_HEX = re.compile(r"(\\'[0-9a-fA-F]{2})([^\\{}\r\n])")
_LINE = "\N{LINE SEPARATOR}"
# Control words that striprtf drops with text in them, or cannot tell from others. "field": its
# pattern for links takes quadratic time.
_WORDS = {"line": _LINE, "cell": " | ", "nestcell": " | ", "footnote": " ", "field": ""}
_WORD = re.compile(rf"\\\\|\\({'|'.join(_WORDS)})(?![a-zA-Z])(?:-?\d+)? ?", re.IGNORECASE)
_CODE_PAGE = re.compile(r"\\ansicpg(\d*)")
_FONT = re.compile(r"\\f(charset)?(\d{1,9})")
# Signs of symbol fonts have no meaning of their own: in lists they are bullets.
_SIGNS = dict.fromkeys(range(0xF020, 0xF100), "•") | {0x2011: "-", 0xAD: "", 0xFEFF: ""}


def load_rtf(data: bytes, _options: LoadOptions) -> LoadedContent:
    """The paragraphs of a rich text; pictures, styles, headers and footers are left out.

    Raises LoadError when a control word has a number that it cannot have.
    """
    from striprtf.striprtf import rtf_to_text

    text = _HIGH.sub(lambda match: b"\\'%02x" % match[0][0], _without_pictures(data)).decode(
        "ascii"
    )
    text = _WORD.sub(lambda match: _WORDS.get((match[1] or "").lower(), match[0]), text)
    text = _CODE_PAGE.sub(lambda match: match[0] if _is_encoding(f"cp{match[1]}") else "", text)
    text = _AFTER_HEX.sub(lambda match: rf"{match[1]}\'{ord(match[2]):02x}", _plain_fonts(text))
    try:
        # Letters that end the file are decoded at the brace.
        text = rtf_to_text(text + "}", errors="replace")
    except (ValueError, TypeError, OverflowError) as error:
        raise LoadError(f"damaged rich text: {error}") from error
    # A character beyond the first 65,536 is written as two halves.
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    writer = MarkdownWriter()
    for paragraph in text.translate(_SIGNS).split("\n"):
        writer.paragraph("\n".join(" ".join(line.split()) for line in paragraph.split(_LINE)))
    return writer.content()


def _without_pictures(data: bytes) -> bytes:
    data = _HEXADECIMAL.sub(b"", data)
    pieces: list[bytes] = []
    start = 0
    while match := _BINARY.search(data, start):
        pieces.append(data[start : match.start()])
        start = match.end() + int(match[1] or 0)
    return b"".join([*pieces, data[start:]])


def _plain_fonts(text: str) -> str:
    """The same text with a font table of numbers and character sets only: striprtf reads others
    in cubic time, and takes Mac encodings that Python does not have."""
    from striprtf.striprtf import charset_map, font_table_group

    table = font_table_group(text)
    fonts: dict[str, int] = {}
    font = "0"
    for match in _FONT.finditer(table):
        if match[1]:
            fonts[font] = int(match[2])
        else:
            font = match[2]
    entries = "".join(
        rf"{{\f{font}\fcharset{charset} x;}}"
        for font, charset in fonts.items()
        if charset > 1 and _is_encoding(charset_map.get(charset, ""))
    )
    return text.replace(table, rf"{{\fonttbl{entries}}}", 1) if table else text


def _is_encoding(name: str) -> bool:
    try:
        return bool(name and codecs.lookup(name))
    except LookupError:
        return False
