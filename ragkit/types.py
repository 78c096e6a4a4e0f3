"""The data that flows through ragkit, and the Protocols that vendors and engines fulfil.

Offsets count characters of `Document.text` and are half-open; pages and lines start at 1.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Vectors = npt.NDArray[np.float32]

__all__ = [
    "Answer",
    "AsyncReply",
    "Chat",
    "Chunk",
    "ChunkSettings",
    "Citation",
    "ContextUse",
    "Coverage",
    "Derived",
    "Document",
    "Embedder",
    "Engine",
    "FileRecord",
    "Flaw",
    "FoundFile",
    "Heading",
    "Hit",
    "IndexReport",
    "KeywordQuery",
    "LastRun",
    "Location",
    "Manifest",
    "Message",
    "ModelIdentity",
    "Outcome",
    "Passage",
    "Problem",
    "Progress",
    "Reply",
    "Reranker",
    "Sentence",
    "Support",
    "TokenCounter",
    "Usage",
    "VectorIndex",
    "VerifyReport",
]

Outcome = Literal["indexed", "skipped", "failed"]
Support = Literal["supported", "weak", "unsupported", "unchecked"]


# ---------------------------------------------------------------- documents and chunks


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading in a document: where its line starts, its level (1 is the top), its words."""

    start: int
    level: int
    title: str


@dataclass(frozen=True, slots=True)
class Document:
    """One file as text.

    `page_starts[i]` is the offset at which page i + 1 begins; empty where the format has no
    pages. A page may also be a slide, a sheet or a notebook cell: `page_labels[i]` is what a
    reader calls it ("p. iv", "slide 3", "sheet Prices", "cell 7"); empty means "p. 1", "p. 2", ...
    `headings` ascend by `start`. `media_type` is the MIME type the text was read from; in
    "text/markdown" (also given to converted Office and HTML files, whose text is Markdown)
    fences and pipe tables are markup, in all others they are plain characters.
    `metadata` holds (key, value) pairs such as ("title", ...), ("author", ...), ("tags", "a, b").
    `notes` are sentences for the person: a guessed encoding, pages without text.
    `characters_lost` counts the non-blank characters a loader knows it could not deliver.
    `file_lines[i]` is the line of the file that line i + 1 of `text` stands for; empty where that
    is the same line, or the file has none.
    """

    source: str
    text: str
    sha256: str
    page_starts: tuple[int, ...] = ()
    headings: tuple[Heading, ...] = ()
    media_type: str = "text/plain"
    notes: tuple[str, ...] = ()
    page_labels: tuple[str, ...] = ()
    pages_without_text: int = 0
    metadata: tuple[tuple[str, str], ...] = ()
    characters_lost: int = 0
    file_lines: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ChunkSettings:
    """How documents are cut. Sizes are tokens of the embedder; part of the manifest.

    A chunk has at most `tokens`; a document without pages of at most `whole_tokens` is one chunk.
    The defaults are chosen by scripts/bench/chunking.py.
    """

    tokens: int = 288
    overlap: int = 0
    whole_tokens: int = 640


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document. `document.text[start:end] == chunk.text`; it never crosses a page.

    `heading` is the breadcrumb at `start` ("Backups > Restore"), "" before the first heading.
    `table_header` is the header of the table this chunk continues, "" everywhere else; it is
    embedded and shown before `text` but is no part of it.
    """

    source: str
    ordinal: int
    text: str
    start: int
    end: int
    first_line: int
    last_line: int
    page: int | None = None
    page_label: str = ""
    heading: str = ""
    table_header: str = ""

    @property
    def location(self) -> str:
        """Where a reader finds it: `notes.md:3-9`, `book.pdf p. 4`, `deck.pptx slide 3`."""
        return location(self.source, self.page_label, self.first_line, self.last_line)


class Derived(NamedTuple):
    """What is stored with a chunk beside itself: the key of its vector, and words that find it.

    `opening` is what its document says about itself, with the first chunk; "" with all others.
    """

    text_hash: str
    context: str
    stems: str
    opening: str = ""


def location(source: str, page_label: str, first_line: int, last_line: int) -> str:
    """`notes.md:3-9` or `notes.md:3`; `book.pdf p. 4` where the format has pages."""
    if page_label:
        return f"{source} {page_label}"
    lines = f"{first_line}-{last_line}" if last_line > first_line else f"{first_line}"
    return f"{source}:{lines}"


# ---------------------------------------------------------------- retrieval and answers


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
    """A chunk that was found: `score` = cosine `similarity` + weight x (`keyword` + `document`).

    `keyword` (0..1) is how well the chunk has the words of the question, `document` (0..0.6) how
    well its document, by name and opening, is one that the question names. Lists of hits are best
    first; ties are broken by source, then ordinal. `relevance` is what a reranker gave, on a scale
    of its own; hits that have one come first, in its order.
    """

    chunk: Chunk
    score: float
    similarity: float
    keyword: float
    document: float = 0.0
    relevance: float | None = None


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
    copies: tuple[Passage, ...] = ()

    @property
    def location(self) -> str:
        return location(self.source, self.page_label, self.first_line, self.last_line)

    @property
    def also_in(self) -> tuple[str, ...]:
        return tuple(copy.location for copy in self.copies)


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
    support: Support = "unchecked"
    evidence: Citation | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ContextUse:
    """How a context window was used, in tokens. All zero when no model was called.

    `estimate` is what was reckoned before the call, `used` what the server counted (None: it
    did not say), `reserved` what was kept free for the answer.
    """

    window: int = 0
    estimate: int = 0
    used: int | None = None
    reserved: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of what was discovered an answer can know about.

    `files_searched` are those of the indexed files that passed the filters.
    """

    files_indexed: int = 0
    files_discovered: int = 0
    files_searched: int = 0


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Two places that say the same with different numbers or dates. `quoted` is in the answer."""

    quoted: Citation
    other: Citation


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer and all that is needed to check it.

    `model` is None when no chat model wrote it. `sentences` is empty when nothing was found.
    `abstained` is True when the files hold no evidence; `passages` are then the nearest ones, and
    `nearest` quotes the sentence of each that shares most words with the question.
    `evidence` is how much the passages seem to hold of an answer, 0 to 1, and `floor` what it
    had to reach. `dropped` are the unsupported sentences that `strict` left out, and
    `disagreements` what other passages, or older copies of the cited ones, give differently.
    """

    question: str
    text: str
    sentences: tuple[Sentence, ...] = ()
    passages: tuple[Passage, ...] = ()
    left_out: tuple[Passage, ...] = ()
    model: str | None = None
    context: ContextUse = field(default_factory=ContextUse)
    coverage: Coverage = field(default_factory=Coverage)
    abstained: bool = False
    notes: tuple[str, ...] = ()
    evidence: float = 0.0
    floor: float = 0.0
    nearest: tuple[Citation, ...] = ()
    dropped: tuple[Sentence, ...] = ()
    disagreements: tuple[Disagreement, ...] = ()

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


