"""How well `verify` finds the sentences that their passages do not carry.

Builds a labelled set from squad_dev and clapnq_dev and prints the confusion table, precision and
recall of "unsupported". True sentences: copied from the passage; a question and its answer turned
into a statement; sentences of the long answers people wrote. False ones: the same with a number,
a date, a name or a negation changed, or cited to another passage. Every sentence is given its
cited passage and two others. The random choices are seeded: the figures repeat.

    python scripts/bench/verification.py [--items N] [--seed N] [--embed] [--show KIND]
"""

from __future__ import annotations

import argparse
import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from data import folder, rows

from ragkit.language.sentences import split_sentences, to_plain_text
from ragkit.types import Passage, Sentence
from ragkit.verification.verify import verify

TRUE_KINDS = ("copied", "statement", "written")
FALSE_KINDS = ("number", "date", "name", "negation", "cited elsewhere")
MONTHS = [date(2000, month, 1).strftime("%B") for month in range(1, 13)]


@dataclass(frozen=True)
class Item:
    """A sentence, the passage it is true of, and the kind of change made to it."""

    kind: str
    text: str
    source: str
    corpus: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=300, help="sentences of each kind")
    parser.add_argument("--embed", action="store_true", help="with wordllama's similarity")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--show", default="", help="print the wrong verdicts of one kind")
    arguments = parser.parse_args()
    dice = random.Random(arguments.seed)
    corpora = {name: read_corpus(name) for name in ("squad_dev", "clapnq_dev")}
    true = list(true_items(corpora))
    dice.shuffle(true)
    items = [
        *pick(true, TRUE_KINDS, arguments.items),
        *false_items(true, corpora, arguments.items, dice),
    ]
    measure(items, corpora, arguments, dice)


# ---------------------------------------------------------------- the labelled set


def read_corpus(name: str) -> dict[str, str]:
    documents = sorted((folder(name) / "docs").iterdir())
    return {path.name: path.read_text(encoding="utf-8") for path in documents}


def true_items(corpora: dict[str, dict[str, str]]) -> Iterator[Item]:
    squad, clapnq = folder("squad_dev"), folder("clapnq_dev")
    spans = {row["query_id"]: row for row in rows(squad / "qrels.jsonl")}
    for query in rows(squad / "queries.jsonl"):
        row = spans[query["id"]]
        text = corpora["squad_dev"][row["doc_id"]]
        for span in split_sentences(text):
            if span.start <= row["span"][0] < span.end:
                yield Item("copied", to_plain_text(text, span), row["doc_id"], "squad_dev")
        answer = text[row["span"][0] : row["span"][1]]
        statement = as_statement(query["text"], answer)
        if statement:
            yield Item("statement", statement, row["doc_id"], "squad_dev")
    gold = {row["query_id"]: row["doc_id"] for row in rows(clapnq / "qrels.jsonl")}
    for query in rows(clapnq / "queries.jsonl"):
        for sentence in dict.fromkeys(query["selected_sentences"]):
            yield Item("copied", sentence, gold[query["id"]], "clapnq_dev")
        for answer in query["answers"]:
            for span in split_sentences(answer):
                if span.end - span.start > 20:
                    yield Item(
                        "written", to_plain_text(answer, span), gold[query["id"]], "clapnq_dev"
                    )


BE = r"(?:is|are|was|were|has|had|can|could|will|would|should|did|does|do|have)"


def as_statement(question: str, answer: str) -> str:
    """The question with its answer, as a sentence: "Who led X?" + "Y" -> "Y led X."; None of the
    words is changed, so that a "did" stays. "" where the question has another form."""
    question = " ".join(question.split()).rstrip("? ")
    if found := re.match(rf"(?:Who|What) (?!{BE} )(?=[a-z]+(?:ed|s|t|d|n|k)\b)(.+)$", question):
        return f"{capital(answer)} {found[1]}."
    if found := re.match(r"(?:Who|What) ((?:is|are|was|were) .+)$", question):
        return f"{capital(answer)} {found[1]}."
    if found := re.match(rf"(?:When|Where|In what \w+|How|Why|What year) {BE} (.+)$", question):
        return f"It was {answer} that {found[1]}."
    if found := re.match(rf"(?:How many|What|Which) ([a-z]+) {BE} (.+)$", question):
        return f"{capital(found[2])}: {answer} ({found[1]})."
    return ""


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def pick(items: list[Item], kinds: tuple[str, ...], count: int) -> list[Item]:
    chosen: dict[str, list[Item]] = {kind: [] for kind in kinds}
    for item in dict.fromkeys(items):
        if len(chosen[item.kind]) < count:
            chosen[item.kind].append(item)
    return [item for kind in kinds for item in chosen[kind]]


