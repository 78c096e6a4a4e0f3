"""Question -> answer: retrieve, write with a chat model and verify, or extract without one.

`answer` and `answer_async` differ only in how they wait for the model.
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


def answer(store: Store, embedder: Embedder, chat: Chat | None, request: AskRequest) -> Answer:
    """The answer of a chat model from the best passages; without a model, their best sentences.

    An abstention, with the nearest passages, when they are too little evidence: no model is called
    then.

    Raises the `ModelError`s of the chat model: `AnswerCutError`, with the answer so far, when the
    reply breaks off; `AnswerStoppedError`, likewise, for Ctrl-C.
    """
    context = retrieve_context(store, embedder, request)
    if chat is None or not context.has_evidence:
        return _without_model(store, embedder, request, context)
    generation = AnswerGeneration(
        embedder, chat, request, context, coverage(store, request.sources)
    )
    try:
        return _generate(chat, generation)
    except KeyboardInterrupt as stop:
        raise generation.to_stopped_error(stop) from stop


def _generate(chat: Chat, generation: AnswerGeneration) -> Answer:
    while True:
        reply = chat.reply(generation.messages, reply_tokens=generation.reserved)
        try:
            for piece in reply:
                generation.feed(piece)
        except ContextOverflowError as error:
            generation.drop_last_passage(error)
            continue
        except ModelError as error:
            raise generation.to_cut_error(error) from error
        return generation.finish(reply.usage)


async def answer_async(
    store: Store, embedder: Embedder, chat: Chat | None, request: AskRequest
) -> Answer:
    """As `answer`, for an event loop, which is never blocked for long."""
    context = await asyncio.to_thread(retrieve_context, store, embedder, request)
    if chat is None or not context.has_evidence:
        return await asyncio.to_thread(_without_model, store, embedder, request, context)
    covered = await asyncio.to_thread(coverage, store, request.sources)
    generation = await asyncio.to_thread(
        AnswerGeneration, embedder, chat, request, context, covered
    )
    while True:
        reply = chat.reply_async(generation.messages, reply_tokens=generation.reserved)
        try:
            async for piece in reply:
                generation.feed(piece)
        except ContextOverflowError as error:
            await asyncio.to_thread(generation.drop_last_passage, error)
            continue
        except ModelError as error:
            raise await asyncio.to_thread(generation.to_cut_error, error) from error
        return await asyncio.to_thread(generation.finish, reply.usage)


def _without_model(
    store: Store, embedder: Embedder, request: AskRequest, context: RetrievedContext
) -> Answer:
    """The best sentences of the passages; an abstention where these are too little evidence."""
    sentences: tuple[Sentence, ...] = ()
    if context.has_evidence:
        sentences = extract_answer(
            request.standalone_question,
            context.passages,
            embed=BestEffortEmbedder(embedder),
            question_vector=embedder.embed_query(request.standalone_question),
        )
    return Answer(
        question=request.question,
        text=with_citation_marks(sentences),
        sentences=locate_quotes(sentences, context.passages),
        passages=context.passages,
        coverage=coverage(store, request.sources),
        is_abstention=not sentences,
        nearest_quotes=() if sentences else _nearest_quotes(request, context.passages),
        evidence_score=context.evidence,
        abstention_threshold=context.threshold,
        conflicts=find_conflicts(sentences, context.passages),
    )


def _nearest_quotes(request: AskRequest, passages: tuple[Passage, ...]) -> tuple[Citation, ...]:
    nearest = locate_quotes(nearest_sentences(request.standalone_question, passages), passages)
    return tuple(one.evidence for one in nearest if one.evidence is not None)


def coverage(store: Store, sources: Collection[str] | None = None) -> IndexCoverage:
    """How many of the discovered files are indexed, and how many of these were searched: all, or
    those among `sources`."""
    outcomes = store.files.outcomes()
    indexed = outcomes.get("indexed", 0)
    searched = indexed
    if sources is not None:
        chosen = frozenset(sources)
        records = store.files.records(("source", "outcome"))
        searched = sum(one.outcome == "indexed" and one.source in chosen for one in records)
    return IndexCoverage(indexed, sum(outcomes.values()), searched)
