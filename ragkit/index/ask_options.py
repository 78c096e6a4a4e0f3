"""How an index is asked: options, the chat model that answers, what its replies teach."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

from ragkit.answering.request import REPLY_TOKENS, OnText, replace_surrogates
from ragkit.errors import RagkitError
from ragkit.models import NO_CHAT, OllamaSettings, choose_chat, resolve_chat
from ragkit.retrieval.filters import FilterOptions
from ragkit.retrieval.passages import PER_DOCUMENT
from ragkit.store import Store
from ragkit.types import Chat, Message, Reranker

logger = logging.getLogger(__name__)

_CALIBRATION = "calibration:"


class AskOptions(FilterOptions, total=False):
    """How a question is asked; every field may be left out.

    model: a chat model's name ("ollama/gemma3"), or an object that fulfils `Chat`; "none" takes
    the best sentences of the documents; left out or None, what `Index.chat_model` finds.
    model_options: temperature, top_p, top_k, num_predict, stop, seed, num_ctx of that model.
    limit: how many passages to take. keyword_weight, exact, rerank, on_note, and the filters path,
    types, since, until and where: as for `Index.search`. per_document: how many passages one file
    may give, else 4.
    min_score: the evidence, 0 to 1, below which there is no answer; None: the index's own floor.
    strict: leave sentences out that their passages do not carry; `Answer.dropped` has them, and
    `on_text` hears them all the same. reply_tokens: the longest answer.
    on_text: told the answer piece by piece while it is written. on_restart: told that it begins
    anew, because the prompt had to be made shorter.
    history: earlier turns, for the chat model. standalone: the question in words that need none of
    them; both wordings are searched. `Index.conversation` sees to these two by itself.
    """

    model: str | Chat | None
    model_options: Mapping[str, object] | None
    limit: int
    keyword_weight: float
    exact: bool
    rerank: str | Reranker | None
    on_note: Callable[[str], object] | None
    per_document: int
    min_score: float | None
    strict: bool
    reply_tokens: int
    on_text: OnText | None
    on_restart: Callable[[], None] | None
    history: Sequence[Message]
    standalone: str


def chat_from_options(store: Store, servers: OllamaSettings, options: AskOptions) -> Chat | None:
    """The chat model that the options name, or the one there is; None for extractive answers."""
    model = options.get("model")
    if model is None or isinstance(model, str):
        return resolve_chat_model(store, servers, model, options.get("model_options"))
    return model


def resolve_chat_model(
    store: Store,
    servers: OllamaSettings,
    model: str | None,
    model_options: Mapping[str, object] | None,
) -> Chat | None:
    """As `Index.chat_model`."""
    name = model or choose_chat(servers).name
    if not name or name == NO_CHAT:
        return None
    chat = resolve_chat(name, servers, model_options)
    learnt = store.catalog.get(_CALIBRATION + chat.name)
    if learnt is not None and hasattr(chat, "calibration"):
        chat.calibration = float(learnt)
    return chat


def save_calibration(store: Store, chat: Chat | None) -> None:
    """Keeps what the model's replies taught about its tokens, for the next process."""
    factor = getattr(chat, "calibration", None)
    if chat is None or factor is None:
        return
    key = _CALIBRATION + chat.name
    if factor > (store.catalog.get(key) or 1.0) * 1.01:
        try:
            store.catalog.set(key, factor)
        except RagkitError as error:  # an index on a read-only disk still answers
            logger.info("calibration of %s not kept: %s", chat.name, error)


def reply_tokens(options: AskOptions) -> int:
    """The longest answer: what is kept free for it and what the model is told are one figure."""
    wanted = (options.get("model_options") or {}).get("num_predict", REPLY_TOKENS)
    return options.get("reply_tokens", wanted if isinstance(wanted, int) else REPLY_TOKENS)


def checked_question(question: str, limit: int, per_document: int = PER_DOCUMENT) -> str:
    """The question as `sendable` text. Raises `ValueError` when it is blank, or a number below
    1."""
    if not question.strip():
        raise ValueError("the question is empty")
    if limit < 1:
        raise ValueError(f"limit must be at least 1, got {limit}")
    if per_document < 1:
        raise ValueError(f"per_document must be at least 1, got {per_document}")
    return replace_surrogates(question)
