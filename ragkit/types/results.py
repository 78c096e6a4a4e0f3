"""What is searched for, what is found, and the answer; and how notebooks show them."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ragkit.types.documents import Chunk, format_location

SupportLevel = Literal["supported", "weak", "unsupported", "unchecked"]


@dataclass(frozen=True, slots=True)
class KeywordQuery:
    """What the keyword leg looks for. `phrases` must all occur word for word; the others may.

    `words` carry the subject, `stems` are those of the words in languages other than English,
    `identifiers` (ERR-4012, foo_bar.baz) count more where their parts stand together.
    """

    words: str
    stems: str = ""
    identifiers: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that was found: `score` = cosine `similarity` + weight x (`keyword` +
    `document_score`).

    `keyword` (0..1) is how well the chunk has the words of the question, `document_score` (0..0.6)
    how well its document, by name and opening, is one that the question names. Lists of hits are
    best first; ties are broken by source, then ordinal. `rerank_score` is what a reranker gave, on
    a scale of its own; hits that have one come first, in its order.
    """

    chunk: Chunk
    score: float
    similarity: float
    keyword: float
    document_score: float = 0.0
    rerank_score: float | None = None

    @property
    def text(self) -> str:
        """The words that were found."""
        return self.chunk.text

    @property
    def source(self) -> str:
        """The document they are from."""
        return self.chunk.source

    @property
    def location(self) -> str:
        """Where a reader finds them: `notes.md:3-9`, `book.pdf p. 4`."""
        return self.chunk.location

    def _repr_html_(self) -> str:
        return Hits([self])._repr_html_()

    def _repr_markdown_(self) -> str:
        return Hits([self])._repr_markdown_()


class Hits(list[Hit]):
    """Hits, best first: a list that notebooks show as a table."""

    def _repr_html_(self) -> str:
        return html_table(_HIT_COLUMNS, self._rows())

    def _repr_markdown_(self) -> str:
        return markdown_table(_HIT_COLUMNS, self._rows())

    def _rows(self) -> list[tuple[str, ...]]:
        return [(f"{hit.score:.3f}", hit.location, shorten(hit.text, 300)) for hit in self]


_HIT_COLUMNS = ("score", "location", "text")


@dataclass(frozen=True, slots=True)
class Passage:
    """What a model or a reader is shown: one or more neighbouring chunks as one text.

    `start` and `end` are the span of `text` in its document. `copies` are the near-copies in
    other files that were folded into this passage, newest first; `also_in` says where they are.
    """

    number: int
    source: str
    text: str
    start: int
    end: int
    first_line: int
    last_line: int
    page: int | None
    page_label: str
    heading: str
    hits: tuple[Hit, ...]
    table_header: str = ""
    near_duplicates: tuple[Passage, ...] = ()

    @property
    def location(self) -> str:
        return format_location(self.source, self.page_label, self.first_line, self.last_line)

    @property
    def duplicate_locations(self) -> tuple[str, ...]:
        return tuple(copy.location for copy in self.near_duplicates)


@dataclass(frozen=True, slots=True)
class Citation:
    """A mark in an answer: the passage's `number`, and the words that carry the claim.

    `start` and `end` are the span of `quote` in the document; `quote` is verbatim.
    """

    number: int
    source: str
    location: str
    quote: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of an answer without its marks, the passages it cites, how well they carry it.

    `evidence` is the quoted span that supports it best, None when nothing does.
    """

    text: str
    citations: tuple[int, ...] = ()
    support: SupportLevel = "unchecked"
    evidence: Citation | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ContextUsage:
    """How a context window was used, in tokens. All zero when no model was called.

    `estimate` is what was reckoned before the call, `used` what the server counted (None: it
    did not say), `reserved` what was kept free for the answer.
    """

    window: int = 0
    estimated: int = 0
    used: int | None = None
    reserved: int = 0


@dataclass(frozen=True, slots=True)
class IndexCoverage:
    """How much of what was discovered an answer can know about.

    `files_searched` are those of the indexed files that passed the filters.
    """

    files_indexed: int = 0
    files_discovered: int = 0
    files_searched: int = 0


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two places that say the same with different numbers or dates. `quoted` is in the answer."""

    citation: Citation
    other: Citation


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer and all that is needed to check it.

    `model` is None when no chat model wrote it. `sentences` is empty when nothing was found.
    `is_abstention` is True when the documents hold no evidence; `passages` are then the nearest
    ones, and `nearest_quotes` has of each the sentence that shares most words with the question.
    `evidence_score` is how much the passages seem to hold of an answer, 0 to 1, and
    `abstention_threshold` what it had to reach. `removed_sentences` are the unsupported ones that
    `supported_only` left out. `conflicts` are other passages, or older copies of the cited ones,
    that give other figures. `omitted_passages` did not fit the model's window.
    """

    question: str
    text: str
    sentences: tuple[Sentence, ...] = ()
    passages: tuple[Passage, ...] = ()
    omitted_passages: tuple[Passage, ...] = ()
    model: str | None = None
    context: ContextUsage = field(default_factory=ContextUsage)
    coverage: IndexCoverage = field(default_factory=IndexCoverage)
    is_abstention: bool = False
    notes: tuple[str, ...] = ()
    evidence_score: float = 0.0
    abstention_threshold: float = 0.0
    nearest_quotes: tuple[Citation, ...] = ()
    removed_sentences: tuple[Sentence, ...] = ()
    conflicts: tuple[Conflict, ...] = ()

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return (
            f"Answer({shorten(self.text, 120)!r}, {len(self.citations)} citations, "
            f"model={self.model!r:.60})"
        )

    def _repr_html_(self) -> str:
        rows = [
            (f"[{one.number}]", one.location, shorten(one.quote, 300)) for one in self.citations
        ]
        return f"<p>{html.escape(self.text)}</p>{html_table(_CITATION_COLUMNS, rows)}"

    def _repr_markdown_(self) -> str:
        rows = [
            (f"[{one.number}]", one.location, shorten(one.quote, 300)) for one in self.citations
        ]
        return f"{escape_markdown(self.text)}\n\n{markdown_table(_CITATION_COLUMNS, rows)}"

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The citation of each passage that a sentence cites, by number, each once."""
        found: dict[int, Citation] = {}
        for sentence in self.sentences:
            if sentence.evidence is not None:
                found.setdefault(sentence.evidence.number, sentence.evidence)
        passages = {passage.number: passage for passage in self.passages}
        for number in sorted({n for s in self.sentences for n in s.citations}):
            if number not in found and number in passages:
                p = passages[number]
                found[number] = Citation(number, p.source, p.location, p.text, p.start, p.end)
        return tuple(found[number] for number in sorted(found))


_CITATION_COLUMNS = ("mark", "location", "quote")


# For notebooks: all of it is text of documents or models, and so is escaped.
_MARKUP = re.compile(r"([\\`*_{}\[\]()#+!|<>~$&-])")


def shorten(text: str, characters: int) -> str:
    """One line of at most so many characters."""
    line = " ".join(text[: 4 * characters].split())
    return line if len(line) <= characters else line[: characters - 1].rstrip() + "…"


def html_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """An HTML table of plain texts."""
    head = "".join(f"<th>{html.escape(name)}</th>" for name in columns)
    body = "".join(
        f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table of plain texts."""
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    lines += [
        f"| {' | '.join(escape_markdown(' '.join(c.split())) for c in row)} |" for row in rows
    ]
    return "\n".join(lines)


def escape_markdown(text: str) -> str:
    """Plain text that Markdown shows as it is."""
    return _MARKUP.sub(r"\\\1", text)