# ---------------------------------------------------------------- the ledger and the manifest


class FoundFile(NamedTuple):
    """A file that discovery saw, as `stat` saw it. A tuple: three times cheaper to make.

    `source` is what people and the ledger call it: with "/" between folders, relative to the
    folder that holds the index where it lies below it, else absolute; bytes that are not UTF-8
    are shown as backslash escapes. `path` opens it. `refusal` says why it must not be opened,
    "" for a file to read; a folder that cannot be listed is refused under a `source` that ends
    with "/". In an object store both are the address, and `inode` is a number made of the etag.
    """

    source: str
    path: str
    size: int = 0
    mtime_ns: int = 0
    inode: int = 0
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """The ledger row of one discovered file.

    `characters` counts the non-blank characters extracted, `characters_lost` those of them that
    are in no chunk. `reason` is "" for a file that is wholly indexed.
    """

    source: str
    outcome: Outcome
    reason: str = ""
    sha256: str = ""
    size: int = 0
    mtime_ns: int = 0
    inode: int = 0
    pages: int = 0
    pages_without_text: int = 0
    characters: int = 0
    characters_lost: int = 0
    chunks: int = 0
    media_type: str = ""
    metadata: tuple[tuple[str, str], ...] = ()
    seen_ns: int = 0

    @property
    def known(self) -> KnownFile:
        """What tells whether the file changed."""
        return KnownFile(*(getattr(self, name) for name in KnownFile._fields))


class KnownFile(NamedTuple):
    """What the ledger tells of a file, to see whether it is as it was: fields of its `FileRecord`.
    A tuple, as `FoundFile`."""

    source: str
    outcome: Outcome
    reason: str = ""
    size: int = 0
    mtime_ns: int = 0
    inode: int = 0
    seen_ns: int = 0


@dataclass(frozen=True, slots=True)
class Problem:
    """A file that is not wholly in the index, and why."""

    source: str
    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What one run of `update` did. Every discovered file is in exactly one of the counts
    added, updated, moved, unchanged, skipped, failed; `removed` counts files that vanished.

    `embedded` and `reused` count chunks whose vector the model made or the index already held.
    """

    added: int = 0
    updated: int = 0
    moved: int = 0
    removed: int = 0
    unchanged: int = 0
    skipped: int = 0
    failed: int = 0
    chunks: int = 0
    embedded: int = 0
    reused: int = 0
    seconds: float = 0.0
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class LastRun:
    """What the last run that wrote an index did. `what` is "index" or "reindex", `finished` a
    time in UTC (ISO 8601), `counts` the numbers of its `IndexReport`."""

    what: str
    finished: str
    seconds: float
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with the stored rows of one file."""

    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What a look at every row of an index found. `flaws` are those that are left; `repaired`
    names the files that were mended."""

    files: int
    chunks: int
    flaws: tuple[Flaw, ...] = ()
    repaired: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Progress:
    """What `update` tells its `on_progress` callback, several times a second at most.

    `stage` is "scan", "index" or "tidy"; `files_total` is 0 until it is known.
    """

    stage: str
    files_done: int = 0
    files_total: int = 0
    chunks: int = 0
    source: str = ""


@dataclass(frozen=True, slots=True)
class Location:
    """Where an index or documents are: a local path, or an s3://, gs:// or az:// address.

    `options` are (key, value) pairs for the object store, such as ("endpoint", "http://..."), with
    the names that LanceDB gives them; what they leave out is taken from the environment.
    """

    uri: str
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """What must be equal for two vectors to be comparable. `digest` is "" where the vendor has
    none; the prefixes are the exact characters put before a question or a passage."""

    name: str
    dimension: int
    digest: str = ""
    query_prefix: str = ""
    document_prefix: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an index was built with. A difference is an `IndexMismatchError`."""

    embedder: ModelIdentity
    chunking: ChunkSettings
    format: int