def false_items(
    true: list[Item], corpora: dict[str, dict[str, str]], count: int, dice: random.Random
) -> list[Item]:
    """Up to `count` of each kind, made in equal parts from the three kinds of true sentences."""
    changes: dict[str, Callable[[Item], str]] = {
        "number": lambda item: change_number(item.text, dice),
        "date": lambda item: change_date(item.text, dice),
        "name": lambda item: change_name(item, corpora, dice),
        "negation": lambda item: change_negation(item.text, dice),
        "cited elsewhere": lambda item: item.text,
    }
    made: list[Item] = []
    for kind, change in changes.items():
        per_kind: Counter[str] = Counter()
        for item in dict.fromkeys(true):
            if per_kind[item.kind] >= count // 3:
                continue
            text = change(item)
            if text and (text != item.text or kind == "cited elsewhere"):
                per_kind[item.kind] += 1
                made.append(replace(item, kind=kind, text=text))
    return made


NUMBER = re.compile(r"(?<![\w.,])\d+(?:,\d{3})*(?:\.\d+)?(?![\w])")


def change_number(text: str, dice: random.Random) -> str:
    """One number that is no year replaced by a near one of the same form."""
    found = [m for m in NUMBER.finditer(text) if not re.fullmatch(r"1\d{3}|20\d\d", m[0])]
    if not found:
        return ""
    one = dice.choice(found)
    value = float(one[0].replace(",", ""))
    other = value
    while other == value:
        other = max(
            1.0, round(value * dice.choice((0.5, 0.8, 1.2, 1.5, 2.0)) + dice.choice((0, 1)))
        )
    form = f"{int(other):,}" if "," in one[0] else str(int(other))
    return text[: one.start()] + form + text[one.end() :]


def change_date(text: str, dice: random.Random) -> str:
    """A year moved by one to twenty years, or a month replaced."""
    years = list(re.finditer(r"\b(?:1\d{3}|20\d\d)\b", text))
    months = [m for m in re.finditer(r"\b[A-Z][a-z]+\b", text) if m[0] in MONTHS]
    if not years and not months:
        return ""
    one = dice.choice(years + months)
    if one in months:
        other = dice.choice([month for month in MONTHS if month != one[0]])
    else:
        other = str(int(one[0]) + dice.choice((-1, 1)) * dice.randint(1, 20))
    return text[: one.start()] + other + text[one.end() :]


NAME = re.compile(r"(?<![\w'’-])[A-Z][a-z]{2,}(?: (?:of )?[A-Z][a-z]{2,})*")
INSIDE = re.compile(r"(?<=[a-z,] )[A-Z][a-z]{2,}(?: (?:of )?[A-Z][a-z]{2,})*")


def names_in(text: str) -> list[str]:
    """The names inside sentences; at the beginning of one a capital tells nothing."""
    found = [match[0] for match in INSIDE.finditer(text)]
    return [name for name in found if not set(name.split()) & set(MONTHS)]


def change_name(item: Item, corpora: dict[str, dict[str, str]], dice: random.Random) -> str:
    """A name replaced: by another of the same passage, or (one in two) of another passage."""
    corpus = corpora[item.corpus]
    known = set(names_in(corpus[item.source]))
    found = [match for match in NAME.finditer(item.text) if match[0] in known]
    if not found:
        return ""
    one = dice.choice(found)
    source = item.source if dice.random() < 0.5 else dice.choice(sorted(corpus))
    used = set(item.text.lower().split())
    others = [name for name in names_in(corpus[source]) if not used & set(name.lower().split())]
    if not others:
        return ""
    return item.text[: one.start()] + dice.choice(others) + item.text[one.end() :]


