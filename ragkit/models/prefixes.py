"""The prefixes that embedding models were trained with, for questions and for passages.

Servers embed texts as they are, so a client that leaves the prefixes out gets vectors that look
fine and find less. The table is matched by a model's base name; unknown models get none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_SENTENCE = "Represent this sentence for searching relevant passages: "
_INSTRUCT = (
    "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:"
)


@dataclass(frozen=True, slots=True)
class Prefixes:
    """The texts before a question and before a passage, and how many tokens the model reads,
    prefix included; None where the table has no figure."""

    query_prefix: str = ""
    document_prefix: str = ""
    max_tokens: int | None = None


_GEMMA = ("task: search result | query: ", "title: none | text: ")
# (pattern on the base name, prefixes); the first match counts, so longer names come first.
_TABLE: tuple[tuple[str, Prefixes], ...] = (
    (r"nomic-embed-text-v2", Prefixes("search_query: ", "search_document: ", 512)),
    (r"nomic-embed-text", Prefixes("search_query: ", "search_document: ", 2048)),
    (r"mxbai-embed-large", Prefixes(_SENTENCE, "", 512)),
    (r"bge-m3", Prefixes("", "", 8192)),
    (r"bge-(small|base|large).*-zh", Prefixes("为这个句子生成表示以用于检索相关文章：", "", 512)),
    (r"bge-(small|base|large)", Prefixes(_SENTENCE, "", 512)),
    (r"snowflake-arctic-embed(2|-[ml]-v2)", Prefixes("query: ", "", 8192)),
    (r"snowflake-arctic-embed", Prefixes(_SENTENCE, "", 512)),
    (r"embeddinggemma-2", Prefixes(*_GEMMA, 8192)),
    (r"embeddinggemma", Prefixes(*_GEMMA, 2048)),
    (r"qwen3-embed(ding)?", Prefixes(_INSTRUCT, "", 32768)),
    (r"granite-embedding", Prefixes("", "", 512)),
    (r"all-minilm", Prefixes("", "", 256)),
    (r"paraphrase-multilingual", Prefixes("", "", 128)),
    (r"e5-.*instruct", Prefixes(_INSTRUCT + " ", "", 512)),
    (r"(multilingual-)?e5-", Prefixes("query: ", "passage: ", 512)),
)
_PATTERNS = tuple((re.compile(rf"(?:^|[-_.]){name}"), prefixes) for name, prefixes in _TABLE)


def prefixes_for(model: str) -> Prefixes:
    """The prefixes of a model, by its name with or without registry, namespace and tag."""
    name = base_name(model)
    for pattern, prefixes in _PATTERNS:
        if pattern.search(name):
            return prefixes
    return Prefixes()


def is_embedding_model(model: str) -> bool:
    """Whether the table knows `model` as an embedding model."""
    name = base_name(model)
    return any(pattern.search(name) for pattern, _ in _PATTERNS)


def base_name(model: str) -> str:
    """`hf.co/Qwen/Qwen3-Embedding-0.6B-GGUF:Q8_0` -> `qwen3-embedding-0.6b-gguf`."""
    return model.rsplit("/", 1)[-1].split(":", 1)[0].lower()