@dataclass(frozen=True, slots=True)
class VectorIndex:
    """How the chunks nearest to a question are found. `kind` is "IVF_RQ" or "IVF_SQ"; "" means
    exact search, because no settings recalled enough.

    Measured when `rows` chunks were indexed, in `seconds`: `recall` is the share of the 10 exact
    neighbours found, at 200 points between sampled chunks, when `probes` partitions are looked
    into and `refine` times as many chunks as are wanted are compared exactly.
    """

    kind: str
    rows: int = 0
    probes: int = 0
    refine: int = 0
    recall: float = 1.0
    seconds: float = 0.0


# ---------------------------------------------------------------- what vendors and engines fulfil


class TokenCounter(Protocol):
    """Counts tokens for one model, cheaply. Picklable, so that worker processes can hold it."""

    def __call__(self, texts: Sequence[str]) -> list[int]: ...


class Embedder(Protocol):
    """Turns texts into vectors of length 1.

    `max_tokens` is the longest text the model reads whole, None when there is no limit.
    `token_counter` is exact where the tokenizer is at hand, else never below the true count
    by design.
    """

    @property
    def name(self) -> str: ...
    @property
    def identity(self) -> ModelIdentity: ...
    @property
    def max_tokens(self) -> int | None: ...
    @property
    def token_counter(self) -> TokenCounter: ...

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """(n, d) float32, rows in the order of `texts`. No text may be blank.

        Raises `EmbeddingError` when some texts have no vector, other `ModelError`s when none has.
        """
        ...

    def embed_question(self, text: str) -> Vectors:
        """(d,) float32."""
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation with a chat model."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What the server counted for one reply. None: it did not say.

    `finish` is "stop" (the model ended by itself) or "length" (the reply was cut).
    """

    prompt_tokens: int | None = None
    reply_tokens: int | None = None
    finish: str = "stop"


class Reply(Protocol):
    """A reply as it arrives: iterate for its pieces; `usage` is set when the iteration ends."""

    usage: Usage | None

    def __iter__(self) -> Iterator[str]: ...


class AsyncReply(Protocol):
    """As `Reply`, inside an event loop."""

    usage: Usage | None

    def __aiter__(self) -> AsyncIterator[str]: ...


class Chat(Protocol):
    """Writes replies.

    `context_tokens` is the window every call asks for; `count_tokens` a pessimistic estimate of
    the tokens of a text, calibrated by the usage of earlier replies where the vendor gives it.
    Replies raise `ContextOverflowError` when the prompt does not fit, other `ModelError`s else.
    """

    @property
    def name(self) -> str: ...
    @property
    def context_tokens(self) -> int: ...

    def count_tokens(self, text: str) -> int: ...
    def reply(self, messages: Sequence[Message], *, reply_tokens: int) -> Reply: ...
    def reply_async(self, messages: Sequence[Message], *, reply_tokens: int) -> AsyncReply: ...


class Reranker(Protocol):
    """Judges passages by reading each beside the question."""

    @property
    def name(self) -> str: ...

    def score(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        """How well each text answers the question, higher is better; raises `ModelError`."""
        ...


Task = TypeVar("Task")
Result = TypeVar("Result")


class Engine(Protocol):
    """Where the work of the write path runs.

    `imap` yields (index, result or the exception that task raised), each index of `tasks` exactly
    once, in any order, with a bounded number in flight; `fn` must be picklable. A worker that
    dies or outlives its limit fails its own task only. `tasks` is pulled lazily. `slots` is
    how many tasks it works on at a time, 1 at least; `embeds` says that models run there, too.
    """

    @property
    def embeds(self) -> bool: ...
    @property
    def slots(self) -> int: ...

    def imap(
        self, fn: Callable[[Any], Any], tasks: Iterable[Any]
    ) -> Iterator[tuple[int, Any | Exception]]: ...

    def stop(self) -> None:
        """Ends every `imap` in progress, from any thread, without waiting for its tasks."""
        ...
