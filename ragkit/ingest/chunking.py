"""Document -> chunks: blocks are packed whole where they fit, divided gently where not.

A block packer, linear in the text. Blocks are paragraphs, list runs, tables, code fences and
headings. A chunk closes before a heading once it is half full; a heading, the words that announce
a table, and its header never end a chunk; the rest of a page is divided evenly rather than ending
in a scrap.

Laws: `document.text[start:end] == chunk.text`; a chunk never crosses a page; every non-blank
character lies in some chunk; no chunk has more than `settings.tokens` tokens (unless a single
character has, or a short document stays whole); without overlap no character lies in two chunks.

Raise `CHUNKER_VERSION` in ingest/loader_version.py whenever other chunks come out of this.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ragkit.types import Chunk, ChunkSettings, Document, Heading, TokenCounter

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_SENTENCE_END = re.compile(
    r"(?<=[.!?…])[\"'”’»)\]]*\s+(?=[^\W_a-z]|[\"'“‘«(\[])|(?<=[。！？；])(?![”’」』）])|\n\s*\n"
)
_PROSE = ("text/plain", "text/markdown", "text/x-rst", "application/pdf", "message/")
_WITH_TABLES = ("text/markdown", "application/pdf")
# What stands above a table and is repeated with its header.
_CAPTION_CHARACTERS = 400
_HEADER_CHARACTERS = 900
_UNDERLINE = re.compile(r"\s*([=\-~^\"'`#*+.:_])\1{2,}\s*")
_BLANKS = re.compile(r"\s+")
_BREADCRUMB = " > "
_Cuts = Callable[[str, int, int], Iterable[int]]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of text that is not divided further; `end` includes the blanks that follow it."""

    start: int
    end: int
    tokens: int
    heading: bool = False
    by_line: bool = False  # code and tables: a line is a better cut than a sentence
    announces: bool = False  # a few words right above a table
    table: tuple[int, int, int] | None = None  # where its caption, header and first row begin

    @property
    def continues_table(self) -> bool:
        return self.table is not None and self.start >= self.table[2]

    @property
    def opens(self) -> bool:
        """Whether a chunk must not end with it: what it belongs to comes after it."""
        in_header = self.table is not None and self.end <= self.table[2]
        return self.heading or self.announces or in_header


def chunk(
    document: Document, settings: ChunkSettings, count_tokens: TokenCounter
) -> Iterator[Chunk]:
    """The chunks of a document in order; none for a blank one."""
    places = _Places(document)
    ordinal = 0
    if _stays_whole(document, settings, count_tokens):
        whole = _Piece(0, len(document.text), 0)
        one = places.chunk([whole], 0, 1 if document.page_starts else None)
        if one is not None:
            yield one
        return
    for page, (start, end) in enumerate(_pages(document), 1):
        pieces = _pieces(document, start, end, settings.tokens, count_tokens)
        groups = _pack(pieces, document.text, settings, count_tokens)
        for group in _within(list(groups), document.text, settings.tokens, count_tokens):
            one = places.chunk(group, ordinal, page if document.page_starts else None)
            if one is not None:
                yield one
                ordinal += 1


def split_chunk(one: Chunk) -> tuple[Chunk, Chunk] | None:
    """A chunk as two at the blank nearest its middle, offsets and lines exact; None when it is a
    single character. For texts that a model refuses as too long."""
    if len(one.text) < 2:
        return None
    middle = len(one.text) // 2
    cut = max(one.text.rfind(" ", 0, middle), one.text.rfind("\n", 0, middle)) + 1 or middle
    if not one.text[:cut].strip() or not one.text[cut:].strip():
        cut = middle
    line = one.first_line + one.text.count("\n", 0, cut)
    last_of_first = line - 1 if one.text[cut - 1] == "\n" else line
    first = replace(one, text=one.text[:cut], end=one.start + cut, last_line=last_of_first)
    second = replace(one, text=one.text[cut:], start=one.start + cut, first_line=line)
    return first, second


def _stays_whole(document: Document, settings: ChunkSettings, count_tokens: TokenCounter) -> bool:
    """Whether a document is short enough for one chunk: a thought that fits is not torn."""
    limit = settings.whole_tokens
    if limit <= settings.tokens or len(document.page_starts) > 1:
        return False
    text = document.text.strip()
    # A token of more than 16 characters is rare; counting a book for nothing is not.
    return len(text) <= 16 * limit and count_tokens([text])[0] <= limit


def _pages(document: Document) -> list[tuple[int, int]]:
    starts = document.page_starts or (0,)
    return list(pairwise((*starts, len(document.text))))


# ---------------------------------------------------------------- text -> pieces


