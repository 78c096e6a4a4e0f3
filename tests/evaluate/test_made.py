from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from ragkit.errors import ModelUnavailableError, RagkitError
from ragkit.evaluate import JudgedQuestion, make_questions
from ragkit.index import Index
from ragkit.query.words import FUNCTION_TERMS, list_terms
from ragkit.types import AsyncReply, Message, Reply, Usage

Write = Callable[..., Path]
CORPUS = Path(__file__).parents[2] / "sample_corpus"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Index:
    index = Index.create(tmp_path_factory.mktemp("sample") / ".ragkit")
    index.update(CORPUS, include=["*.md", "*.txt"])
    return index


class Written:
    """A reply that arrives in two pieces."""

    def __init__(self, text: str) -> None:
        self.usage: Usage | None = None
        self._text = text

    def __iter__(self) -> Iterator[str]:
        yield self._text[:5]
        yield self._text[5:]
        self.usage = Usage(10, 10)


class QuestionWriter:
    """A `Chat` that asks for the longest word of the passage, as a model might; `replies` says
    what it writes instead, in turn."""

    name = "double/writer"
    context_tokens = 4096

    def __init__(self, *replies: str) -> None:
        self.read: list[str] = []
        self._replies = list(replies)

    def count_tokens(self, text: str) -> int:
        return len(text)

    def reply(self, messages: Sequence[Message], *, reply_tokens: int) -> Reply:
        passage = messages[-1].content.partition("<<<")[2].partition(">>>")[0]
        self.read.append(passage.strip())
        longest = max(passage.split(), key=len)
        return Written(self._replies.pop(0) if self._replies else f"What is said of {longest}?")

    def reply_async(self, messages: Sequence[Message], *, reply_tokens: int) -> AsyncReply:
        raise NotImplementedError


def source_of(question: JudgedQuestion) -> str:
    [(source, gain)] = question.judged.items()
    assert gain == 1.0
    return source


def test_a_question_is_4_to_8_rare_words_of_one_sentence_of_its_file(sample: Index) -> None:
    made = make_questions(sample, 40).questions
    assert len(made) == 40
    for question in made:
        [(start, end)] = question.spans[source_of(question)]
        path = CORPUS.joinpath(*Path(source_of(question)).parts[-2:])
        if not path.is_file():
            path = CORPUS / Path(source_of(question)).name
        sentence = path.read_text(encoding="utf-8")[start:end]
        terms = set(list_terms(question.text))
        assert terms <= set(list_terms(sentence)) - FUNCTION_TERMS
        if question.text.isascii():
            assert 4 <= len(question.text.split()) <= 8


def test_the_words_of_headings_and_file_names_are_not_asked_for(
    index: Index, write: Write, tmp_path: Path
) -> None:
    write("zebra.md", "# Quarterly\n\nZebra quarterly kept granite lantern velvet harbour notes.")
    for number in range(20):
        write(f"{number}.md", f"Nothing else stands in filler file {number}.")
    index.update(tmp_path / "docs")
    made = {source_of(q): q.text.lower() for q in make_questions(index, 50).questions}
    words = set(made["docs/zebra.md"].split())
    assert words <= {"kept", "granite", "lantern", "velvet", "harbour", "notes"}
    assert len(words) >= 4


def test_a_question_that_another_file_answers_too_is_not_asked(
    index: Index, write: Write, tmp_path: Path
) -> None:
    sentence = "Granite lantern velvet harbour."
    write("one.md", sentence)
    write("two.md", f"{sentence} And more of it.")
    write("three.md", "Copper meadow thistle anchor.")
    for number in range(20):
        write(f"{number}.md", f"Nothing else stands in filler file {number}.")
    index.update(tmp_path / "docs")
    assert {source_of(q) for q in make_questions(index, 50).questions} == {"docs/three.md"}


