"""The embedded embedder: it reads the two data files inside wordllama's wheel, offline.

The package itself is never imported: its own loader uses the network, pads every batch to its
longest text and turns an empty text into NaN. A passage's vector is the mean of its tokens'
vectors, scaled to length 1 (a bag of words: word order does not matter).
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragkit.errors import ModelError, ModelNotFoundError
from ragkit.types import ModelIdentity

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ragkit.types import Vectors

_WEIGHTS = "weights/l2_supercat_256.safetensors"
_TOKENIZER = "tokenizers/l2_supercat_tokenizer_config.json"
_SHA256 = {
    _WEIGHTS: "64b47a2dc493cb8e85944076601189739852d7b64e0e1eedcb1937a251cd9fd5",
    _TOKENIZER: "93248f2a9ec36c7b35f700a033d5f36228aae48db61aee31007fa49062cdeb68",
}
_DIMENSION = 256
_BATCH_TOKENS = 200_000
_CACHED_WORDS = 200_000


class CachedTokenizer:
    """Token ids of texts, by a cache of words. The result is that of tokenizing each text whole.

    That is exact because no token of this vocabulary holds a space other than in front, a
    newline, two digits, or both letters and other characters ("²." aside): no merge reaches
    across the edge of a word. Most words of a corpus repeat, so this is several times faster.
    Picklable: the other process reads the tokenizer again.
    """

    _split = re.compile(r" *(?:[^\W\d_²]+|\d{1,3}|(?:[_²]|[^\w \n])+)|\n+| +").findall
    _split_ascii = re.compile(r" *(?:[A-Za-z]+|[0-9]{1,3}|[^A-Za-z0-9 \n]+)|\n+| +").findall

    def __init__(self) -> None:
        self._tokenizer: Any = None
        self._ids: dict[str, list[int]] = {}
        self._lengths: dict[str, int] = {}

    def __reduce__(self) -> tuple[type[CachedTokenizer], tuple[()]]:
        return (CachedTokenizer, ())

    def __call__(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text, 0 for an empty one."""
        words = self._words(texts)
        lengths = self._lengths
        return [sum(map(lengths.__getitem__, one)) for one in words]

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """The token ids of each text."""
        words = self._words(texts)
        ids = self._ids
        return [list(chain.from_iterable(map(ids.__getitem__, one))) for one in words]

    @classmethod
    def split(cls, text: str) -> list[str]:
        """The words of a text, each with the spaces in front of it."""
        # The ASCII pattern is the faster one: its character classes are plain sets.
        return cls._split_ascii(text) if text.isascii() else cls._split(text)

    def _words(self, texts: Sequence[str]) -> list[list[str]]:
        """The words of each text, all put into the cache."""
        if len(self._ids) > _CACHED_WORDS:
            self._ids.clear()
            self._lengths.clear()
        words = [self.split(" " + text) if text else [] for text in texts]
        missing = list(set(chain.from_iterable(words)).difference(self._ids))
        if missing:
            if self._tokenizer is None:
                self._tokenizer = _read_tokenizer()
            safe = [word.encode("utf-8", "replace").decode() for word in missing]
            encodings = self._tokenizer.encode_batch_fast(safe, add_special_tokens=False)
            self._ids.update((w, e.ids) for w, e in zip(missing, encodings, strict=True))
            self._lengths.update((word, len(self._ids[word])) for word in missing)
        return words


class WordLlamaEmbedder:
    """An `Embedder` that runs in this process, reads texts of any length, and needs no server.

    Raises `ModelNotFoundError` when the wheel's data files are missing, `ModelError` when they
    are other ones than those of this version.
    """

    name = "wordllama/l2_supercat_256"
    max_tokens: int | None = None

    def __init__(self) -> None:
        _data_file(_WEIGHTS)
        self.token_counter = CachedTokenizer()
        self._rows: npt.NDArray[np.float16] | None = None
        self._table: npt.NDArray[np.float32] | None = None

    @property
    def identity(self) -> ModelIdentity:
        return ModelIdentity(self.name, _DIMENSION, digest=_SHA256[_WEIGHTS][:12])

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """(n, 256) float32 of length 1, which do not depend on the other texts of the batch."""
        import numpy as np

        if self._table is None and len(texts) > 1:
            self._table = self._weights().astype(np.float32)
        vectors = np.zeros((len(texts), _DIMENSION), dtype=np.float32)
        for start in range(0, len(texts), 256):
            for row, ids in enumerate(self.token_counter.ids(texts[start : start + 256]), start):
                vectors[row] = self._mean(ids)
        return vectors

    def embed_query(self, text: str) -> Vectors:
        """(256,) float32 of length 1."""
        return self._mean(self.token_counter.ids([text])[0])

    def _mean(self, ids: list[int]) -> Vectors:
        import numpy as np

        if not ids:
            raise ValueError("a blank text has no vector")
        index = np.array(ids, dtype=np.int32)
        table = self._weights() if self._table is None else self._table
        # In batches, so that a text of millions of tokens needs no gigabytes.
        total = np.zeros(_DIMENSION, dtype=np.float32)
        for start in range(0, len(index), _BATCH_TOKENS):
            rows = table.take(index[start : start + _BATCH_TOKENS], axis=0)
            total += np.add.reduce(rows.astype(np.float32, copy=False), axis=0)
        norm = float(np.linalg.norm(total))
        if norm == 0:
            raise ValueError("a text without any known token has no vector")
        return total / np.float32(norm)

    def _weights(self) -> npt.NDArray[np.float16]:
        """(32000, 256) float16, mapped from the wheel's file, not read into memory."""
        import numpy as np

        if self._rows is None:
            path = _verified(_WEIGHTS)
            with path.open("rb") as file:
                header_bytes = int.from_bytes(file.read(8), "little")
                tensor = json.loads(file.read(header_bytes))["embedding.weight"]
            self._rows = np.memmap(
                path,
                dtype=np.float16,
                mode="r",
                offset=8 + header_bytes + tensor["data_offsets"][0],
                shape=tuple(tensor["shape"]),
            )
        return self._rows


def _read_tokenizer() -> Any:
    """The wheel's tokenizer without its leading-space rule: words bring their own space."""
    # Calls are many and small: threads cost more than they save.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from tokenizers import Tokenizer, normalizers

    tokenizer = Tokenizer.from_file(str(_verified(_TOKENIZER)))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.encode_special_tokens = True  # "</s>" in a document is text, not an instruction
    return tokenizer


def _data_file(name: str) -> Path:
    spec = importlib.util.find_spec("wordllama")
    for folder in spec.submodule_search_locations or () if spec else ():
        if (path := Path(folder) / name).is_file():
            return path
    raise ModelNotFoundError(
        "the embedded embedding model is not installed (wordllama has no wheel for this Python "
        "or platform); use Python 3.11 to 3.13, or Ollama: --embedder ollama/embeddinggemma"
    )


def _verified(name: str) -> Path:
    path = _data_file(name)
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != _SHA256[name]:
        raise ModelError(
            f"{path} is not the file this version of ragkit was built for; "
            'reinstall it: pip install --force-reinstall "wordllama==0.4.0.post1"'
        )
    return path