def change_negation(text: str, dice: random.Random) -> str:
    """A "not" taken out, or put behind an auxiliary verb."""
    if re.search(r"\b(?:not|never)\b ", text):
        return re.sub(r"\b(?:not|never)\b ", "", text, count=1)
    found = list(re.finditer(r"\b(?:is|are|was|were|can|could|will|would|should|may|must)\b", text))
    if not found:
        return ""
    one = dice.choice(found)
    return f"{text[: one.end()]} not{text[one.end() :]}"


# ---------------------------------------------------------------- the measurement


def as_passage(number: int, source: str, text: str) -> Passage:
    return Passage(number, source, text, 0, len(text), 1, 1, None, "", "", ())


def given(item: Item, corpora: dict[str, dict[str, str]], dice: random.Random) -> list[Passage]:
    """The cited passage, numbered 1, and two others; for a sentence cited elsewhere the true
    passage is not among them, and one in two times the cited one is about the same subject."""
    corpus = corpora[item.corpus]
    others = [source for source in sorted(corpus) if source != item.source]
    cited = item.source
    if item.kind == "cited elsewhere":
        subject = item.source.split("__")[0]
        near = [source for source in others if source.split("__")[0] == subject]
        cited = dice.choice(near if near and dice.random() < 0.5 else others)
    rest = dice.sample([source for source in others if source != cited], 2)
    return [as_passage(n, source, corpus[source]) for n, source in enumerate((cited, *rest), 1)]


def measure(
    items: list[Item],
    corpora: dict[str, dict[str, str]],
    arguments: argparse.Namespace,
    dice: random.Random,
) -> None:
    embed = None
    if arguments.embed:
        from ragkit.models.wordllama import WordLlamaEmbedder

        embed = WordLlamaEmbedder().embed_documents
    table: dict[str, Counter[str]] = defaultdict(Counter)
    seconds = 0.0
    moved = 0
    for item in items:
        passages = given(item, corpora, dice)
        begin = time.perf_counter()
        (verdict,) = verify([Sentence(item.text, (1,))], passages, embed=embed)
        seconds += time.perf_counter() - begin
        table[item.kind][verdict.support] += 1
        moved += verdict.citations != (1,)
        if item.kind == arguments.show and (verdict.support == "unsupported") == (
            item.kind in TRUE_KINDS
        ):
            print(f"- {item.text}\n    {verdict.support}: {verdict.reason}")
            if verdict.evidence is not None:
                print(f"    {verdict.evidence.quote}")
    print_table(table)
    print(f"re-cited {moved} of {len(items)}; {1000 * seconds / len(items):.1f} ms a sentence")
    print_moves([item for item in items if item.kind in TRUE_KINDS], corpora, embed, dice)


def print_table(table: dict[str, Counter[str]]) -> None:
    supports = ("supported", "weak", "unsupported", "unchecked")
    print(f"{'':18}" + "".join(f"{support:>13}" for support in supports))
    for kind in (*TRUE_KINDS, *FALSE_KINDS):
        print(f"{kind:18}" + "".join(f"{table[kind][support]:>13}" for support in supports))
    found = sum(table[kind]["unsupported"] for kind in FALSE_KINDS)
    false_alarms = sum(table[kind]["unsupported"] for kind in TRUE_KINDS)
    false = sum(sum(table[kind].values()) for kind in FALSE_KINDS)
    true = sum(sum(table[kind].values()) for kind in TRUE_KINDS)
    recall, alarm_rate = found / false, false_alarms / true
    print(f"true {true}, false {false}")
    print(f'"unsupported": precision {found / (found + false_alarms):.3f}, recall {recall:.3f}')
    print(f"precision were there as many true as false: {recall / (recall + alarm_rate):.3f}")


def print_moves(
    items: list[Item], corpora: dict[str, dict[str, str]], embed: Any, dice: random.Random
) -> None:
    """How many true sentences cited to the wrong one of two passages are moved to the right one."""
    moved = 0
    for item in items:
        corpus = corpora[item.corpus]
        wrong = dice.choice([source for source in sorted(corpus) if source != item.source])
        passages = [
            as_passage(1, wrong, corpus[wrong]),
            as_passage(2, item.source, corpus[item.source]),
        ]
        (verdict,) = verify([Sentence(item.text, (1,))], passages, embed=embed)
        moved += verdict.citations == (2,)
    print(f"true sentences with the wrong mark: {moved} of {len(items)} moved to the right passage")


if __name__ == "__main__":
    main()
