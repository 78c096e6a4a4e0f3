"""Follow-up questions: how many questions that stand alone are taken for them, and what joining a
question with the one before it does for the search.

    .venv/bin/python scripts/bench/followups.py [--show 5] [--no-search]

Every question of these sets was asked without a conversation. Some lean on their paragraph all
the same ("Where did he begin teaching?"): the shares are upper limits. For those of squad_dev and
xquad the question before on the same paragraph is the conversation; printed is how often the
right paragraph is among the passages of an answer without a chat model: found with the question
as typed, and with both wordings. `tests/query/test_followup.py` holds the questions that must be
taken for follow-ups, in twelve languages.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from data import folder, judgments, rows

from ragkit import Index
from ragkit.answering.condense_question import is_follow_up, merge_with_previous

_FILES = (
    ("squad_dev", "queries.jsonl"),
    ("squad_dev", "queries_unanswerable.jsonl"),
    ("clapnq_dev", "queries.jsonl"),
    ("multihop_hotpot", "queries.jsonl"),
    ("sec10q", "queries.jsonl"),
    ("xquad", "queries.jsonl"),
)
_SEARCHED = (
    ("squad_dev", "docs"),
    ("xquad", "docs/en"),
    ("xquad", "docs/de"),
    ("xquad", "docs/zh"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", type=int, default=0, help="print that many of each set")
    parser.add_argument("--no-search", action="store_true", help="only count")
    arguments = parser.parse_args()
    for name, file in _FILES:
        count(name, file, arguments.show)
    for name, docs in _SEARCHED if not arguments.no_search else ():
        search(name, docs, arguments.show)


def count(name: str, file: str, show: int) -> None:
    by_language: dict[str, list[str]] = {}
    for row in rows(folder(name) / file):
        by_language.setdefault(row.get("lang", "en"), []).append(row["text"])
    for language, questions in by_language.items():
        taken = [question for question in questions if is_follow_up(question)]
        share = len(taken) / len(questions)
        print(f"{name}/{file} {language}: {len(taken)} of {len(questions)} ({share:.1%})")
        for question in taken[:show]:
            print("   ", question)


def search(name: str, docs: str, show: int) -> None:
    pairs = list(_pairs(name, docs))
    with tempfile.TemporaryDirectory() as home:
        index = Index.create(Path(home, "index"), embedder="wordllama/l2_supercat_256")
        index.update(folder(name) / docs)
        typed = both = 0
        for previous, question, document in pairs:
            joined = merge_with_previous(question, previous)
            alone = _finds(index, document, question)
            with_history = _finds(index, document, question, standalone=joined)
            typed, both = typed + alone, both + with_history
            if show > 0 and alone != with_history:
                show -= 1
                print("   ", "won" if with_history else "lost", "|", previous, "|", joined)
        print(
            f"{name}/{docs}: the paragraph is found for {typed} of {len(pairs)} as typed, "
            f"for {both} with both wordings"
        )


def _pairs(name: str, docs: str):
    """(the question before on the same paragraph, a follow-up, its paragraph)."""
    judged = judgments(folder(name) / "qrels.jsonl")
    language = docs.partition("/")[2]
    before: dict[str, str] = {}
    for row in rows(folder(name) / "queries.jsonl"):
        document = next(iter(judged.get(row["id"], {})), "")
        if not document or (language and not document.startswith(f"{language}/")):
            continue
        previous = before.get(document)
        if previous and is_follow_up(row["text"], previous):
            yield previous, row["text"], document.rpartition("/")[2]
        before[document] = row["text"]


def _finds(index: Index, document: str, question: str, standalone: str = "") -> bool:
    answer = index.ask(question, model="none", standalone=standalone, min_score=0.0)
    return any(passage.source.endswith(f"/{document}") for passage in answer.passages)


if __name__ == "__main__":
    main()