def _pieces(
    document: Document, start: int, end: int, limit: int, count_tokens: TokenCounter
) -> list[_Piece]:
    """The pieces of one page, each within `limit` tokens, without gaps between them."""
    text = document.text
    blocks = _with_captions(list(_blocks(document, start, end)))
    counts = count_tokens([text[b.start : b.end] for b in blocks])
    pieces: list[_Piece] = []
    for block, tokens in zip(blocks, counts, strict=True):
        if tokens <= limit:
            pieces.append(replace(block, tokens=tokens))
        else:
            pieces.extend(_divide(text, block, limit, count_tokens))
    return pieces


def _blocks(document: Document, start: int, end: int) -> Iterator[_Piece]:
    """Blocks of a page: each runs to the start of the next, so that blanks are in some block."""
    text, markdown = document.text, document.media_type == "text/markdown"
    tables = document.media_type in _WITH_TABLES
    headings = {h.start for h in _between(document.headings, start, end)}
    by_line = not document.media_type.startswith(_PROSE)
    opened, kind, fence, blank = start, "", "", True
    for at, line in _lines(text, start, end):
        stripped = line.strip()
        if fence:
            if stripped.startswith(fence) and not stripped.strip(fence[0]):
                fence, kind, blank = "", "", True
            continue
        if kind == "heading" and not blank and _UNDERLINE.fullmatch(line):
            blank = True
            continue
        marker = _FENCE.match(line) if markdown else None
        if at in headings:
            here = "heading"
        elif marker is not None:
            here = "fence"
        else:
            here = "table" if tables and stripped.startswith("|") else "text"
        new = blank or here != kind or here == "heading"
        if stripped and new and text[opened:at].strip():
            yield _block(text, opened, at, kind, by_line=by_line)
            opened = at
        fence = marker[1] if marker else ""
        if stripped:
            kind = here
        blank = not stripped
    if text[opened:end].strip():
        yield _block(text, opened, end, kind, by_line=by_line)


def _block(text: str, start: int, end: int, kind: str, *, by_line: bool) -> _Piece:
    table = None
    if kind == "table":
        lines = list(_lines(text, start, end))[:2]
        if len(lines) == 2 and _is_rule(lines[1][1]):
            table = (start, start, lines[1][0] + len(lines[1][1]))
    by_line = by_line or kind in ("fence", "table")
    return _Piece(start, end, 0, kind == "heading", by_line, table=table)


def _with_captions(blocks: list[_Piece]) -> list[_Piece]:
    """The blocks; a short one right above a table, its title or the sentence that announces it,
    belongs to the table."""
    for index, (above, block) in enumerate(pairwise(blocks)):
        short = block.table is not None and above.end - above.start <= _CAPTION_CHARACTERS
        if short and block.table is not None and above.table is None and not above.by_line:
            blocks[index] = replace(above, announces=True)
            blocks[index + 1] = replace(block, table=(above.start, *block.table[1:]))
    return blocks


def _is_rule(line: str) -> bool:
    """Whether a line is the one below a table's header: "| --- | :-: |"."""
    return "-" in line and not line.strip(" \t\r\n|:-")


def _between(headings: Sequence[Heading], start: int, end: int) -> Sequence[Heading]:
    first = bisect_right(headings, start - 1, key=lambda h: h.start)
    return headings[first : bisect_right(headings, end - 1, key=lambda h: h.start)]


