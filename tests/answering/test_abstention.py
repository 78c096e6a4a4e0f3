"""The evidence for an answer, and the threshold below which an index abstains."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from doubles import CountingEmbedder
from hypothesis import given
from hypothesis import strategies as st

from ragkit.answering.abstention import (
    MAX_THRESHOLD,
    AbstentionThreshold,
    calibrate_threshold,
    languages_of,
    load_threshold,
    nonsense_questions,
    off_topic_questions,
)
from ragkit.errors import ModelUnavailableError
from ragkit.index import Index
from ragkit.language.detect import detect_language
from ragkit.types import Chunk, Hit, Passage

Write = Callable[..., Path]

THRESHOLD = AbstentionThreshold(0.3, {"en": 0.2, "zh": 0.7, "": 0.2})
OFF_TOPIC = off_topic_questions()
TOPICS = ("otters", "tides", "granite", "violins", "orchards", "glaciers", "bridges", "pottery")


def passage(text: str, similarity: float, number: int = 1) -> Passage:
    chunk = Chunk("notes.md", number, text, 0, len(text), 1, 1)
    hits = (Hit(chunk, similarity, similarity, 0.0),)
    return Passage(number, "notes.md", text, 0, len(text), 1, 1, None, "", "", hits)


def notes(write: Write, count: int) -> None:
    """One file about each of several subjects, in sentences of their own."""
    for number in range(count):
        topic = TOPICS[number % len(TOPICS)]
        write(
            f"{topic}{number}.md",
            f"# {topic.title()} {number}\n\nThe museum shows {topic} in hall {number}. "
            f"Visitors who like {topic} may touch them on day {number * 3}. "
            f"Every year {number + 40} people write to us about {topic}.\n",
        )


# ---------------------------------------------------------------- evidence


def test_a_passage_with_every_word_of_the_question_is_never_refused() -> None:
    found = [passage("Backups are tested every quarter.", similarity=-0.3)]
    assert THRESHOLD.evidence("How often are backups tested?", found) >= MAX_THRESHOLD


def test_no_passage_no_evidence() -> None:
    assert THRESHOLD.evidence("How often are backups tested?", []) == 0.0


def test_similarity_counts_from_what_any_question_in_that_language_gets() -> None:
    assert (
        THRESHOLD.evidence("哪座大厅展出水獭？", [passage("Nothing of it.", similarity=0.7)]) == 0.0
    )
    assert THRESHOLD.evidence("Which of the halls is it?", [passage("雪", similarity=0.7)]) > 0.25


@given(
    st.floats(-1, 1),
    st.floats(-1, 1),
    st.sampled_from(["", "Otters swim.", "The otters swim in hall two.", "水獭"]),
)
def test_evidence_lies_between_0_and_1_and_grows_with_similarity(
    one: float, other: float, text: str
) -> None:
    low, high = (
        THRESHOLD.evidence("Where do the otters swim?", [passage(text, similarity)])
        for similarity in sorted((one, other))
    )
    assert 0.0 <= low <= high <= 1.0


def test_evidence_is_that_of_the_best_passage_alone() -> None:
    near = passage("Otters swim in hall two.", 0.6)
    far = passage("The canteen opens at noon.", 0.1, number=2)
    assert THRESHOLD.evidence("Where is the canteen?", [near, far]) < THRESHOLD.evidence(
        "Where is the canteen?", [near, passage("The canteen is in hall two.", 0.5, number=2)]
    )


# ---------------------------------------------------------------- questions


def test_every_language_has_as_many_off_topic_questions_each_once() -> None:
    assert len({len(questions) for questions in OFF_TOPIC.values()}) == 1
    for questions in OFF_TOPIC.values():
        assert len(set(questions)) == len(questions)


@pytest.mark.parametrize("code", ["zh", "ja", "ru", "ko", "ar"])
def test_the_script_of_a_question_tells_its_language(code: str) -> None:
    assert {detect_language(question) for question in OFF_TOPIC[code]} == {code}


@pytest.mark.parametrize(
    ("texts", "languages"),
    [
        pytest.param([], [], id="no text"),
        pytest.param(["1234"], [], id="no language"),
        pytest.param(["The hall of the otters is by the sea."], ["en"], id="one"),
        pytest.param(
            ["The hall of the otters is by the sea.", "Der Saal und die Otter sind nicht weit."],
            ["en", "de"],
            id="two",
        ),
        pytest.param(
            ["The hall of the otters is by the sea."] * 20 + ["水獭在第二大厅。"],
            ["en"],
            id="one text in another is no language of the index",
        ),
    ],
)
def test_questions_are_asked_in_the_languages_of_the_texts(
    texts: list[str], languages: list[str]
) -> None:
    assert languages_of(texts) == languages


def test_texts_in_no_language_are_asked_a_few_questions_in_every_one(
    index: Index, write: Write, tmp_path: Path, embedder: CountingEmbedder
) -> None:
    for number in range(8):
        write(f"{number}.py", f"zork_{number} = quux({number}) ** 2\n" * 20)
    index.update(tmp_path / "docs")
    asked = set(embedder.questions)
    assert 0 < len(asked) <= 4 * len(OFF_TOPIC) + 24
    assert all(asked.intersection(questions) for questions in OFF_TOPIC.values())


def test_shuffled_questions_are_made_of_words_of_different_texts_and_repeat() -> None:
    texts = [f"wort{letter}{other}" for letter in "abcdefghijklmno" for other in "abcdefghijklmno"]
    questions = nonsense_questions(texts, 10)
    assert questions == nonsense_questions(texts, 10)
    for question in questions:
        words = question.removesuffix("?").split()
        assert 3 <= len(words) == len(set(words)) <= 6
        assert set(words) <= set(texts)


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param([], id="none"),
        pytest.param(["otters swim"] * 199, id="too few"),
    ],
)
def test_few_texts_give_no_shuffled_questions(texts: list[str]) -> None:
    assert nonsense_questions(texts, 5) == []


@pytest.mark.parametrize("text", ["", "1 2 3", "the of and", "水獭在第二大厅。"])
def test_any_texts_can_be_shuffled(text: str) -> None:
    assert all(nonsense_questions([text] * 200, 5)) or text in ("", "1 2 3")


# ---------------------------------------------------------------- the threshold of an index


def test_an_index_keeps_a_threshold_that_tells_its_subjects_from_others(
    index: Index, write: Write, tmp_path: Path
) -> None:
    notes(write, 24)
    index.update(tmp_path / "docs")
    threshold = load_threshold(index._connection.store)
    assert threshold is not None
    assert 0.0 < threshold.score <= MAX_THRESHOLD
    assert not index.ask("Who may touch the violins?").is_abstention
    assert index.ask("Which crew repairs the turbines of the reactor?").is_abstention


def test_the_threshold_is_found_anew_only_when_the_corpus_has_changed_much(
    index: Index, write: Write, tmp_path: Path
) -> None:
    notes(write, 16)
    index.update(tmp_path / "docs")
    first = index._connection.store.catalog.get("abstention_threshold")
    assert first["chunks"] == 16
    write("one-more.md", "# Kites\n\nKites fly on the hill.")
    index.update()
    assert index._connection.store.catalog.get("abstention_threshold")["score"] == first["score"]
    notes(write, 40)
    index.update()
    assert (
        index._connection.store.catalog.get("abstention_threshold")["chunks"]
        == index._connection.store.chunks.count()
        > 24
    )
    for path in (tmp_path / "docs").glob("*[1-9].md"):
        path.unlink()
    index.update()
    assert (
        index._connection.store.catalog.get("abstention_threshold")["chunks"]
        == index._connection.store.chunks.count()
        < 10
    )


def test_the_threshold_is_found_anew_when_half_of_the_files_were_exchanged(
    index: Index, write: Write, tmp_path: Path
) -> None:
    notes(write, 16)
    index.update(tmp_path / "docs")
    first = index.status().abstention_threshold
    for number in range(8):
        write(
            f"{TOPICS[number]}{number}.md", f"# Tide tables\n\nThe sea rises at {number} o'clock."
        )
        if number == 3:
            index.update()
            assert index.status().abstention_threshold == first
            assert index._connection.store.catalog.get("abstention_threshold")["written"] == 4
    (tmp_path / "docs" / "more.md").write_text("# Tide tables\n\nThe sea falls at noon.")
    index.update()
    assert index._connection.store.catalog.get("abstention_threshold") == {
        **index._connection.store.catalog.get("abstention_threshold"),
        "chunks": 17,
        "written": 0,
    }


def test_a_run_that_changes_nothing_asks_nothing(
    index: Index, write: Write, tmp_path: Path, embedder: CountingEmbedder
) -> None:
    notes(write, 8)
    index.update(tmp_path / "docs")
    asked = len(embedder.questions)
    assert asked
    index.update()
    assert len(embedder.questions) == asked


def test_an_index_without_a_threshold_gets_one_though_nothing_changed(
    index: Index, write: Write, tmp_path: Path
) -> None:
    notes(write, 8)
    index.update(tmp_path / "docs")
    index._connection.store.catalog.set(
        "abstention_threshold", None
    )  # as after a run that was stopped at its very end
    index.update()
    assert load_threshold(index._connection.store) is not None


def test_an_empty_index_has_no_threshold(index: Index, write: Write, tmp_path: Path) -> None:
    write("empty.txt", "")
    index.update(tmp_path / "docs")
    assert load_threshold(index._connection.store) is None


def test_the_cost_of_a_threshold_does_not_grow_with_the_corpus(
    index: Index, write: Write, tmp_path: Path, embedder: CountingEmbedder
) -> None:
    write("words.md", "\n\n".join(f"# Part {n}\n\nThe part {n} of it." for n in range(300)))
    index.update(tmp_path / "docs")
    embedder.questions.clear()
    calibrate_threshold(index._connection.store, embedder)
    assert len(embedder.questions) <= 16 * len(OFF_TOPIC) + 24


def test_a_model_that_fails_at_the_end_leaves_the_index_whole_and_without_a_threshold(
    tmp_path: Path, write: Write
) -> None:
    class Tired(CountingEmbedder):
        def embed_query(self, text: str):  # type: ignore[no-untyped-def]
            raise ModelUnavailableError("gone")

    notes(write, 8)
    index = Index.create(tmp_path / ".ragkit", embedder=Tired())
    assert index.update(tmp_path / "docs").added == 8
    assert load_threshold(index._connection.store) is None


def test_passages_below_the_threshold_are_offered_and_the_reason_is_told(
    index: Index, write: Write, tmp_path: Path
) -> None:
    notes(write, 16)
    index.update(tmp_path / "docs")
    answer = index.ask("Which crew repairs the turbines of the reactor?")
    assert answer.is_abstention
    assert (answer.text, answer.sentences) == ("", ())
    assert answer.passages
    assert answer.evidence_score is not None
    assert answer.abstention_threshold is not None
    assert answer.evidence_score < answer.abstention_threshold


def test_min_score_overrides_the_threshold_in_both_directions(
    index: Index, write: Write, tmp_path: Path
) -> None:
    notes(write, 16)
    index.update(tmp_path / "docs")
    question = "Which crew repairs the turbines of the reactor?"
    assert not index.ask(question, min_score=0.0).is_abstention
    assert index.ask("Who may touch the violins?", min_score=1.0).is_abstention
    assert index.ask(question, min_score=0.9).abstention_threshold == 0.9
