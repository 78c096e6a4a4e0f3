"""Question -> answer: find, fit, chat, verify; extract where there is no chat model.

`answer` and `answer_async` differ in nothing but how they wait for the model.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import TYPE_CHECKING

from ragkit.answering.extractive import extract_answer, nearest_sentences
from ragkit.answering.generation import AnswerGeneration, BestEffortEmbedder
from ragkit.answering.passage_search import RetrievedContext, retrieve_context
from ragkit.answering.request import AskRequest
from ragkit.errors import ContextOverflowError, ModelError
from ragkit.types import Answer, Chat, Citation, Embedder, IndexCoverage, Passage, Sentence
from ragkit.verification.citations import locate_quotes, with_citation_marks
from ragkit.verification.conflicts import find_conflicts

if TYPE_CHECKING:
    from ragkit.store import Store


def answer(store: Store, embedder: Embedder, chat: Chat | None, asked: AskRequest) -> Answer:
    """The answer of a chat model from the best passages, or without one their best sentences.

    `abstained`, with the nearest passages, when they hold too little evidence for an answer: no
    model is called then. Raises `ModelError`s of the chat model, among them `AnswerCutError` with
    what had come before it broke off; `AnswerStoppedError`, likewise, for Ctrl-C meanwhile.
    """
    found = retrieve_context(store, embedder, asked)
    if chat is None or not found.has_evidence:
        return _without_model(store, embedder, asked, found)
    writing = AnswerGeneration(embedder, chat, asked, found, coverage(store, asked.sources))
    try:
        return _write(chat, writing)
    except KeyboardInterrupt as stop:
        raise writing.to_stopped_error(stop) from stop


def _write(chat: Chat, writing: AnswerGeneration) -> Answer:
    while True:
        reply = chat.reply(writing.messages, reply_tokens=writing.reserved)
        try:
            for piece in reply:
                writing.feed(piece)
        except ContextOverflowError as error:
            writing.drop_last_passage(error)
            continue
        except ModelError as error:
            raise writing.to_cut_error(error) from error
        return writing.finish(reply.usage)


async def answer_async(
    store: Store, embedder: Embedder, chat: Chat | None, asked: AskRequest
) -> Answer:
    """As `answer`, inside an event loop, which is never blocked for long."""
    found = await asyncio.to_thread(retrieve_context, store, embedder, asked)
    if chat is None or not found.has_evidence:
        return await asyncio.to_thread(_without_model, store, embedder, asked, found)
    covered = await asyncio.to_thread(coverage, store, asked.sources)
    writing = await asyncio.to_thread(AnswerGeneration, embedder, chat, asked, found, covered)
    while True:
        reply = chat.reply_async(writing.messages, reply_tokens=writing.reserved)
        try:
            async for piece in reply:
                writing.feed(piece)
        except ContextOverflowError as error:
            await asyncio.to_thread(writing.drop_last_passage, error)
            continue
        except ModelError as error:
            raise await asyncio.to_thread(writing.to_cut_error, error) from error
        return await asyncio.to_thread(writing.finish, reply.usage)


def _without_model(
    store: Store, embedder: Embedder, asked: AskRequest, found: RetrievedContext
) -> Answer:
    """The best sentences of the passages; none where they hold too little evidence."""
    sentences: tuple[Sentence, ...] = ()
    if found.has_evidence:
        sentences = extract_answer(
            asked.standalone_question,
            found.passages,
            embed=BestEffortEmbedder(embedder),
            question_vector=embedder.embed_query(asked.standalone_question),
        )
    return Answer(
        question=asked.question,
        text=with_citation_marks(sentences),
        sentences=locate_quotes(sentences, found.passages),
        passages=found.passages,
        coverage=coverage(store, asked.sources),
        is_abstention=not sentences,
        nearest_quotes=() if sentences else _nearest(asked, found.passages),
        evidence_score=found.evidence,
        abstention_threshold=found.threshold,
        conflicts=find_conflicts(sentences, found.passages),
    )


def _nearest(asked: AskRequest, passages: tuple[Passage, ...]) -> tuple[Citation, ...]:
    found = locate_quotes(nearest_sentences(asked.standalone_question, passages), passages)
    return tuple(one.evidence for one in found if one.evidence is not None)


def coverage(store: Store, sources: Collection[str] | None = None) -> IndexCoverage:
    """How many of the discovered files are in the index, and how many of those were searched:
    all, or those among `sources`."""
    outcomes = store.files.outcomes()
    indexed = outcomes.get("indexed", 0)
    searched = indexed
    if sources is not None:
        wanted = frozenset(sources)
        records = store.files.records(("source", "outcome"))
        searched = sum(one.outcome == "indexed" and one.source in wanted for one in records)
    return IndexCoverage(indexed, sum(outcomes.values()), searched)
