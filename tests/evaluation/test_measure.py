from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from doubles import CountingEmbedder

from ragkit.evaluation import (
    JudgedQuestion,
    Measurement,
    QuestionSet,
    compare_settings,
    find_winner,
    list_combinations,
    measure_settings,
    ndcg,
    recall,
)
from ragkit.evaluation.measure import format_figures
from ragkit.index import Index

Write = Callable[..., Path]
TOPICS = ("cats purr", "dogs bark", "birds sing", "cows moo", "frogs croak")
SETTINGS = [{"limit": 50}, {"limit": 50, "keyword_weight": 0.0}, {"limit": 1}]


@pytest.fixture
def animals(index: Index, write: Write, tmp_path: Path) -> Index:
    for topic in TOPICS:
        name, verb = topic.split()
        write(f"{name}.md", f"Wherever you go, {name} {verb}. " * 3 + "They do it all day long.")
    index.update(tmp_path / "docs")
    return index


def questions(**judged: dict[str, float]) -> QuestionSet:
    rows = [
        JudgedQuestion(f"q{at}", f"Do {name} make a noise?", gains)
        for at, (name, gains) in enumerate(judged.items())
    ]
    return QuestionSet(tuple(rows), "judged")


def test_figures_are_those_of_the_documents_in_order_of_their_best_chunk(animals: Index) -> None:
    judged = {"docs/dogs.md": 1.0, "docs/cats.md": 2.0}
    [one] = measure_settings(animals, questions(dogs=judged), SETTINGS[:1])
    hits = animals.search("Do dogs make a noise?", limit=50)
    ranking = list(dict.fromkeys(hit.chunk.source for hit in hits))
    assert ranking[0] == "docs/dogs.md"
    assert one.ndcgs == (ndcg(ranking, judged),)
    assert one.recall == {depth: recall(ranking, judged, depth) for depth in (1, 5, 10)}
    assert (one.reciprocal_ranks, one.mrr) == ((1.0,), 1.0)
    assert one.span_recall is None


def test_each_setting_is_what_a_search_with_it_finds(animals: Index) -> None:
    gains = {name.split()[0]: {f"docs/{name.split()[0]}.md": 1.0} for name in TOPICS}
    measured = measure_settings(animals, questions(**gains), SETTINGS)
    for settings, one in zip(SETTINGS, measured, strict=True):
        expected = [
            ndcg([hit.chunk.source for hit in animals.search(q.text, **settings)], q.judged)
            for q in questions(**gains).questions
        ]
        assert one.settings == settings
        assert list(one.ndcgs) == pytest.approx(expected)


def test_a_question_is_embedded_once_for_all_settings(
    animals: Index, embedder: CountingEmbedder
) -> None:
    asked = questions(dogs={"docs/dogs.md": 1.0}, cats={"docs/cats.md": 1.0})
    embedder.questions.clear()
    measure_settings(animals, asked, SETTINGS)
    warm_up, *rest = embedder.questions
    assert warm_up == asked.questions[0].text
    assert rest == [question.text for question in asked.questions]


def test_every_search_is_timed_and_told_of(animals: Index) -> None:
    told: list[tuple[int, int]] = []
    asked = questions(dogs={"docs/dogs.md": 1.0}, cats={"docs/cats.md": 1.0})
    measured = measure_settings(animals, asked, SETTINGS, on_progress=lambda *at: told.append(at))
    assert told == [(done, 6) for done in range(1, 7)]
    for one in measured:
        assert len(one.seconds) == 2
        assert 0 < one.milliseconds(50) <= one.milliseconds(95)


def test_spans_count_for_the_questions_that_have_some(animals: Index) -> None:
    plain = JudgedQuestion("a", "Do dogs bark?", {"docs/dogs.md": 1.0})
    marked = JudgedQuestion(
        "b", "Do cats purr?", {"docs/cats.md": 1.0}, {"docs/cats.md": ((0, 10), (500, 510))}
    )
    [one] = measure_settings(animals, QuestionSet((plain, marked), "judged"), SETTINGS[:1])
    assert one.span_recall == {1: 0.5, 5: 0.5, 10: 0.5}
    assert format_figures(one)["spans@5"] == "0.5000"


def test_a_copy_counts_as_its_original(animals: Index) -> None:
    asked = questions(dogs={"docs/cats.md": 1.0})
    copies = {"docs/dogs.md": "docs/cats.md"}
    [one] = measure_settings(
        animals, QuestionSet(asked.questions, "words", copies=copies), SETTINGS[2:]
    )
    assert one.mrr == 1.0


def measured(ndcgs: Sequence[float], **settings: float) -> Measurement:
    row = tuple(ndcgs)
    return Measurement(settings, row, row, (row, row, row), None, tuple(0.01 for _ in row))


def test_every_combination_is_listed_once_and_the_current_one_first() -> None:
    current = {"keyword_weight": 0.5, "limit": 5}
    listed = list_combinations(current, {"keyword_weight": [0, 0.5], "limit": [5, 20]})
    assert [tuple(one.values()) for one in listed] == [(0.5, 5), (0, 5), (0, 20), (0.5, 20)]


@pytest.mark.parametrize(
    "compared",
    [
        pytest.param({}, id="nothing compared"),
        pytest.param({"keyword_weight": [0.5, 0.5]}, id="the current value twice"),
    ],
)
def test_only_the_current_settings_remain(compared: dict[str, list[float]]) -> None:
    current = {"keyword_weight": 0.5, "limit": 50}
    assert list_combinations(current, compared) == [current]


def test_settings_are_compared_question_by_question() -> None:
    spread = [0.0, 1.0] * 15  # unpaired, so much spread would hide a gain of 0.05
    low = [value * 0.9 for value in spread]
    better, worse, same = compare_settings(
        [measured(low), measured(spread), measured([v * 0.8 for v in spread]), measured(low)]
    )
    assert better.difference.mean == pytest.approx(0.05)
    verdicts = [one.verdict for one in (better, worse, same)]
    assert verdicts == ["better", "worse", "not shown to differ"]


def test_the_winner_is_the_best_of_those_shown_to_be_better() -> None:
    current = measured([0.5] * 30, limit=1)
    lucky = measured([0.5] * 27 + [1.0] * 3, limit=2)
    good = measured([0.6] * 30, limit=3)
    best = measured([0.7] * 30, limit=4)
    winner = find_winner(compare_settings([current, lucky, good, best]))
    assert winner is not None
    assert winner.measurement is best
    assert find_winner(compare_settings([current, lucky])) is None
    assert find_winner(compare_settings([current])) is None
