"""One question on its way to a chat model's answer: fit, hear, verify."""

from __future__ import annotations

from collections.abc import Sequence

from ragkit.errors import (
    AnswerCutError,
    AnswerStoppedError,
    ContextOverflowError,
    ModelError,
)
from ragkit.query.asked import Asked
from ragkit.query.cited import marked, pinned
from ragkit.query.context import fit
from ragkit.query.disagreements import disagreements
from ragkit.query.finding import Found
from ragkit.query.forgiving import ForgivingEmbedding
from ragkit.query.marks import recite
from ragkit.query.shown import ShownText
from ragkit.query.verify import cite, strict, verify
from ragkit.types import (
    Answer,
    Chat,
    ContextUse,
    Coverage,
    Embedder,
    Message,
    Passage,
    Sentence,
    Usage,
)

_CUT = "the answer was cut at {} tokens; allow more with --option {}={}"
_DROPPED = "the prompt did not fit the window; asked again with {} of {} passages"
_STOPPED = "stopped in the middle of the answer"
_PART = "no room in the window for all of [{}]: the model read {}"
_LEFT_OUT = "{} unsupported sentence(s) left out (--strict)"


class Writing:
    """One question on its way to a chat model's answer; knows nothing of how replies arrive.

    Raises `ContextOverflowError` when not even instructions and question fit the window.
    """

    def __init__(
        self,
        embedder: Embedder,
        chat: Chat,
        asked: Asked,
        found: Found,
        coverage: Coverage,
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
        self._fitted = fit(
            self._asked.meant,
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
        self._notes = [_DROPPED.format(len(self._fitted.used), len(self._found.passages))]

    def broken_off(self, error: ModelError) -> ModelError:
        """What to raise for a reply that ended with `error`: with the answer so far, if any."""
        if not "".join(self._text).strip():
            return error
        self._notes.append(str(error))
        return AnswerCutError(str(error), answer=self.finish(None))

    def stopped(self, error: KeyboardInterrupt) -> KeyboardInterrupt:
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
        embed = None if at_once else ForgivingEmbedding(self._embedder)
        said = cite(text, used)
        sentences = verify(said, used, embed=embed)
        if [one.citations for one in said] != [one.citations for one in sentences]:
            text = recite(text, sentences)
        dropped: tuple[Sentence, ...] = ()
        if self._asked.strict and (kept := strict(sentences)) != sentences:
            dropped = tuple(one for one in sentences if one not in kept)
            self._notes.append(_LEFT_OUT.format(len(dropped)))
            sentences, text = kept, marked(kept)
        whole = {passage.number: passage for passage in self._found.passages}
        for part in used:
            if part.text != whole[part.number].text:
                self._notes.append(_PART.format(part.number, part.location))
        if usage is not None and usage.finish == "length":
            self._notes.append(self._cut_note(usage))
        return Answer(
            question=self._asked.question,
            text=text,
            sentences=pinned(sentences, used),
            passages=used,
            left_out=tuple(p for n, p in whole.items() if n not in {one.number for one in used}),
            model=self._chat.name,
            context=ContextUse(
                window=self._chat.context_tokens,
                estimate=self._fitted.estimate,
                used=usage.prompt_tokens if usage else None,
                reserved=self.reserved,
            ),
            coverage=self._coverage,
            notes=tuple(self._notes),
            evidence=self._found.evidence,
            floor=self._found.floor,
            dropped=pinned(dropped, used),
            disagreements=disagreements(sentences, used),
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
