"""How many questions that stand alone are taken for follow-ups, set by set.

    .venv/bin/python scripts/bench/followups.py [--show 5]

Every question of these sets was asked without a conversation. Some lean on their paragraph all
the same ("Where did he begin teaching?"): the figures are upper limits. `tests/query/
test_followup.py` holds the questions that must be taken for follow-ups, in twelve languages.
"""

from __future__ import annotations

import argparse

from data import folder, rows

from ragkit.query.followup import is_follow_up

_FILES = (
    ("squad_dev", "queries.jsonl"),
    ("squad_dev", "queries_unanswerable.jsonl"),
    ("clapnq_dev", "queries.jsonl"),
    ("multihop_hotpot", "queries.jsonl"),
    ("sec10q", "queries.jsonl"),
    ("xquad", "queries.jsonl"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", type=int, default=0, help="print that many of each set")
    show = parser.parse_args().show
    for name, file in _FILES:
        by_language: dict[str, list[str]] = {}
        for row in rows(folder(name) / file):
            by_language.setdefault(row.get("lang", "en"), []).append(row["text"])
        for language, questions in by_language.items():
            taken = [question for question in questions if is_follow_up(question)]
            share = len(taken) / len(questions)
            print(f"{name}/{file} {language}: {len(taken)} of {len(questions)} ({share:.1%})")
            for question in taken[:show]:
                print("   ", question)


if __name__ == "__main__":
    main()