def _lines(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    """(offset, line with its newline) of every line in text[start:end]."""
    while start < end:
        stop = text.find("\n", start, end) + 1 or end
        yield start, text[start:stop]
        start = stop


def _divide(text: str, block: _Piece, limit: int, count_tokens: TokenCounter) -> Iterator[_Piece]:
    """An oversized block by the gentlest cuts that work, down to single characters."""
    gentle = (_line_cuts, _sentence_cuts) if block.by_line else (_sentence_cuts, _line_cuts)
    yield from _divide_by((*gentle, _word_cuts, _half_cuts), text, block, limit, count_tokens)


def _divide_by(
    ways: tuple[_Cuts, ...], text: str, block: _Piece, limit: int, count_tokens: TokenCounter
) -> Iterator[_Piece]:
    way, *rougher = ways
    edges = (block.start, *way(text, block.start, block.end), block.end)
    spans = [(a, b) for a, b in pairwise(edges) if a < b]
    counts = count_tokens([text[a:b] for a, b in spans])
    for (start, end), tokens in zip(spans, counts, strict=True):
        piece = replace(block, start=start, end=end, tokens=tokens)
        if tokens <= limit or end - start < 2:
            yield piece
        else:
            yield from _divide_by(tuple(rougher) or ways, text, piece, limit, count_tokens)


def _line_cuts(text: str, start: int, end: int) -> Iterable[int]:
    return (at for at, _ in _lines(text, start, end))


def _sentence_cuts(text: str, start: int, end: int) -> Iterable[int]:
    return (match.end() for match in _SENTENCE_END.finditer(text, start, end))


def _word_cuts(text: str, start: int, end: int) -> Iterable[int]:
    return (match.end() for match in _BLANKS.finditer(text, start, end))


def _half_cuts(_text: str, start: int, end: int) -> Iterable[int]:
    return ((start + end) // 2,)


# ---------------------------------------------------------------- pieces -> groups


def _pack(
    pieces: list[_Piece], text: str, settings: ChunkSettings, count_tokens: TokenCounter
) -> Iterator[list[_Piece]]:
    """Groups of neighbouring pieces, each one chunk."""
    size = settings.tokens
    remaining = sum(piece.tokens for piece in pieces)
    at = 0
    overlap: list[_Piece] = []
    while at < len(pieces):
        group = list(overlap)
        fill = sum(p.tokens for p in group)
        target = size
        if size < remaining < 2 * size:
            target = min(size, remaining // 2 + size // 8)
        first = at
        while at < len(pieces):
            piece = pieces[at]
            full = fill + piece.tokens > (size if at == first else target)
            turn = piece.heading and fill >= size // 2 and not pieces[at - 1].heading
            if at > first and (full or turn):
                break
            if at == first and group and fill + piece.tokens > size:
                group, fill = [], 0
            group.append(piece)
            fill += piece.tokens
            at += 1
        while at < len(pieces) and at - first > 1 and pieces[at - 1].opens:
            at -= 1
            group.pop()
        remaining -= sum(p.tokens for p in pieces[first:at])
        yield group
        overlap = _tail(group, text, settings.overlap, count_tokens) if settings.overlap else []


def _within(
    groups: list[list[_Piece]], text: str, limit: int, count_tokens: TokenCounter
) -> Iterator[list[_Piece]]:
    """The groups, those divided that count more tokens whole than their pieces do one by one
    (a word at the start of a line may)."""
    counts = count_tokens([text[g[0].start : g[-1].end].strip() for g in groups])
    for group, tokens in zip(groups, counts, strict=True):
        if tokens <= limit or group[-1].end - group[0].start < 2:
            yield group
            continue
        if len(group) == 1:
            group = list(_divide(text, group[0], max(1, limit // 2), count_tokens))
        middle = max(1, len(group) // 2)
        halves = [half for half in (group[:middle], group[middle:]) if half]
        yield from _within(halves, text, limit, count_tokens)


def _tail(group: list[_Piece], text: str, overlap: int, count_tokens: TokenCounter) -> list[_Piece]:
    """The last sentences of a group, together within `overlap` tokens and less than all of it."""
    whole = text[group[0].start : group[-1].end]
    visible = group[0].start + len(whole) - len(whole.lstrip())
    units: list[_Piece] = []
    room = overlap
    for piece in reversed(group):
        for part in reversed(list(_divide(text, piece, overlap, count_tokens))):
            room -= part.tokens
            if room < 0 or part.start <= visible:
                return units
            units.insert(0, part)
    return units


# ---------------------------------------------------------------- groups -> chunks


class _Places:
    """Looks up line, heading breadcrumb and page label of offsets of one document."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._line_starts = [0, *(m.end() for m in re.finditer("\n", document.text))]
        self._heading_starts = [h.start for h in document.headings]
        self._breadcrumbs = list(_breadcrumbs(document.headings))

    def chunk(self, group: list[_Piece], ordinal: int, page: int | None) -> Chunk | None:
        """The group as a chunk without blanks at its edges; None when it is blank."""
        document = self._document
        start, end = group[0].start, group[-1].end
        whole = document.text[start:end]
        text = whole.strip()
        if not text:
            return None
        start += len(whole) - len(whole.lstrip())
        end = start + len(text)
        header = ""
        if group[0].continues_table and group[0].table is not None:
            *begins, first_row = group[0].table
            limit = max(len(text), _HEADER_CHARACTERS)
            begin = next((at for at in begins if first_row - at <= limit), first_row)
            header = document.text[begin:first_row].rstrip()
        at = bisect_right(self._heading_starts, start)
        return Chunk(
            source=document.source,
            ordinal=ordinal,
            text=text,
            start=start,
            end=end,
            first_line=self._line(start),
            last_line=self._line(end - 1),
            page=page,
            page_label=self._label(page),
            heading=self._breadcrumbs[at - 1] if at else "",
            table_header=header,
        )

    def _line(self, offset: int) -> int:
        """The line of the file at an offset of the text."""
        line = bisect_right(self._line_starts, offset)
        lines = self._document.file_lines
        return lines[line - 1] if line <= len(lines) else line

    def _label(self, page: int | None) -> str:
        if page is None:
            return ""
        labels = self._document.page_labels
        return labels[page - 1] if page <= len(labels) else f"p. {page}"


def _breadcrumbs(headings: Sequence[Heading]) -> Iterator[str]:
    trail: list[Heading] = []
    for heading in headings:
        trail = [h for h in trail if h.level < heading.level]
        trail.append(heading)
        yield _BREADCRUMB.join(h.title for h in trail)
