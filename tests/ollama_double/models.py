"""The models of the double: names, windows, tokens, and the vectors and replies they give."""

from __future__ import annotations

import dataclasses
import hashlib
import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tests.ollama_double.loopback import Fault

if TYPE_CHECKING:
    from tests.ollama_double.server import OllamaDouble

_DEFAULT_WINDOW = 4096
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class DoubleModel:
    """One model. `loaded_limit` is the window it gets at most, whatever is asked for."""

    name: str
    capabilities: tuple[str, ...] = ("completion",)
    family: str = "llama"
    context_length: int = 32768
    dimension: int = 256
    num_ctx: int | None = None
    template: str = "{{ .Prompt }}"
    loaded_limit: int | None = None
    inline_thinking: bool = False
    system: str = ""
    revision: int = 1
    size: int = 274_290_656

    @property
    def digest(self) -> str:
        return hashlib.sha256(f"{self.name} {self.revision}".encode()).hexdigest()

    def changed(self, **changes: object) -> DoubleModel:
        return dataclasses.replace(self, revision=self.revision + 1, **changes)  # type: ignore[arg-type]

    @property
    def details(self) -> dict[str, object]:
        return {
            "parent_model": "",
            "format": "gguf",
            "family": self.family,
            "families": [self.family],
            "parameter_size": "300M",
            "quantization_level": "F16",
            "context_length": self.context_length,
            "embedding_length": self.dimension,
        }


def default_models() -> list[DoubleModel]:
    """One embedding model with prefixes, one with a small window, and two chat models."""
    return [
        DoubleModel("embeddinggemma:latest", ("embedding",), "gemma3", 2048),
        DoubleModel("all-minilm:latest", ("embedding",), "bert", 512, num_ctx=256),
        DoubleModel("gemma3:latest", ("completion", "vision"), "gemma3", 131072),
        DoubleModel("qwen3:latest", ("completion", "tools", "thinking"), "qwen3", 40960),
    ]


def embed_text(text: str, dimension: int) -> list[float]:
    """A hashed bag of words of length 1. Word order does not count, case does not either."""
    vector = [0.0] * dimension
    for word in _WORD.findall(text.lower()) or [text]:
        place, sign = _place(word)
        vector[place % dimension] += sign
    length = math.sqrt(sum(value * value for value in vector))
    if not length:  # two words that cancel each other out
        vector[0] = length = 1.0
    return [value / length for value in vector]


@lru_cache(maxsize=100_000)
def _place(word: str) -> tuple[int, float]:
    digest = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest[:7], "big"), 1.0 if digest[7] % 2 else -1.0


_PASSAGE = re.compile(r"^Passage (\d+)\n(`{3,})\n(.*?)\n\2$", re.MULTILINE | re.DOTALL)
_QUESTION = re.compile(r"^Question: (.*)", re.MULTILINE | re.DOTALL)
_DULL = frozenset(_WORD.findall("a an and are at by for how in is it of on or the to was what who"))


def reply_to(prompt: str) -> str:
    """Two sentences of the passages at most that share most words with the question, cited.

    A prompt without passages is answered with its own last line.
    """
    passages = [(int(found[1]), found[3]) for found in _PASSAGE.finditer(prompt)]
    if not passages:
        return "You said: " + (prompt.strip().splitlines() or ["nothing"])[-1]
    question = _QUESTION.search(prompt)
    asked = set(_WORD.findall((question[1] if question else "").lower())) - _DULL
    scored = [
        (len(asked & set(_WORD.findall(sentence.lower()))), number, sentence)
        for number, text in passages
        for sentence in re.split(r"(?<=[.!?])\s+|\n\s*\n", text.partition("\n\n")[2])
    ]
    best = sorted((s for s in scored if s[0]), key=lambda scores: -scores[0])[:2]
    if not best:
        return "The passages do not answer this question."
    return " ".join(
        f"{' '.join(sentence.split()).rstrip('.')} [{number}]." for _, number, sentence in best
    )


def version_of(double: OllamaDouble) -> tuple[int, ...]:
    return tuple(int(number) for number in double.version.split(".")[:3])


def key_of(name: str) -> str:
    name = name.lower()
    return name if ":" in name else f"{name}:latest"


def model_of(double: OllamaDouble, body: dict[str, Any], text: str) -> DoubleModel:
    name = body.get("model") or body.get("name")
    if not name:
        raise Fault(400, "model is required")
    model = double.models.get(key_of(name))
    if model is None:
        raise Fault(404, text.format(name))
    return model


def window_of(model: DoubleModel, options: dict[str, Any]) -> int:
    wanted = options.get("num_ctx") or model.num_ctx or _DEFAULT_WINDOW
    return min(wanted, model.context_length, model.loaded_limit or wanted)


def tokens(double: OllamaDouble, text: str) -> int:
    return math.ceil(len(text.encode()) / double.bytes_per_token) + 2


def load(double: OllamaDouble, model: DoubleModel, body: dict[str, Any]) -> None:
    """Loads the model unless it is loaded with these very options; `keep_alive` 0 unloads."""
    options = body.get("options") or {}
    reloading = ("num_ctx", "num_batch", "num_gpu", "num_thread", "use_mmap")
    wanted = tuple(sorted((key, options[key]) for key in reloading if key in options))
    if double.loaded.get(model.name) != wanted:
        double.loads.append(model.name)
        double.loaded[model.name] = wanted
    if body.get("keep_alive") == 0:
        del double.loaded[model.name]
        double.zeros = {words: passing for words, passing in double.zeros.items() if not passing}
