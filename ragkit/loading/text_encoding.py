"""Bytes -> text: byte order marks, UTF-8, UTF-16 and UTF-32 by their zero bytes, a declaration,
and at last a bounded guess that is always reported."""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass

from ragkit.loading.detect_encoding import guess_ebcdic, guess_encoding

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE = {  # the positions of four that hold zero bytes in mostly Latin text
    "utf-32-le": (1, 2, 3),
    "utf-32-be": (0, 1, 2),
    "utf-16-le": (1, 3),
    "utf-16-be": (0, 2),
}
# What pages on the web mean when they name an encoding (WHATWG Encoding Standard).
_MEANT = {
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "iso8859-9": "cp1254",
    "shift_jis": "cp932",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
    "tis-620": "cp874",
    "iso8859-11": "cp874",
}
_DECLARABLE = re.compile(
    r"utf-(7|8|16|32)|cp\d+|iso8859-\d+|koi8-[rut]|mac-\w+|gb18030|big5hkscs|shift_jis\w*|euc_\w+"
    r"|iso2022_\w+|hz|johab|ptcp154|viscii"
)
_SEVEN_BIT = re.compile(r"utf-7|hz|iso2022_\w+")
_RECORD = 80  # characters in a line of a mainframe's file that has no line ends
# Into two-byte characters and, before a line ends, out of them.
_JAPANESE_ESCAPES = re.compile(rb"\x1b\$[@B](?:[!-~]{2})+\x1b\([BJI]")
_DECLARATION = re.compile(
    rb"""(?:charset\s*=\s*["']?\s*|<\?xml[^>]{0,200}?encoding\s*=\s*["']|"""
    rb"""\A(?:[^\n]{0,200}\n)?[^\n]{0,200}?coding[:=][ \t]*)([\w.:-]{2,40})""",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text whose lines end in "\\n" only, without byte order mark; `note` is "" or a sentence."""

    text: str
    encoding: str
    note: str = ""


def decode(data: bytes, *, declared: bool = False, returns: bool = False) -> Decoded:
    """The text of `data`. Never fails: bytes that mean nothing become U+FFFD and are reported.

    `declared`: a declaration inside the data (HTML meta, XML prolog, coding line) is looked for.
    `returns`: carriage returns are left as they are.
    """
    encoding = mark_of(data)
    if encoding:
        data = data[_mark_length(encoding) :]
    else:
        encoding = wide_encoding(data[:4096]) or "utf-8"
    if encoding == "utf-8":
        encoding = _seven_bit_encoding(data, declared=declared) or encoding
    text, note = _strict(data, encoding), ""
    if text is None and not encoding.startswith("utf-8"):
        text = data.decode(encoding, "replace")
        note = f"some bytes are not valid {encoding} and were replaced"
    if text is None:
        text, encoding, note = _decode_other(data, declared=declared)
    return Decoded(text if returns else _normalise_lines(text), encoding, note)


def _seven_bit_encoding(data: bytes, *, declared: bool) -> str:
    """An encoding whose bytes are all ASCII, "" for ASCII itself."""
    if _JAPANESE_ESCAPES.search(data):
        return "iso2022_jp" if _strict(data, "iso2022_jp") is not None else "iso2022_jp_ext"
    if declared and data.isascii():
        name = declared_encoding(data)
        return name if _SEVEN_BIT.fullmatch(name) and _strict(data, name) is not None else ""
    return ""


def text_of(data: bytes, encoding: str, *, declared: bool = False) -> str:
    """The text of bytes that were said to be in `encoding` ("" if nothing was), where they are."""
    try:
        return _normalise_lines(data.decode(encoding or "ascii"))
    except (UnicodeDecodeError, LookupError):
        return decode(data, declared=declared).text


def mark_of(data: bytes) -> str:
    """The encoding a byte order mark names, "" without one."""
    return next((encoding for mark, encoding in _MARKS if data.startswith(mark)), "")


def wide_encoding(sample: bytes) -> str:
    """UTF-32 or UTF-16 when zero bytes stand where mostly Latin text has them, else ""."""
    if b"\0" not in sample:
        return ""
    quarter = len(sample) // 4 or 1
    zeros = [sample[position::4].count(0) / quarter for position in range(4)]
    for encoding, places in _WIDE.items():
        others = [zeros[position] for position in range(4) if position not in places]
        if min(zeros[position] for position in places) > 0.4 and max(others) < 0.1:
            return encoding
    for encoding, holds_zeros in (("utf-16-le", 1), ("utf-16-be", 0)):
        # Other scripts have zero bytes only in their blanks, digits and line ends.
        if b"\0" not in sample[1 - holds_zeros :: 2] and _is_prose(sample, encoding):
            return encoding
    return ""


def _is_prose(sample: bytes, encoding: str) -> bool:
    """Whether bytes decode to letters and what stands between them, and nothing else."""
    text = _strict(sample[: len(sample) // 2 * 2], encoding)
    if text is None:  # the sample may end inside a character
        text = _strict(sample[: len(sample) // 2 * 2 - 2], encoding)
    if not text or not any(mark.isspace() or mark in ",;." for mark in text):
        return False
    odd = sum(unicodedata.category(mark) in ("Cc", "Cn", "Co", "Cs") for mark in text)
    breaks = sum(map(text.count, "\t\n\r"))
    return odd == breaks and 2 * sum(map(str.isalpha, text)) >= len(text)


def _mark_length(encoding: str) -> int:
    return next(len(mark) for mark, name in _MARKS if name == encoding)


def _strict(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _decode_other(data: bytes, *, declared: bool) -> tuple[str, str, str]:
    """Text, encoding and note of data that is not valid UTF-8."""
    if declared:
        name = declared_encoding(data)
        text = _strict(data, name) if name and name != "utf-8" else None
        if text is not None:
            return text, name, ""
    name = guess_ebcdic(data)
    if name:
        return _split_records(data.decode(name)), name, f"read as EBCDIC, {name} (guessed)"
    lenient = data.decode("utf-8", "replace")
    bad = lenient.count("\ufffd")
    if sum(map(len, re.findall(r"[\x80-\ufffc\U00010000-\U0010ffff]+", lenient))) >= 2 * bad:
        return lenient, "utf-8", f"{bad} damaged characters: the file is not wholly valid UTF-8"
    name = guess_encoding(data)
    label = name.replace("cp125", "windows-125")
    return data.decode(name, "replace"), name, f"read as {label} (guessed)"


def _split_records(text: str) -> str:
    """Text of a mainframe with its line ends; records of equal length become lines."""
    text = text.replace("\x85", "\n")
    if "\n" in text or len(text) % _RECORD:
        return text
    records = (text[at : at + _RECORD].rstrip() for at in range(0, len(text), _RECORD))
    return "\n".join(records)


def declared_encoding(data: bytes) -> str:
    """The Python name of the encoding that HTML, XML or a coding line declares, "" if none."""
    # Some pages declare it after kilobytes of scripts.
    for match in _DECLARATION.finditer(data[:131072]):
        try:
            name = codecs.lookup(match[1].decode("ascii")).name
        except (LookupError, UnicodeDecodeError):
            continue
        name = _MEANT.get(name, name)
        if _DECLARABLE.fullmatch(name):
            return name
    return ""


def _normalise_lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
