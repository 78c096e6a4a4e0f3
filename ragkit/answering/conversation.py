"""A conversation: follow-up questions become standalone ones and are answered like these."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from ragkit.answering.condense_question import (
    REWRITING_TOKENS,
    content_words,
    is_follow_up,
    merge_with_previous,
    parse_rewrite,
    rewriting_prompt,
)
from ragkit.answering.prompt import INSTRUCTIONS, trim_history
from ragkit.answering.request import REPLY_TOKENS, replace_surrogates
from ragkit.errors import AnswerCutError, AnswerStoppedError, ModelError
from ragkit.language.tokens import strip_punctuation
from ragkit.models import NO_CHAT
from ragkit.types import Answer, Chat, Message

logger = logging.getLogger(__name__)

_ABSTENTION = "The documents hold no answer to this."


@dataclass(frozen=True, slots=True)
class ConversationTurn:
    """One question of a conversation and its answer.

    `standalone` is the question in words that need no history, "" where it needed none. The answer
    may be a part that was written before an error.
    """

    question: str
    answer: Answer
    standalone: str = ""

    @property
    def standalone_question(self) -> str:
        """The question that was answered."""
        return self.standalone or self.question


class Conversation:
    """Questions and answers that build on each other; `Index.conversation` makes one.

    A follow-up question ("and in 2023?", "who approves it?") is condensed to a standalone one: by
    the chat model, or by adding words of the question before it. Both wordings are searched. Ask
    one question at a time.
    """

    def __init__(
        self,
        ask: Callable[..., Answer],
        ask_async: Callable[..., Awaitable[Answer]],
        chat: Callable[[], Chat | None],
        *,
        reply_tokens: int = REPLY_TOKENS,
        on_standalone: Callable[[str], object] | None = None,
    ) -> None:
        """`ask` and `ask_async` are called like `Index.ask`, with `model`, `history` and
        `standalone`; `chat` is called for the model at the first question."""
        self._ask, self._ask_async, self._find_chat = ask, ask_async, chat
        self._reply_tokens = reply_tokens
        self._on_standalone = on_standalone
        self._turns: list[ConversationTurn] = []
        self._chat: Chat | None = None
        self._has_chat = False

    @property
    def history(self) -> tuple[ConversationTurn, ...]:
        """The turns, oldest first."""
        return tuple(self._turns)

    def reset(self) -> None:
        """Removes all turns."""
        self._turns.clear()

    def use(self, chat: Chat | None) -> None:
        """Changes the chat model for the next questions; None for extractive answers."""
        self._chat, self._has_chat = chat, True

    def ask(self, question: str) -> Answer:
        """The answer, which becomes a turn of `history`.

        Raises what `Index.ask` raises. The answers so far of `AnswerCutError` and
        `AnswerStoppedError` become turns, too.
        """
        question = replace_surrogates(question)
        chat = self._model()
        standalone = ""
        if self._is_follow_up(question):
            reply = self._rewrite(chat, question) if chat else ""
            standalone = self._condense(question, reply)
        try:
            answer = self._ask(question, **self._options(chat, standalone))
        except (AnswerCutError, AnswerStoppedError) as error:
            self._add_turn(question, error.answer, standalone)
            raise
        return self._add_turn(question, answer, standalone)

    async def ask_async(self, question: str) -> Answer:
        """As `ask`, for an event loop. A cancelled question is no turn."""
        question = replace_surrogates(question)
        chat = await asyncio.to_thread(self._model)
        standalone = ""
        if self._is_follow_up(question):
            reply = await self._rewrite_async(chat, question) if chat else ""
            standalone = self._condense(question, reply)
        try:
            answer = await self._ask_async(question, **self._options(chat, standalone))
        except AnswerCutError as error:
            self._add_turn(question, error.answer, standalone)
            raise
        return self._add_turn(question, answer, standalone)

    def _model(self) -> Chat | None:
        if not self._has_chat:
            self.use(self._find_chat())
        return self._chat

    def _is_follow_up(self, question: str) -> bool:
        return bool(self._turns) and is_follow_up(question, self._turns[-1].standalone_question)

    def _messages(self) -> list[Message]:
        """The turns for a chat model, each question in its standalone form."""
        messages: list[Message] = []
        for turn in self._turns:
            messages.append(Message("user", turn.standalone_question))
            messages.append(Message("assistant", turn.answer.text or _ABSTENTION))
        return messages

    def _rewrite_prompt(self, chat: Chat, question: str) -> tuple[Message, ...]:
        """Begins like the prompt for the answer, for the prompt cache of the server."""
        window = chat.context_tokens
        kept = trim_history(
            self._messages(),
            window=window,
            reserve=min(self._reply_tokens, window // 2),
            count_tokens=chat.count_tokens,
        )
        prompt = Message("user", rewriting_prompt(question))
        return (Message("system", INSTRUCTIONS), *kept, prompt)

    def _rewrite(self, chat: Chat, question: str) -> str:
        try:
            messages = self._rewrite_prompt(chat, question)
            return "".join(chat.reply(messages, reply_tokens=REWRITING_TOKENS))
        except ModelError as error:
            logger.info("the question is not rewritten by %s: %s", chat.name, error)
            return ""

    async def _rewrite_async(self, chat: Chat, question: str) -> str:
        try:
            messages = await asyncio.to_thread(self._rewrite_prompt, chat, question)
            reply = chat.reply_async(messages, reply_tokens=REWRITING_TOKENS)
            return "".join([piece async for piece in reply])
        except ModelError as error:
            logger.info("the question is not rewritten by %s: %s", chat.name, error)
            return ""

    def _condense(self, question: str, reply: str) -> str:
        """The standalone question, of the model's reply where that is usable; "" where the question
        needs no history."""
        last = self._turns[-1]
        texts = [
            text for turn in self._turns for text in (turn.standalone_question, turn.answer.text)
        ]
        standalone = parse_rewrite(reply, question, texts)
        # A model may repeat "Why?" as it is.
        if not standalone or (
            _is_same(standalone, question) and not content_words(question, last.standalone_question)
        ):
            standalone = merge_with_previous(question, last.standalone_question, last.answer.text)
        if _is_same(standalone, question):
            return ""
        if self._on_standalone is not None:
            self._on_standalone(standalone)
        return standalone

    def _options(self, chat: Chat | None, standalone: str) -> dict[str, Any]:
        return {"model": chat or NO_CHAT, "history": self._messages(), "standalone": standalone}

    def _add_turn(self, question: str, answer: Answer, standalone: str) -> Answer:
        self._turns.append(ConversationTurn(question, answer, standalone))
        return answer


def _is_same(one: str, other: str) -> bool:
    return strip_punctuation(one) == strip_punctuation(other)
