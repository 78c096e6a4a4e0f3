"""Data written as text (base64, hexadecimal, uuencode, yEnc): decoded where the whole file is one
block that holds text, else left out and counted, since nobody searches for it."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

# A word, a path or a key is shorter, and so is a signed token; a picture is longer.
_FEWEST_CHARACTERS = 400
_FEWEST_TO_DECODE = 40
_FEWEST_IN_LINE = 40
_LINE = re.compile(rf"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{{{_FEWEST_IN_LINE},}}+={{0,2}}")
_LAST_LINE = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_RUN = re.compile(rf"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{{{_FEWEST_CHARACTERS},}}+={{0,2}}")
_HEX = re.compile(r"[0-9a-fA-F]+")
_DIGESTS = {32, 40, 56, 64, 96, 128}  # lists of hashes are searched for
_CLASSES = (re.compile("[A-Z]"), re.compile("[a-z]"), re.compile("[0-9]"))
_UU_BEGIN = re.compile(r"begin [0-7]{3,4} \S.{0,200}")
_UU_LINE = re.compile(r"[ -`]{1,62}")
_BLOCK_START = re.compile(rb"\s*(?:begin [0-7]{3}|[A-Za-z0-9+/_-]{20,}+={0,2}[ \t]*+(?:\Z|[\r\n]))")
_YENC = re.compile(
    rb"\A\s*=ybegin [^\n]{0,500}\n(?:=ypart [^\n]{0,500}\n)?(.*?)\n=yend ", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class KeptLines:
    """The lines that are text, the number of each among all lines (from 1), and how many
    characters were left out."""

    lines: list[str]
    numbers: list[int]
    lost_characters: int


def without_encoded_data(text: str) -> KeptLines | None:
    """The text without long blocks of encoded data; None when it has none."""
    if not _LINE.search(text) and "\nM" not in text:
        return None
    lines = text.split("\n")
    dropped = [False] * len(lines)
    for start, end in _blocks(lines):
        dropped[start:end] = [True] * (end - start)
    kept: list[str] = []
    numbers: list[int] = []
    lost = 0
    for number, (line, whole) in enumerate(zip(lines, dropped, strict=True), 1):
        short = "" if whole else _RUN.sub(_left, line) if len(line) >= _FEWEST_CHARACTERS else line
        if short != line:
            lost += sum(map(len, line.split())) - sum(map(len, short.split()))
        if not whole:
            kept.append(short)
            numbers.append(number)
    return KeptLines(kept, numbers, lost) if lost else None


def decode_block(data: bytes) -> tuple[bytes, Callable[[int], int]] | None:
    """The bytes that a file stands for which is one block of base64, uuencode or yEnc, and a
    function from the offset of one of them to the line of the file (from 1); None for others."""
    yenc = _YENC.match(data)
    if yenc:
        start = data.count(b"\n", 0, yenc.start(1)) + 1
        return _from_yenc(yenc[1]), lambda _: start
    if not _BLOCK_START.match(data) or not data.isascii():
        return None
    lines = data.decode("ascii").replace("\r\n", "\n").split("\n")
    first = next((at for at, line in enumerate(lines) if line.strip()), 0)
    lines, blank = lines[first:], first
    while lines and not lines[-1].strip():
        lines.pop()
    pieces = _uu_pieces(lines) if lines and _UU_BEGIN.fullmatch(lines[0].strip()) else None
    pieces = pieces or _base64_pieces(lines)
    if pieces is None:
        return None
    ends: list[int] = []
    for piece in pieces:
        ends.append((ends[-1] if ends else 0) + len(piece))

    def line_of(offset: int) -> int:
        from bisect import bisect_right

        return blank + 1 + min(bisect_right(ends, offset), len(ends) - 1)

    return b"".join(pieces), line_of


def _base64_pieces(lines: list[str]) -> list[bytes] | None:
    """What each line of a block of base64 holds."""
    texts = ["".join(line.split()) for line in lines]
    whole = "".join(texts)
    wrapped = len({len(text) for text in texts[:-1]}) <= 1
    if len(whole) < _FEWEST_TO_DECODE or not wrapped or not _has_all_kinds(whole):
        return None
    try:
        data = base64.b64decode(
            whole, altchars=b"-_" if "-" in whole or "_" in whole else None, validate=True
        )
    except binascii.Error:
        return None
    ends, length = [0], 0
    for text in texts:
        length += len(text)
        ends.append(min(length * 3 // 4, len(data)))
    return [data[start:end] for start, end in pairwise(ends)]


def _uu_pieces(lines: list[str]) -> list[bytes] | None:
    """What each line of a uuencoded file holds; b"" for the first and the last."""
    pieces = [b""]
    for line in lines[1:]:
        if line.strip() == "end":
            return [*pieces, b""]
        try:
            pieces.append(binascii.a2b_uu(line))
        except binascii.Error:
            return None
    return None


def _from_yenc(body: bytes) -> bytes:
    plain = body.replace(b"\r", b"").replace(b"\n", b"")
    plain = re.sub(rb"=(.)", lambda m: bytes([(m[1][0] - 64) % 256]), plain, flags=re.DOTALL)
    return bytes((byte - 42) % 256 for byte in plain)


def _blocks(lines: list[str]) -> Iterator[tuple[int, int]]:
    """Where blocks of lines begin and end that hold nothing but encoded data."""
    done = 0
    for at, line in enumerate(lines):
        if at < done:
            continue
        if line.startswith("begin "):
            end = _uu_end(lines, at + 1)
            if end:
                yield at + 1, end
                done = end
        elif len(line) >= _FEWEST_IN_LINE:
            done, is_data = _group_end(lines, at)
            if is_data:
                yield at, done


def _uu_end(lines: list[str], start: int) -> int:
    """Where the lines of a uuencoded block end that begin at `start`; 0 when none do."""
    if not _UU_BEGIN.fullmatch(lines[start - 1].strip()):
        return 0
    end = start
    while end < len(lines) and lines[end].strip() != "end" and _UU_LINE.fullmatch(lines[end]):
        end += 1
    return end if end < len(lines) and lines[end].strip() == "end" else 0


def _group_end(lines: list[str], start: int) -> tuple[int, bool]:
    """Where the lines of one length end that begin at `start`, and whether they are base64 or
    hexadecimal digits: not when they are few, or may be words or a list of hashes."""
    end = start
    width = len(lines[start].strip())
    while end < len(lines) and len(one := lines[end].strip()) == width and _LINE.fullmatch(one):
        end += 1
    joined = "".join(line.strip() for line in lines[start:end])
    if len(joined) < _FEWEST_CHARACTERS or end - start < 2:
        return end, False
    is_hex = _HEX.fullmatch(joined) is not None
    if not is_hex and not _has_all_kinds(joined):
        return end, False
    last = lines[end].strip() if end < len(lines) else ""
    fits = (len(joined) + len(last)) % (2 if is_hex else 4) == 0
    if fits and len(last) < width and _LAST_LINE.fullmatch(last):
        return end + 1, True
    return end, not (is_hex and width in _DIGESTS)


def _has_all_kinds(text: str) -> bool:
    """Whether there are capitals, small letters and digits, as in base64, not in DNA."""
    return all(kind.search(text) for kind in _CLASSES)


def _left(run: re.Match[str]) -> str:
    """What is left of a long word: nothing if it looks like encoded data."""
    text = run[0]
    if _HEX.fullmatch(text):
        return ""
    shares = [len(kind.findall(text)) / len(text) for kind in _CLASSES]
    looks_random = shares[0] >= 0.15 and shares[1] >= 0.15 and shares[2] >= 0.04
    in_address = run.string[max(0, run.start() - 8) : run.start()].endswith("base64,")
    return "" if looks_random or in_address else text
