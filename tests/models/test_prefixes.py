"""Promises of `ragkit.models.prefixes`."""

from __future__ import annotations

import pytest

from ragkit.models.prefixes import Prefixes, base_name, is_embedding_model, prefixes_for

SENTENCE = "Represent this sentence for searching relevant passages: "
INSTRUCT = (
    "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:"
)


@pytest.mark.parametrize(
    ("name", "query", "document", "tokens"),
    [
        ("nomic-embed-text", "search_query: ", "search_document: ", 2048),
        ("nomic-embed-text:v1.5", "search_query: ", "search_document: ", 2048),
        ("nomic-embed-text-v2-moe", "search_query: ", "search_document: ", 512),
        ("mxbai-embed-large", SENTENCE, "", 512),
        ("bge-m3", "", "", 8192),
        ("bge-large", SENTENCE, "", 512),
        ("quentinz/bge-small-zh-v1.5", "为这个句子生成表示以用于检索相关文章：", "", 512),
        ("snowflake-arctic-embed:22m", SENTENCE, "", 512),
        ("snowflake-arctic-embed2", "query: ", "", 8192),
        ("snowflake-arctic-embed-l-v2.0", "query: ", "", 8192),
        ("embeddinggemma", "task: search result | query: ", "title: none | text: ", 2048),
        ("embeddinggemma-2:270m", "task: search result | query: ", "title: none | text: ", 8192),
        ("qwen3-embedding:0.6b", INSTRUCT, "", 32768),
        ("granite-embedding:278m", "", "", 512),
        ("all-minilm", "", "", 256),
        ("paraphrase-multilingual", "", "", 128),
        ("jeffh/intfloat-multilingual-e5-large:f16", "query: ", "passage: ", 512),
        ("jeffh/intfloat-multilingual-e5-large-instruct", INSTRUCT + " ", "", 512),
    ],
)
def test_known_models_get_their_own_words(
    name: str, query: str, document: str, tokens: int
) -> None:
    assert prefixes_for(name) == Prefixes(query, document, tokens)
    assert is_embedding_model(name)


@pytest.mark.parametrize(
    "name",
    [
        "embeddinggemma:300m-qat-q8_0",
        "EmbeddingGemma",
        "library/embeddinggemma:latest",
        "hf.co/unsloth/embeddinggemma-300m-GGUF:Q8_0",
        "registry.example.org:5000/team/embeddinggemma",
    ],
)
def test_registry_namespace_tag_and_case_do_not_matter(name: str) -> None:
    assert prefixes_for(name).document_prefix == "title: none | text: "


@pytest.mark.parametrize(
    "name", ["gemma3", "nomic-embed-code", "bge-multilingual-gemma2", "moe5-large", "llama3.2"]
)
def test_unknown_models_get_no_words_and_no_limit(name: str) -> None:
    assert prefixes_for(name) == Prefixes()
    assert not is_embedding_model(name)


def test_the_base_name_is_what_all_spellings_share() -> None:
    assert base_name("hf.co/Qwen/Qwen3-Embedding-0.6B-GGUF:Q8_0") == "qwen3-embedding-0.6b-gguf"
