"""One question on its way to a chat model's answer: fit, hear, verify."""

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


_CUT = "the answer was cut at {} tokens; allow more with --option {}={}"
_DROPPED = "the prompt did not fit the window; asked again with {} of {} passages"
_STOPPED = "stopped in the middle of the answer"
_PART = "no room in the window for all of [{}]: the model read {}"
_LEFT_OUT = "{} unsupported sentence(s) left out (--strict)"


class AnswerGeneration:
    """One question on its way to a chat model's answer; knows nothing of how replies arrive.

    Raises `ContextOverflowError` when not even instructions and question fit the window.
    """

    def __init__(
        self,
        embedder: Embedder,
        chat: Chat,
        asked: AskRequest,
        found: RetrievedContext,
        coverage: IndexCoverage,
    ) -> None:
        self._embedder, self._chat, self._asked = embedder, chat, asked
        self._found, self._coverage = found, coverage
        self._notes: list[str] = []
        self._begin(found.passages)

    @property
    def messages(self) -> tuple[Message, ...]:
        return self._fitted.messages

    def _begin(self, passages: Sequence[Passage]) -> None:
        window = self._chat.context_tokens
        self.reserved = min(self._asked.reply_tokens, window // 2)  # kept free for the answer
        self._fitted = build_prompt(
            self._asked.standalone_question,
            passages,
            history=self._asked.history,
            window=window,
            reserve=self.reserved,
            count_tokens=self._chat.count_tokens,
        )
        self._shown = CitationStream({passage.number for passage in self._fitted.used})
        self._text: list[str] = []

    def feed(self, piece: str) -> None:
        """A piece of the reply."""
        self._show(self._shown.feed(piece))

    def drop_last_passage(self, error: ContextOverflowError) -> None:
        """Begins anew without the last passage; raises the error when none is left."""
        used = self._fitted.used
        if not used:
            raise error
        if self._text and self._asked.on_restart is not None:
            self._asked.on_restart()
        # The model has learnt from the error how wrong its estimate was: this may drop more.
        self._begin(used[:-1])
        self._notes = [_DROPPED.format(len(self._fitted.used), len(self._found.passages))]

    def to_cut_error(self, error: ModelError) -> ModelError:
        """What to raise for a reply that ended with `error`: with the answer so far, if any."""
        if not "".join(self._text).strip():
            return error
        self._notes.append(str(error))
        return AnswerCutError(str(error), answer=self.finish(None))

    def to_stopped_error(self, error: KeyboardInterrupt) -> KeyboardInterrupt:
        """What to raise when the person has seen enough: with the answer so far, if any."""
        if not "".join(self._text).strip():
            return error
        self._notes.append(_STOPPED)
        return AnswerStoppedError(answer=self.finish(None, at_once=True))

    def finish(self, usage: Usage | None, *, at_once: bool = False) -> Answer:
        """The answer, when the reply has ended; `at_once` without asking the embedder for it."""
        self._show(self._shown.finish())
        used = self._fitted.used
        text = "".join(self._text).strip()
        embed = None if at_once else BestEffortEmbedder(self._embedder)
        said = parse_citations(text, used)
        sentences = verify(said, used, embed=embed)
        if [one.citations for one in said] != [one.citations for one in sentences]:
            text = rewrite_citations(text, sentences)
        dropped: tuple[Sentence, ...] = ()
        if self._asked.strict and (kept := without_unsupported(sentences)) != sentences:
            dropped = tuple(one for one in sentences if one not in kept)
            self._notes.append(_LEFT_OUT.format(len(dropped)))
            sentences, text = kept, with_citation_marks(kept)
        whole = {passage.number: passage for passage in self._found.passages}
        for part in used:
            if part.text != whole[part.number].text:
                self._notes.append(_PART.format(part.number, part.location))
        if usage is not None and usage.finish == "length":
            self._notes.append(self._cut_note(usage))
        return Answer(
            question=self._asked.question,
            text=text,
            sentences=locate_quotes(sentences, used),
            passages=used,
            omitted_passages=tuple(
                p for n, p in whole.items() if n not in {one.number for one in used}
            ),
            model=self._chat.name,
            context=ContextUsage(
                window=self._chat.context_tokens,
                estimated=self._fitted.estimated_tokens,
                used=usage.prompt_tokens if usage else None,
                reserved=self.reserved,
            ),
            coverage=self._coverage,
            notes=tuple(self._notes),
            evidence_score=self._found.evidence,
            abstention_threshold=self._found.threshold,
            removed_sentences=locate_quotes(dropped, used),
            conflicts=find_conflicts(sentences, used),
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


logger = logging.getLogger(__name__)


class BestEffortEmbedder:
    """Texts -> (n, d) float32. A text that cannot be embedded gets zeros, which are like nothing.

    Once the model itself has failed it is not asked again: the answer that is being checked is
    there already, and each further try may take as long as the server's time-out.
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
                logger.info("likeness is not checked: %s", error)
                self._failed = True
        return np.zeros((len(texts), self._embedder.identity.dimension), dtype=np.float32)
