"""Question -> answer: find, fit, chat, verify; extract where there is no chat model.

`answer` and `answer_async` differ in nothing but how they wait for the model.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import TYPE_CHECKING

from ragkit.errors import ContextOverflowError, ModelError
from ragkit.query.asked import REPLY_TOKENS, Asked, OnText
from ragkit.query.cited import marked, pinned
from ragkit.query.disagreements import disagreements
from ragkit.query.extract import extract, nearest_sentences
from ragkit.query.finding import Found, find
from ragkit.query.forgiving import ForgivingEmbedding
from ragkit.query.writing import Writing
from ragkit.types import Answer, Chat, Citation, Coverage, Embedder, Passage, Sentence

if TYPE_CHECKING:
    from ragkit.store import Store

__all__ = ["REPLY_TOKENS", "Asked", "OnText", "answer", "answer_async"]


def answer(store: Store, embedder: Embedder, chat: Chat | None, asked: Asked) -> Answer:
    """The answer of a chat model from the best passages, or without one their best sentences.

    `abstained`, with the nearest passages, when they hold too little evidence for an answer: no
    model is called then. Raises `ModelError`s of the chat model, among them `AnswerCutError` with
    what had come before it broke off; `AnswerStoppedError`, likewise, for Ctrl-C meanwhile.
    """
    found = find(store, embedder, asked)
    if chat is None or not found.enough:
        return _without_model(store, embedder, asked, found)
    writing = Writing(embedder, chat, asked, found, coverage(store, asked.sources))
    try:
        return _write(chat, writing)
    except KeyboardInterrupt as stop:
        raise writing.stopped(stop) from stop


def _write(chat: Chat, writing: Writing) -> Answer:
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
    found = await asyncio.to_thread(find, store, embedder, asked)
    if chat is None or not found.enough:
        return await asyncio.to_thread(_without_model, store, embedder, asked, found)
    covered = await asyncio.to_thread(coverage, store, asked.sources)
    writing = await asyncio.to_thread(Writing, embedder, chat, asked, found, covered)
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


def _without_model(store: Store, embedder: Embedder, asked: Asked, found: Found) -> Answer:
    """The best sentences of the passages; none where they hold too little evidence."""
    sentences: tuple[Sentence, ...] = ()
    if found.enough:
        sentences = extract(
            asked.meant,
            found.passages,
            embed=ForgivingEmbedding(embedder),
            question_vector=embedder.embed_question(asked.meant),
        )
    return Answer(
        question=asked.question,
        text=marked(sentences),
        sentences=pinned(sentences, found.passages),
        passages=found.passages,
        coverage=coverage(store, asked.sources),
        abstained=not sentences,
        nearest=() if sentences else _nearest(asked, found.passages),
        evidence=found.evidence,
        floor=found.floor,
        disagreements=disagreements(sentences, found.passages),
    )


def _nearest(asked: Asked, passages: tuple[Passage, ...]) -> tuple[Citation, ...]:
    found = pinned(nearest_sentences(asked.meant, passages), passages)
    return tuple(one.evidence for one in found if one.evidence is not None)


def coverage(store: Store, sources: Collection[str] | None = None) -> Coverage:
    """How many of the discovered files are in the index, and how many of those were searched:
    all, or those among `sources`."""
    outcomes = store.files.outcomes()
    indexed = outcomes.get("indexed", 0)
    searched = indexed
    if sources is not None:
        wanted = frozenset(sources)
        records = store.files.records(("source", "outcome"))
        searched = sum(one.outcome == "indexed" and one.source in wanted for one in records)
    return Coverage(indexed, sum(outcomes.values()), searched)
