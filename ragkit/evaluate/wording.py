"""A chunk -> a few rare words of one of its sentences, as a person might type them (pure)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ragkit.evaluate.question import drawn
from ragkit.query.sentences import Span, split_sentences
from ragkit.query.words import FUNCTION_TERMS, Token, find_tokens, list_terms
from ragkit.types import Chunk

_LEAST_WORDS, _MOST_WORDS = 4, 8
_COMMON = 0.1  # a word in more than this share of the chunks says too little
_SHORTEST = 2  # characters


@dataclass(frozen=True, slots=True)
class Worded:
    """Words to search for; `start` and `end` tell which sentence of the chunk's text they are
    from."""

    text: str
    start: int
    end: int


class Wording:
    """Knows how rare each word is among `chunks`, and which of them hold it."""

    def __init__(self, chunks: Sequence[Chunk]) -> None:
        terms = [set(list_terms(chunk.text)) for chunk in chunks]
        counts = Counter(term for held in terms for term in held)
        most = max(2.0, _COMMON * len(chunks))
        self._counts = {
            term: count
            for term, count in counts.items()
            if count <= most and len(term) >= _SHORTEST and term not in FUNCTION_TERMS
        }
        self._sources: dict[str, list[int]] = defaultdict(list)
        self._names = [chunk.source for chunk in chunks]
        for at, held in enumerate(terms):
            for term in held & self._counts.keys():
                self._sources[term].append(at)

    def ask(self, chunk: Chunk) -> Worded | None:
        """The 4 to 8 rarest words of one sentence, in an order drawn by lot; None when no
        sentence has 4 rare ones, or when the words chosen stand together in another file too.

        Function words are left out, and the words of the headings and of the file's name: whoever
        knows those needs no search.
        """
        key = f"{chunk.source} {chunk.ordinal}"
        known = set(list_terms(f"{chunk.heading} {chunk.source}"))
        sentences = [
            (span, rare)
            for span in split_sentences(chunk.text, table_header=chunk.table_header)
            if span.kind in ("sentence", "row")
            and len(rare := self._rare(chunk.text, span, known)) >= _LEAST_WORDS
        ]
        if not sentences:
            return None
        span, rare = min(sentences, key=lambda row: drawn(f"{key} {row[0].start}"))
        wanted = _LEAST_WORDS + drawn(key)[0] % (_MOST_WORDS - _LEAST_WORDS + 1)
        chosen = sorted(rare, key=lambda token: (self._counts[token.term], token.start))[:wanted]
        if self._files_with(token.term for token in chosen) != {chunk.source}:
            return None
        words = sorted(_surfaces(chunk.text, chosen), key=lambda word: drawn(f"{key} {word}"))
        return Worded(" ".join(words), span.start, span.end)

    def _rare(self, text: str, span: Span, known: set[str]) -> list[Token]:
        """The rare words of one sentence, each once, with their places in the chunk's text."""
        found: dict[str, Token] = {}
        for token in find_tokens(text[span.start : span.end]):
            if token.term in self._counts and token.term not in known:
                moved = Token(token.term, span.start + token.start, span.start + token.end)
                found.setdefault(token.term, moved)
        return list(found.values())

    def _files_with(self, terms: Iterable[str]) -> set[str]:
        """The files that hold all of the terms in one chunk."""
        held = set.intersection(*(set(self._sources[term]) for term in terms))
        return {self._names[at] for at in held}


def _surfaces(text: str, tokens: Sequence[Token]) -> list[str]:
    """The words as written. Scripts without blanks have terms that overlap: those become one."""
    ranges: list[tuple[int, int]] = []
    for token in sorted(tokens, key=lambda token: token.start):
        if ranges and token.start < ranges[-1][1]:
            ranges[-1] = (ranges[-1][0], token.end)
        else:
            ranges.append((token.start, token.end))
    return [text[start:end] for start, end in ranges]
