"""A conversation as a Markdown file (pure)."""

from __future__ import annotations

from collections.abc import Sequence

from ragkit.cli.output import safe, safe_line
from ragkit.query.conversation import Turn


def write_transcript(turns: Sequence[Turn]) -> str:
    """The questions as headings, each with its answer and the words that carry it."""
    return "\n".join(["# Conversation\n", *map(_section, turns)])


def _section(turn: Turn) -> str:
    lines = [f"## {safe_line(' '.join(turn.question.split()))}\n"]
    if turn.standalone:
        lines.append(f"*Searched as: {safe_line(turn.standalone)}*\n")
    lines.append(safe(turn.answer.text) or "Nothing in the documents answers this.")
    lines.append("")
    for citation in turn.answer.citations:
        quote = safe_line(" ".join(citation.quote.split()))
        lines.append(f'- [{citation.number}] {safe_line(citation.location)}: "{quote}"')
    for sentence in turn.answer.sentences:
        if sentence.support in ("weak", "unsupported"):
            lines.append(f'- {sentence.support}: "{safe_line(" ".join(sentence.text.split()))}"')
    lines += [f"- {safe_line(note)}" for note in turn.answer.notes]
    return "\n".join(lines) + "\n"