def test_exact_copies_count_as_one_file(index: Index, write: Write, tmp_path: Path) -> None:
    for name in ("a.md", "b.md", "c/a.md"):
        write(name, "Granite lantern velvet harbour thistle.")
    for number in range(20):
        write(f"{number}.md", f"Nothing else stands in filler file {number}.")
    index.update(tmp_path / "docs")
    made = make_questions(index, 50)
    assert [source_of(q) for q in made.questions] == ["docs/a.md"]
    assert made.copies == {"docs/b.md": "docs/a.md", "docs/c/a.md": "docs/a.md"}


def test_no_file_is_asked_about_twice_before_every_file_was_once(sample: Index) -> None:
    asked = [source_of(q) for q in make_questions(sample, 1000).questions]
    first = [asked.index(source) for source in set(asked)]
    assert max(first) == len(set(asked)) - 1
    assert len(set(asked)) > 5


def test_the_same_files_give_the_same_questions(sample: Index, tmp_path: Path) -> None:
    again = Index.create(tmp_path / ".ragkit")
    again.update(CORPUS, include=["*.md", "*.txt"])
    texts = [[q.text for q in make_questions(i, 30).questions] for i in (sample, again)]
    assert texts[0] == texts[1]
    assert [q.text for q in make_questions(sample, 10).questions] == texts[0][:10]


def test_text_without_blanks_between_words_is_asked_for_too(
    index: Index, write: Write, tmp_path: Path
) -> None:
    sentence = "望远镜的镜盖必须在日出之前关上并且锁好。"
    write("guide.md", sentence)
    for number in range(20):
        write(f"{number}.md", f"Nothing else stands in filler file {number}.")
    index.update(tmp_path / "docs")
    [question] = make_questions(index, 5).questions
    assert all(piece in sentence for piece in question.text.split())


def test_it_says_that_made_questions_favour_exact_words_and_are_few(sample: Index) -> None:
    made = make_questions(sample, 10_000)
    assert made.origin == "words"
    assert "favour exact words" in made.notes[0]
    assert f"for {len(made.questions)} questions, not for 10000" in made.notes[1]


def test_an_index_without_enough_text_is_refused(
    index: Index, write: Write, tmp_path: Path
) -> None:
    with pytest.raises(RagkitError, match="not enough text"):
        make_questions(index, 10)
    write("a.md", "Too short.")
    index.update(tmp_path / "docs")
    with pytest.raises(RagkitError, match="not enough text"):
        make_questions(index, 10)


def test_a_model_is_given_one_passage_a_question(sample: Index) -> None:
    chat = QuestionWriter()
    made = make_questions(sample, 5, chat=chat)
    assert (made.origin, len(made.questions), len(chat.read)) == ("model", 5, 5)
    for question, passage in zip(made.questions, chat.read, strict=True):
        [(start, end)] = question.spans[source_of(question)]
        assert end - start >= len(passage)
        assert question.text.startswith("What is said of ")
    assert "written by a model" in made.notes[0]


@pytest.mark.parametrize(
    ("reply", "question"),
    [
        pytest.param("", None, id="empty"),
        pytest.param("NONE", None, id="refused"),
        pytest.param("What is " + "very " * 100 + "long?", None, id="far too long"),
        pytest.param('Here you go:\n"When is it due?"\n', "When is it due?", id="with a preface"),
        pytest.param("When is it due?\nIt asks for a date.", "When is it due?", id="explained"),
        pytest.param("date of the next delivery", "date of the next delivery", id="no mark"),
        pytest.param("I read it.\nNo question came to mind.", None, id="no question at all"),
    ],
)
def test_what_is_no_question_is_passed_over(
    sample: Index, reply: str, question: str | None
) -> None:
    chat = QuestionWriter(reply)
    made = make_questions(sample, 1, chat=chat).questions
    assert len(made) == 1
    assert made[0].text == question or (question is None and len(chat.read) == 2)


def test_a_failing_model_is_not_hidden(sample: Index) -> None:
    class Away(QuestionWriter):
        def reply(self, messages: Sequence[Message], *, reply_tokens: int) -> Reply:
            raise ModelUnavailableError("the server is away")

    with pytest.raises(ModelUnavailableError):
        make_questions(sample, 5, chat=Away())
