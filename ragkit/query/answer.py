"""Question -> answer: retrieve, fit, chat, verify; extract where there is no chat model.

`answer` and `answer_async` differ in nothing but how they wait for the model.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ragkit.errors import AnswerCutError, ContextOverflowError, ModelError
from ragkit.query.context import fit
from ragkit.query.extract import extract
from ragkit.query.forgiving import ForgivingEmbedding
from ragkit.query.passages import to_passages
from ragkit.query.retrieve import KEYWORD_WEIGHT, retrieve
from ragkit.query.shown import ShownText
from ragkit.query.verify import cite, strict, verify
from ragkit.types import (
    Answer,
    Chat,
    Citation,
    ContextUse,
    Coverage,
    Embedder,
    Message,
    Passage,
    Sentence,
    Usage,
    location,
)

if TYPE_CHECKING:
    from ragkit.store import Store

REPLY_TOKENS = 1024
_HITS_PER_PASSAGE = 3  # neighbours and copies fold: more hits than passages are wanted
_CUT = "the answer was cut at {} tokens; allow more with --option {}={}"
_DROPPED = "the prompt did not fit the window; asked again with {} of {} passages"

_LEFT_OUT = "{} unsupported sentence(s) left out (--strict)"

OnText = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """How a question is asked. `history` are earlier turns; `on_text` is told the answer piece
    by piece as a chat model writes it, `on_restart` when what it was told so far is void."""

    question: str
    limit: int
    keyword_weight: float = KEYWORD_WEIGHT
    sources: Collection[str] | None = None
    strict: bool = False
    reply_tokens: int = REPLY_TOKENS
    history: Sequence[Message] = ()
    on_text: OnText | None = None
    on_restart: Callable[[], None] | None = None


def answer(store: Store, embedder: Embedder, chat: Chat | None, asked: Asked) -> Answer:
    """The answer of a chat model from the best passages, or without one their best sentences.

    Raises `ModelError`s of the chat model, among them `AnswerCutError` with what had come before
    it broke off; `abstained` when the index holds nothing to answer from, and no model is called
    then.
    """
    passages = _find(store, embedder, asked)
    if chat is None or not passages:
        return _extracted(store, embedder, asked, passages)
    writing = _Writing(store, embedder, chat, asked, passages)
    while True:
        reply = chat.reply(writing.messages, reply_tokens=writing.reserved)
        try:
            for piece in reply:
                writing.hear(piece)
        except ContextOverflowError as error:
            writing.shrink(error)
            continue
        except ModelError as error:
            raise writing.broken_off(error) from error
        return writing.finish(reply.usage)


async def answer_async(store: Store, embedder: Embedder, chat: Chat | None, asked: Asked) -> Answer:
    """As `answer`, inside an event loop, which is never blocked for long."""
    passages = await asyncio.to_thread(_find, store, embedder, asked)
    if chat is None or not passages:
        return await asyncio.to_thread(_extracted, store, embedder, asked, passages)
    writing = await asyncio.to_thread(_Writing, store, embedder, chat, asked, passages)
    while True:
        reply = chat.reply_async(writing.messages, reply_tokens=writing.reserved)
        try:
            async for piece in reply:
                writing.hear(piece)
        except ContextOverflowError as error:
            await asyncio.to_thread(writing.shrink, error)
            continue
        except ModelError as error:
            raise await asyncio.to_thread(writing.broken_off, error) from error
        return await asyncio.to_thread(writing.finish, reply.usage)


class _Writing:
    """One question on its way to a chat model's answer; knows nothing of how replies arrive.

    Raises `ContextOverflowError` when not even instructions and question fit the window.
    """

    def __init__(
        self,
        store: Store,
        embedder: Embedder,
        chat: Chat,
        asked: Asked,
        passages: tuple[Passage, ...],
    ) -> None:
        self._store, self._embedder, self._chat, self._asked = store, embedder, chat, asked
        self._passages = passages
        self._notes: list[str] = []
        self._begin(passages)

    @property
    def messages(self) -> tuple[Message, ...]:
        return self._fitted.messages

    def _begin(self, passages: Sequence[Passage]) -> None:
        window = self._chat.context_tokens
        self.reserved = min(self._asked.reply_tokens, window // 2)  # kept free for the answer
        self._fitted = fit(
            self._asked.question,
            passages,
            history=self._asked.history,
            window=window,
            reserve=self.reserved,
            count_tokens=self._chat.count_tokens,
        )
        self._shown = ShownText({passage.number for passage in self._fitted.used})
        self._text: list[str] = []

    def hear(self, piece: str) -> None:
        """A piece of the reply."""
        self._show(self._shown.feed(piece))

    def shrink(self, error: ContextOverflowError) -> None:
        """Begins anew without the last passage; raises the error when none is left."""
        used = self._fitted.used
        if not used:
            raise error
        if self._text and self._asked.on_restart is not None:
            self._asked.on_restart()
        # The model has learnt from the error how wrong its estimate was: this may drop more.
        self._begin(used[:-1])
        self._notes = [_DROPPED.format(len(self._fitted.used), len(self._passages))]

    def broken_off(self, error: ModelError) -> ModelError:
        """What to raise for a reply that ended with `error`: with the answer so far, if any."""
        if not "".join(self._text).strip():
            return error
        self._notes.append(str(error))
        return AnswerCutError(str(error), answer=self.finish(None))

    def finish(self, usage: Usage | None) -> Answer:
        """The answer, when the reply has ended."""
        self._show(self._shown.finish())
        used = self._fitted.used
        text = "".join(self._text).strip()
        sentences = verify(cite(text, used), used, embed=ForgivingEmbedding(self._embedder))
        if self._asked.strict and (kept := strict(sentences)) != sentences:
            self._notes.append(_LEFT_OUT.format(len(sentences) - len(kept)))
            sentences, text = kept, marked(kept)
        if usage is not None and usage.finish == "length":
            self._notes.append(self._cut_note(usage))
        return Answer(
            question=self._asked.question,
            text=text,
            sentences=pinned(sentences, used),
            passages=used,
            left_out=tuple(p for p in self._passages if p not in used),
            model=self._chat.name,
            context=ContextUse(
                window=self._chat.context_tokens,
                estimate=self._fitted.estimate,
                used=usage.prompt_tokens if usage else None,
                reserved=self.reserved,
            ),
            coverage=coverage(self._store),
            notes=tuple(self._notes),
        )

    def _cut_note(self, usage: Usage) -> str:
        """Why the answer ended early, as far as that is known, and what would make it longer."""
        tokens = usage.reply_tokens or self.reserved
        if self.reserved < self._asked.reply_tokens:  # half of the window is the most there is
            return _CUT.format(tokens, "num_ctx", 2 * self._chat.context_tokens)
        return _CUT.format(tokens, "num_predict", 2 * self.reserved)

    def _show(self, text: str) -> None:
        self._text.append(text)
        if text and self._asked.on_text is not None:
            self._asked.on_text(text)


def _find(store: Store, embedder: Embedder, asked: Asked) -> tuple[Passage, ...]:
    hits = retrieve(
        store,
        embedder,
        asked.question,
        limit=asked.limit * _HITS_PER_PASSAGE,
        keyword_weight=asked.keyword_weight,
        sources=asked.sources,
    )
    modified = store.modified({hit.chunk.source for hit in hits})
    return to_passages(hits, limit=asked.limit, modified=modified)


def _extracted(
    store: Store, embedder: Embedder, asked: Asked, passages: tuple[Passage, ...]
) -> Answer:
    """The answer without a chat model."""
    sentences = extract(
        asked.question,
        passages,
        embed=ForgivingEmbedding(embedder),
        question_vector=embedder.embed_question(asked.question),
    )
    return Answer(
        question=asked.question,
        text=marked(sentences),
        sentences=pinned(sentences, passages),
        passages=passages,
        coverage=coverage(store),
        abstained=not sentences,
    )


def marked(sentences: Sequence[Sentence]) -> str:
    """The sentences as one text, each followed by its marks: `Every quarter [1].`"""
    return " ".join(_with_marks(sentence) for sentence in sentences)


def _with_marks(sentence: Sentence) -> str:
    marks = "".join(f"[{number}]" for number in sentence.citations)
    text = sentence.text.rstrip()
    if not marks:
        return text
    end = len(text.rstrip(".!?。！？"))
    return f"{text[:end]} {marks}{text[end:]}"


def pinned(sentences: Sequence[Sentence], passages: Sequence[Passage]) -> tuple[Sentence, ...]:
    """The sentences, the location of each quote narrowed from its passage to its own lines."""
    by_number = {passage.number: passage for passage in passages}
    return tuple(
        replace(one, evidence=_pin(one.evidence, by_number[one.evidence.number]))
        if one.evidence is not None
        else one
        for one in sentences
    )


def _pin(citation: Citation, passage: Passage) -> Citation:
    first = passage.first_line + passage.text.count("\n", 0, citation.start - passage.start)
    last = first + citation.quote.count("\n")
    return replace(citation, location=location(passage.source, passage.page_label, first, last))


def coverage(store: Store) -> Coverage:
    """How many of the discovered files are in the index."""
    outcomes = store.outcomes()
    return Coverage(outcomes.get("indexed", 0), sum(outcomes.values()))
