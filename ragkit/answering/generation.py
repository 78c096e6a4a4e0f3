"""The answer of a chat model: prompt, reply, citations, verification."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ragkit.answering.passage_search import RetrievedContext
from ragkit.answering.prompt import build_prompt
from ragkit.answering.request import AskRequest
from ragkit.errors import (
    AnswerCutError,
    AnswerStoppedError,
    ContextOverflowError,
    EmbeddingError,
    ModelError,
)
from ragkit.types import (
    Answer,
    Chat,
    ContextUsage,
    Embedder,
    IndexCoverage,
    Message,
    Passage,
    Sentence,
    Usage,
)
from ragkit.verification.citations import (
    CitationStream,
    locate_quotes,
    parse_citations,
    rewrite_citations,
    with_citation_marks,
)
from ragkit.verification.conflicts import find_conflicts
from ragkit.verification.verify import verify, without_unsupported

if TYPE_CHECKING:
    from ragkit.types import Vectors

logger = logging.getLogger(__name__)

_CUT = "the answer was cut at {} tokens; allow more with --option {}={}"
_DROPPED = "the prompt did not fit the window; asked again with {} of {} passages"
_STOPPED = "stopped in the middle of the answer"
_PART = "no room in the window for all of [{}]: the model read {}"
_LEFT_OUT = "{} unsupported sentence(s) left out (--supported-only)"


class AnswerGeneration:
    """Makes the answer from the pieces of a reply, however they arrive.

    Raises `ContextOverflowError` when not even the instructions and the question fit the window.
    """

    def __init__(
        self,
        embedder: Embedder,
        chat: Chat,
        request: AskRequest,
        context: RetrievedContext,
        coverage: IndexCoverage,
    ) -> None:
        self._embedder, self._chat, self._request = embedder, chat, request
        self._context, self._coverage = context, coverage
        self._notes: list[str] = []
        self._start(context.passages)

    @property
    def messages(self) -> tuple[Message, ...]:
        return self._prompt.messages

    def _start(self, passages: Sequence[Passage]) -> None:
        window = self._chat.context_tokens
        self.reserved = min(self._request.reply_tokens, window // 2)  # kept free for the answer
        self._prompt = build_prompt(
            self._request.standalone_question,
            passages,
            history=self._request.history,
            window=window,
            reserve=self.reserved,
            count_tokens=self._chat.count_tokens,
        )
        self._stream = CitationStream({passage.number for passage in self._prompt.used})
        self._text: list[str] = []

    def feed(self, piece: str) -> None:
        """Takes a piece of the reply."""
        self._emit(self._stream.feed(piece))

    def drop_last_passage(self, error: ContextOverflowError) -> None:
        """Starts again without the last passage; raises the error when there is none."""
        used = self._prompt.used
        if not used:
            raise error
        if self._text and self._request.on_restart is not None:
            self._request.on_restart()
        # The error has corrected the model's token estimate: this may drop more than one.
        self._start(used[:-1])
        self._notes = [_DROPPED.format(len(self._prompt.used), len(self._context.passages))]

    def to_cut_error(self, error: ModelError) -> ModelError:
        """The error to raise when a reply breaks off: with the answer so far, if there is any."""
        if not "".join(self._text).strip():
            return error
        self._notes.append(str(error))
        return AnswerCutError(str(error), answer=self.finish(None))

    def to_stopped_error(self, error: KeyboardInterrupt) -> KeyboardInterrupt:
        """The error to raise for Ctrl-C: with the answer so far, if there is any."""
        if not "".join(self._text).strip():
            return error
        self._notes.append(_STOPPED)
        return AnswerStoppedError(answer=self.finish(None, skip_embedding=True))

    def finish(self, usage: Usage | None, *, skip_embedding: bool = False) -> Answer:
        """The verified answer, at the end of the reply; `skip_embedding` compares words only."""
        self._emit(self._stream.finish())
        used = self._prompt.used
        text = "".join(self._text).strip()
        embed = None if skip_embedding else BestEffortEmbedder(self._embedder)
        parsed = parse_citations(text, used)
        sentences = verify(parsed, used, embed=embed)
        if [one.citations for one in parsed] != [one.citations for one in sentences]:
            text = rewrite_citations(text, sentences)
        removed: tuple[Sentence, ...] = ()
        if self._request.supported_only and (kept := without_unsupported(sentences)) != sentences:
            removed = tuple(one for one in sentences if one not in kept)
            self._notes.append(_LEFT_OUT.format(len(removed)))
            sentences, text = kept, with_citation_marks(kept)
        whole = {passage.number: passage for passage in self._context.passages}
        for part in used:
            if part.text != whole[part.number].text:
                self._notes.append(_PART.format(part.number, part.location))
        if usage is not None and usage.finish == "length":
            self._notes.append(self._cut_note(usage))
        return Answer(
            question=self._request.question,
            text=text,
            sentences=locate_quotes(sentences, used),
            passages=used,
            omitted_passages=tuple(
                p for n, p in whole.items() if n not in {one.number for one in used}
            ),
            model=self._chat.name,
            context=ContextUsage(
                window=self._chat.context_tokens,
                estimated=self._prompt.estimated_tokens,
                used=usage.prompt_tokens if usage else None,
                reserved=self.reserved,
            ),
            coverage=self._coverage,
            notes=tuple(self._notes),
            evidence_score=self._context.evidence,
            abstention_threshold=self._context.threshold,
            removed_sentences=locate_quotes(removed, used),
            conflicts=find_conflicts(sentences, used),
        )

    def _cut_note(self, usage: Usage) -> str:
        """The note on an answer cut at a limit of tokens, with the option that raises it."""
        tokens = usage.reply_tokens or self.reserved
        if self.reserved < self._request.reply_tokens:  # limited to half of the window
            return _CUT.format(tokens, "num_ctx", 2 * self._chat.context_tokens)
        return _CUT.format(tokens, "num_predict", 2 * self.reserved)

    def _emit(self, text: str) -> None:
        self._text.append(text)
        if text and self._request.on_text is not None:
            self._request.on_text(text)


class BestEffortEmbedder:
    """Texts -> (n, d) float32, zeros for a text that cannot be embedded.

    A model that has failed is not called again: the answer is there already, and each further
    call may take as long as the timeout.
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._failed = False

    def __call__(self, texts: Sequence[str]) -> Vectors:
        import numpy as np

        if not self._failed:
            try:
                return self._embedder.embed_documents(texts)
            except EmbeddingError as error:
                return error.vectors
            except ModelError as error:
                logger.info("the similarity of sentences is not checked: %s", error)
                self._failed = True
        return np.zeros((len(texts), self._embedder.identity.dimension), dtype=np.float32)
