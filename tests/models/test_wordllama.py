from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragkit.models.wordllama import CachedTokenizer, WordLlamaEmbedder, _data_file

EMBEDDER = WordLlamaEmbedder()
TEXTS = [
    "Every quarter one server is restored from its backup.",
    "foo_bar.baz() -> C++ ERR-4012 v2.3.1 100,000 x² 5².",
    "    indented\n\n\tcode = 'a'\n  # comment   with   runs",
    "全文検索 and Ünïcödé naïve café — “quotes” …",
    "<s>special</s> tokens <unk> are text",
    "🎉🎉 emoji \u200d joined \x00 nul",
]


@pytest.fixture(scope="module")
def reference() -> object:
    """The tokenizer as the wheel ships it, tokenizing whole texts."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(_data_file("tokenizers/l2_supercat_tokenizer_config.json")))
    tokenizer.encode_special_tokens = True
    return tokenizer


@settings(max_examples=300)
@given(text=st.one_of(st.text(), st.lists(st.sampled_from(TEXTS)).map(" ".join)))
def test_tokens_by_words_are_the_tokens_of_the_whole_text(reference: object, text: str) -> None:
    text = text.encode("utf-8", "ignore").decode()
    expected = reference.encode(text, add_special_tokens=False).ids  # type: ignore[attr-defined]
    assert EMBEDDER.token_counter.ids([text]) == [expected]


def test_no_token_of_the_vocabulary_reaches_across_a_piece() -> None:
    tokenizer = json.loads(
        _data_file("tokenizers/l2_supercat_tokenizer_config.json").read_text(encoding="utf-8")
    )
    special = {token["content"] for token in tokenizer["added_tokens"]}
    for token in tokenizer["model"]["vocab"]:
        if token not in special and not token.startswith("<0x"):
            assert len(CachedTokenizer.split(token.replace("▁", " "))) == 1, token


def test_vectors_equal_those_of_the_package() -> None:
    # In a process of its own: the package configures logging when it is imported.
    program = (
        "import json, sys, pathlib, wordllama\n"
        "home = pathlib.Path(wordllama.__file__).parent\n"
        "model = wordllama.WordLlama.load(cache_dir=home, disable_download=True)\n"
        "texts = json.load(sys.stdin)\n"
        "print(json.dumps(model.embed(texts, norm=True).tolist()))\n"
    )
    texts = [text for text in TEXTS if "<s>" not in text]
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=True,
    )
    expected = np.array(json.loads(done.stdout), dtype=np.float32)
    assert np.abs(EMBEDDER.embed_documents(texts) - expected).max() < 1e-6


def test_a_vector_does_not_depend_on_its_batch() -> None:
    together = EMBEDDER.embed_documents(TEXTS)
    alone = np.concatenate([EMBEDDER.embed_documents([text]) for text in TEXTS])
    assert np.array_equal(together, alone)
    assert np.array_equal(EMBEDDER.embed_query(TEXTS[0]), together[0])


def test_vectors_have_length_one_and_near_texts_are_near() -> None:
    vectors = EMBEDDER.embed_documents(
        ["How often are backups tested?", "Backups are tested monthly.", "The cat ate the fish."]
    )
    assert vectors.dtype == np.float32
    assert vectors.shape == (3, 256)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.2


def test_a_long_text_is_linear_in_memory() -> None:
    vector = EMBEDDER.embed_documents(["word " * 300_000])[0]
    assert np.allclose(vector, EMBEDDER.embed_query("word word"), atol=0.05)


@pytest.mark.parametrize("text", [pytest.param("", id="empty")])
def test_an_empty_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="blank"):
        EMBEDDER.embed_query(text)


def test_a_lone_surrogate_does_not_stop_a_batch() -> None:
    assert np.isfinite(EMBEDDER.embed_documents(["a\udcffb", "c"])).all()


def test_the_counter_can_be_sent_to_another_process() -> None:
    counter = pickle.loads(pickle.dumps(EMBEDDER.token_counter))
    assert counter(TEXTS) == EMBEDDER.token_counter(TEXTS)
    assert counter([""]) == [0]


def test_the_package_itself_is_never_imported() -> None:
    program = (
        "import sys; from ragkit.models.wordllama import WordLlamaEmbedder; "
        "WordLlamaEmbedder().embed_query('x'); sys.exit('wordllama' in sys.modules)"
    )
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", program], cwd=root, check=False).returncode == 0
