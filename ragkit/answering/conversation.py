"""A conversation: questions that may lean on earlier ones, each answered like any other."""

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

_NOTHING = "The documents hold no answer to this."


@dataclass(frozen=True, slots=True)
class ConversationTurn:
    """One question of a conversation and its answer.

    `standalone` is the question in words that need no history, "" where it needed none. An
    answer that was broken off is kept as far as it came.
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

    A question that leans on an earlier one ("and in 2023?", "who approves it?") is put in words
    that need no history: by the chat model, or by adding words of the one before. Both wordings
    are searched. One question at a time: what is asked meanwhile knows nothing of it.
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
        """`ask` and `ask_async` answer a question like `Index.ask`, given `model`, `history` and
        `standalone`; `chat` finds the model when the first question is asked."""
        self._ask, self._ask_async, self._find_chat = ask, ask_async, chat
        self._reply_tokens = reply_tokens
        self._on_standalone = on_standalone
        self._turns: list[ConversationTurn] = []
        self._chat: Chat | None = None
        self._has_chat = False

    @property
    def history(self) -> tuple[ConversationTurn, ...]:
        """What was asked and answered, oldest first."""
        return tuple(self._turns)

    def reset(self) -> None:
        """Forgets what was asked and answered."""
        self._turns.clear()

    def use(self, chat: Chat | None) -> None:
        """Takes another chat model from now on; None quotes the documents."""
        self._chat, self._has_chat = chat, True

    def ask(self, question: str) -> Answer:
        """The answer, which becomes a turn of `history`.

        Raises what `Index.ask` raises. The history then is as it was, but for `AnswerCutError`
        and `AnswerStoppedError`: their answers are kept as far as they came.
        """
        question = replace_surrogates(question)
        chat = self._model()
        standalone = ""
        if self._leans(question):
            standalone = self._put(question, self._hear_rewriting(chat, question) if chat else "")
        try:
            answer = self._ask(question, **self._options(chat, standalone))
        except (AnswerCutError, AnswerStoppedError) as error:
            self._keep(question, error.answer, standalone)
            raise
        return self._keep(question, answer, standalone)

    async def ask_async(self, question: str) -> Answer:
        """As `ask`, inside an event loop. When it is cancelled the history is as it was."""
        question = replace_surrogates(question)
        chat = await asyncio.to_thread(self._model)
        standalone = ""
        if self._leans(question):
            reply = await self._hear_rewriting_async(chat, question) if chat else ""
            standalone = self._put(question, reply)
        try:
            answer = await self._ask_async(question, **self._options(chat, standalone))
        except AnswerCutError as error:
            self._keep(question, error.answer, standalone)
            raise
        return self._keep(question, answer, standalone)

    def _model(self) -> Chat | None:
        if not self._has_chat:
            self.use(self._find_chat())
        return self._chat

    def _leans(self, question: str) -> bool:
        return bool(self._turns) and is_follow_up(question, self._turns[-1].standalone_question)

    def _messages(self) -> list[Message]:
        """The conversation as a chat model is told it: each question in words of its own."""
        messages: list[Message] = []
        for turn in self._turns:
            messages.append(Message("user", turn.standalone_question))
            messages.append(Message("assistant", turn.answer.text or _NOTHING))
        return messages

    def _rewriting(self, chat: Chat, question: str) -> tuple[Message, ...]:
        """The same beginning as of the prompt that asks for the answer, for the sake of the
        server's prompt cache."""
        window = chat.context_tokens
        kept = trim_history(
            self._messages(),
            window=window,
            reserve=min(self._reply_tokens, window // 2),
            count_tokens=chat.count_tokens,
        )
        prompt = Message("user", rewriting_prompt(question))
        return (Message("system", INSTRUCTIONS), *kept, prompt)

    def _hear_rewriting(self, chat: Chat, question: str) -> str:
        try:
            messages = self._rewriting(chat, question)
            return "".join(chat.reply(messages, reply_tokens=REWRITING_TOKENS))
        except ModelError as error:
            logger.info("the question is not rewritten by %s: %s", chat.name, error)
            return ""

    async def _hear_rewriting_async(self, chat: Chat, question: str) -> str:
        try:
            messages = await asyncio.to_thread(self._rewriting, chat, question)
            reply = chat.reply_async(messages, reply_tokens=REWRITING_TOKENS)
            return "".join([piece async for piece in reply])
        except ModelError as error:
            logger.info("the question is not rewritten by %s: %s", chat.name, error)
            return ""

    def _put(self, question: str, reply: str) -> str:
        """The question in words that need no history, from a model's reply if that is of use."""
        last = self._turns[-1]
        said = [
            text for turn in self._turns for text in (turn.standalone_question, turn.answer.text)
        ]
        put = parse_rewrite(reply, question, said)
        echoed = strip_punctuation(put) == strip_punctuation(question)
        # "Why?" repeated is no help, whatever the model thinks; another question may be whole.
        if not put or (echoed and not content_words(question, last.standalone_question)):
            put = merge_with_previous(question, last.standalone_question, last.answer.text)
        if strip_punctuation(put) == strip_punctuation(question):
            return ""
        if self._on_standalone is not None:
            self._on_standalone(put)
        return put

    def _options(self, chat: Chat | None, standalone: str) -> dict[str, Any]:
        return {"model": chat or NO_CHAT, "history": self._messages(), "standalone": standalone}

    def _keep(self, question: str, answer: Answer, standalone: str) -> Answer:
        self._turns.append(ConversationTurn(question, answer, standalone))
        return answer
