"""A program that uses all of the public API; type checkers must accept it (see test_api.py)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt

import ragkit
from ragkit.types import ModelIdentity, TokenCounter


class OwnEmbedder:
    """The smallest object that fulfils `Embedder` in full."""

    name = "own/model"
    identity = ModelIdentity("own/model", 3)
    max_tokens: int | None = None

    @property
    def token_counter(self) -> TokenCounter:
        return lambda texts: [len(text) for text in texts]

    def embed_documents(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        return np.ones((len(texts), 3), dtype=np.float32)

    def embed_query(self, text: str) -> npt.NDArray[np.float32]:
        return np.ones(3, dtype=np.float32)


class OwnReranker:
    name = "own/reranker"

    def score(self, question: str, texts: Sequence[str]) -> list[float]:
        return [float(question in text) for text in texts]


def show(progress: ragkit.Progress) -> None:
    print(progress.stage, progress.files_done)


def write(place: Path) -> None:
    ollama = ragkit.OllamaSettings(embed_host="http://127.0.0.1:11434", pull=False)
    with ragkit.Index.create(place, embedder=OwnEmbedder(), chunk_tokens=100) as made:
        made.close()
    with ragkit.Index.open(place, create=True, embedder=OwnEmbedder(), ollama=ollama) as index:
        report: ragkit.IndexReport = index.update(
            "docs",
            Path("more"),
            include=["*.md"],
            exclude=("secret.md",),
            engine=ragkit.LocalEngine(),
            on_progress=show,
            wait_seconds=1,
        )
        kinds: dict[str, list[str]] = index.plan("docs", hidden=True)
        record: ragkit.FileRecord = index.add_text("x", source="t", metadata={"author": "Kim"})
        removed: list[str] = index.remove("t")
        for again in index.watch("docs", allow_empty=True):
            print(again.updated)
        index.maintenance.reindex("wordllama/l2_supercat_256", drop_previous=True)
        checked: ragkit.IntegrityReport = index.maintenance.verify(repair=True)
        index.maintenance.optimize()
        index.maintenance.save_settings({"limit": 8})
        usage: dict[str, int] = index.maintenance.disk_usage()
        print(report.added, kinds, record.source, removed, checked.issues, usage)


def read(index: ragkit.Index) -> None:
    hits = index.search(
        "backup test",
        limit=5,
        keyword_weight=0.5,
        rerank=OwnReranker(),
        path="docs/**",
        types=("md", "pdf"),
        since=date(2024, 1, 1),
        until="2024-12",
        where='author = "Kim"',
    )
    first: ragkit.Hit = hits[0]
    print(first.text, first.source, first.location, first.score + first.similarity)
    print([lines.before for lines in index.context_lines(hits, 2)])
    answer: ragkit.Answer = index.ask(
        "How often?", model="none", supported_only=True, model_options={"temperature": 0}
    )
    sentences: tuple[ragkit.Sentence, ...] = answer.sentences
    citations: tuple[ragkit.Citation, ...] = answer.citations
    passages: tuple[ragkit.Passage, ...] = answer.passages
    print(str(answer), sentences, citations, passages)
    with index.ask_stream("How often?") as stream:
        for piece in stream:
            print(piece, end="")
        print(stream.answer.text)
    talk: ragkit.Conversation = index.conversation(model="none", on_text=print)
    print(talk.ask("How often?").text)
    status: ragkit.IndexStatus = index.status()
    print(status.files.indexed, index.files("docs"), index.indexed_paths(), index.manifest)
    print(index.explain("backup", expect="a.md").verdict)
    print(index.to_arrow("files").num_rows, index.to_arrow(vectors=True).num_rows)


async def read_async(index: ragkit.Index) -> None:
    print((await index.search_async("backup test", limit=5))[0].text)
    print((await index.ask_async("How often?")).text)
    print((await index.update_async("docs")).added)
    print([one.text for one in await index.ask_many(["a", "b"], concurrency=2)])
    stream = index.ask_stream_async("How often?")
    async for piece in stream:
        print(piece, end="")
    print(stream.answer.text)


def main() -> None:
    try:
        write(Path("notes.index"))
        index = ragkit.Index.open("notes.index")
        read(index)
        asyncio.run(read_async(index))
    except ragkit.FilterError as error:
        print(error.position)
    except (ragkit.errors.IndexLockedError, ragkit.ModelError, ragkit.RagkitError) as error:
        print(error)
