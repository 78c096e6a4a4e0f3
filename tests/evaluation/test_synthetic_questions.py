from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from doubles import CountingEmbedder

from ragkit.errors import ModelUnavailableError, RagkitError
from ragkit.evaluation import JudgedQuestion, make_questions
from ragkit.evaluation.synthetic_questions import sample_chunks
from ragkit.index import Index
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


def test_exact_copies_count_as_one_file(index: Index, write: Write, tmp_path: Path) -> None:
    for name in ("a.md", "b.md", "c/a.md"):
        write(name, "Granite lantern velvet harbour thistle.")
    index.update(tmp_path / "docs")
    made = make_questions(index, 50, QuestionWriter())
    assert [source_of(q) for q in made.questions] == ["docs/a.md"]
    assert made.copies == {"docs/b.md": "docs/a.md", "docs/c/a.md": "docs/a.md"}


def test_no_file_is_asked_about_twice_before_every_file_was_once(sample: Index) -> None:
    asked = [source_of(q) for q in make_questions(sample, 1000, QuestionWriter()).questions]
    first = [asked.index(source) for source in set(asked)]
    assert max(first) == len(set(asked)) - 1
    assert len(set(asked)) > 5


def test_the_same_files_give_the_same_questions(sample: Index, tmp_path: Path) -> None:
    again = Index.create(tmp_path / ".ragkit")
    again.update(CORPUS, include=["*.md", "*.txt"])
    texts = [
        [q.text for q in make_questions(i, 30, QuestionWriter()).questions] for i in (sample, again)
    ]
    assert texts[0] == texts[1]
    fewer = make_questions(sample, 10, QuestionWriter()).questions
    assert [q.text for q in fewer] == texts[0][:10]


def test_it_says_when_questions_are_fewer_than_wanted(sample: Index) -> None:
    made = make_questions(sample, 10_000, QuestionWriter())
    assert f"for {len(made.questions)} questions, not for 10000" in made.notes[1]


def test_an_index_without_enough_text_is_refused(
    index: Index, write: Write, tmp_path: Path
) -> None:
    with pytest.raises(RagkitError, match="not enough text"):
        make_questions(index, 10, QuestionWriter())
    write("a.md", "Too short.")
    index.update(tmp_path / "docs")
    with pytest.raises(RagkitError, match="not enough text"):
        make_questions(index, 10, QuestionWriter())


def test_a_model_is_given_one_passage_a_question(sample: Index) -> None:
    chat = QuestionWriter()
    made = make_questions(sample, 5, chat)
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
    made = make_questions(sample, 1, chat).questions
    assert len(made) == 1
    assert made[0].text == question or (question is None and len(chat.read) == 2)


def test_a_failing_model_is_not_hidden(sample: Index) -> None:
    class Away(QuestionWriter):
        def reply(self, messages: Sequence[Message], *, reply_tokens: int) -> Reply:
            raise ModelUnavailableError("the server is away")

    with pytest.raises(ModelUnavailableError):
        make_questions(sample, 5, Away())


def test_a_small_index_is_sampled_whole_and_copies_once(
    index: Index, write: Write, tmp_path: Path
) -> None:
    for number in range(30):
        write(f"{number}.md", "\n\n".join(f"Paragraph {number} {at}. " * 40 for at in range(4)))
    write("copy.md", (tmp_path / "docs/7.md").read_bytes())
    index.update(tmp_path / "docs")
    chunks = sample_chunks(index)
    expected = sum(file.chunks for file in index.files() if file.source != "docs/copy.md")
    assert len(chunks) == expected > 60
    order = [(chunk.source, chunk.ordinal) for chunk in chunks]
    assert order == sorted(set(order))


def test_an_empty_index_has_no_sample(index: Index) -> None:
    assert sample_chunks(index) == []


def test_a_file_longer_than_the_sample_is_passed_over_or_begun(
    embedder: CountingEmbedder, write: Write, tmp_path: Path
) -> None:
    index = Index.create(tmp_path / ".ragkit", embedder=embedder, chunk_tokens=4)
    write("giant.txt", "".join(f"Line {number} here.\n\n" for number in range(5_100)))
    index.update(tmp_path / "docs")
    chunks = sample_chunks(index)
    assert len(chunks) == 5_000 < index.files()[0].chunks
    write("small.txt", "One small file.")
    index.update(tmp_path / "docs")
    assert {chunk.source for chunk in sample_chunks(index)} == {"docs/small.txt"}
