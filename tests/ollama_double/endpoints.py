"""What each endpoint of the Ollama double answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tests.ollama_double.chat import chat
from tests.ollama_double.loopback import Dropped, Fault, Plain
from tests.ollama_double.models import (
    DoubleModel,
    embed_text,
    key_of,
    load,
    model_of,
    tokens,
    version_of,
    window_of,
)

if TYPE_CHECKING:
    from tests.ollama_double.server import OllamaDouble

_THEN = "2026-11-20T10:00:00.123456789Z"
_EOF = 'do embedding request: Post "http://127.0.0.1:4242/embedding": EOF'
_TOO_LONG = "the input length exceeds the context length"
_BATCH_TOKENS = 2048


def answer(double: OllamaDouble, method: str, path: str, body: dict[str, Any]) -> Any:
    """The reply of the endpoint, or raises `Fault` or `Dropped`."""
    endpoints = _ENDPOINTS.get(path)
    if endpoints is None or (path == "/api/embed" and version_of(double) < (0, 3, 4)):
        return Plain("404 page not found", 404)
    if method not in endpoints:
        return Plain("405 method not allowed", 405)
    return endpoints[method](double, body)


# ---------------------------------------------------------------- models


def _tags(double: OllamaDouble, _: dict[str, Any]) -> dict[str, Any]:
    return {
        "models": [
            {
                "name": model.name,
                "model": model.name,
                "modified_at": _THEN,
                "size": model.size,
                "digest": model.digest,
                "details": model.details,
                "capabilities": list(model.capabilities),
            }
            for model in double.models.values()
        ]
    }


def _ps(double: OllamaDouble, _: dict[str, Any]) -> dict[str, Any]:
    return {
        "models": [
            {
                "name": name,
                "model": name,
                "size": double.models[name].size,
                "digest": double.models[name].digest,
                "details": double.models[name].details,
                "expires_at": _THEN,
                "size_vram": 0,
                "context_length": window_of(double.models[name], dict(options)),
            }
            for name, options in double.loaded.items()
        ]
    }


def _show(double: OllamaDouble, body: dict[str, Any]) -> dict[str, Any]:
    model = model_of(double, body, "model '{}' not found")
    reply = {
        "license": "Apache License",
        "modelfile": f"FROM {model.name}",
        "parameters": f"num_ctx                        {model.num_ctx}" if model.num_ctx else "",
        "template": model.template,
        "details": model.details,
        "model_info": {
            "general.architecture": model.family,
            f"{model.family}.context_length": model.context_length,
            f"{model.family}.embedding_length": model.dimension,
        },
        "modified_at": _THEN,
    }
    if version_of(double) >= (0, 6, 4):
        reply["capabilities"] = list(model.capabilities)
    return reply


def _pull(double: OllamaDouble, body: dict[str, Any]) -> Any:
    return _progress(body, _pull_steps(double, body["model"]))


def _pull_steps(double: OllamaDouble, name: str) -> Iterator[dict[str, Any]]:
    yield {"status": "pulling manifest"}
    model = double.library.get(key_of(name)) or double.models.get(key_of(name))
    if model is None:
        yield {"error": "pull model manifest: file does not exist"}
        return
    layer = {"status": f"pulling {model.digest[:12]}", "digest": f"sha256:{model.digest}"}
    yield {**layer, "total": model.size}
    for quarter in (1, 2, 3, 4):
        yield {**layer, "total": model.size, "completed": model.size * quarter // 4}
    yield {"status": "verifying sha256 digest"}
    yield {"status": "writing manifest"}
    double.models[key_of(name)] = model
    yield {"status": "success"}


def _create(double: OllamaDouble, body: dict[str, Any]) -> Any:
    if not body.get("from") and not body.get("files"):
        raise Fault(400, "neither 'from' or 'files' was specified")
    base = model_of(double, {"model": body.get("from")}, "model '{}' not found")
    return _progress(body, _create_steps(double, body, base))


def _create_steps(
    double: OllamaDouble, body: dict[str, Any], base: DoubleModel
) -> Iterator[dict[str, Any]]:
    yield {"status": f"using existing layer sha256:{base.digest}"}
    yield {"status": "writing manifest"}
    parameters = body.get("parameters") or {}
    key = key_of(body["model"])
    double.models[key] = base.changed(
        name=key, num_ctx=parameters.get("num_ctx", base.num_ctx), system=body.get("system") or ""
    )
    yield {"status": "success"}


def _progress(body: dict[str, Any], steps: Iterator[dict[str, Any]]) -> Any:
    if body.get("stream", True):
        return steps
    last: dict[str, Any] = {}
    for last in steps:
        if "error" in last:
            raise Fault(500, last["error"])
    return last


def _delete(double: OllamaDouble, body: dict[str, Any]) -> Plain:
    model_of(double, body, "model '{}' not found")
    del double.models[key_of(body["model"])]
    return Plain()


# ---------------------------------------------------------------- embedding


def _embed(double: OllamaDouble, body: dict[str, Any]) -> Any:
    if double.slow_texts is not None and len(body.get("input") or []) > double.slow_texts:
        double.closing.wait()
        raise Dropped
    model = model_of(double, body, 'model "{}" not found, try pulling it first')
    if "embedding" not in model.capabilities:
        raise Fault(501, "This server does not support embeddings. Start it with `--embeddings`")
    texts = body.get("input") or []
    texts = [texts] if isinstance(texts, str) else texts
    if not all(isinstance(text, str) for text in texts):
        raise Fault(400, "invalid input type")
    if double.fixed_vectors and texts:
        return _fixed_vectors(model.dimension, len(texts))
    with double.runner:
        load(double, model, body)
        if not texts:
            return {"model": body["model"], "embeddings": []}
        texts = [_cut_to_window(double, model, body, text) for text in texts]
        vectors: Any = [_vector(double, model, text, body.get("dimensions")) for text in texts]
    return {
        "model": body["model"],
        "embeddings": vectors if double.mangle is None else double.mangle(vectors),
        "total_duration": 1_000_000,
        "load_duration": 1000,
        "prompt_eval_count": sum(tokens(double, text) for text in texts),
    }


def _cut_to_window(
    double: OllamaDouble, model: DoubleModel, body: dict[str, Any], text: str
) -> str:
    """The text as the runner gets it, or the failure of the whole batch."""
    if any(words in text for words in double.crashing):
        raise Fault(400, _EOF)
    if any(words in text for words in double.nan):
        raise Fault(400, "embedding contains NaN or Inf values")
    if not text.strip():
        raise Fault(400, "input exceeds maximum context length and cannot be truncated further")
    options = body.get("options") or {}
    limit = min(window_of(model, options), options.get("num_batch", _BATCH_TOKENS))
    if tokens(double, text) <= limit:
        return text
    if body.get("truncate", True) or double.ignores_truncate:
        return text.encode()[: int((limit - 2) * double.bytes_per_token)].decode(errors="ignore")
    raise Fault(400, _TOO_LONG)


def _vector(
    double: OllamaDouble, model: DoubleModel, text: str, dimensions: int | None
) -> list[float]:
    size = min(dimensions or model.dimension, model.dimension)
    if any(words in text for words in double.zeros):
        return [0.0] * size
    return embed_text(text, size)


@lru_cache
def _fixed_vectors(dimension: int, texts: int) -> Plain:
    """A reply that costs nothing: the same vector for every text, written out once."""
    vector = json.dumps(embed_text("one vector for every text " * 40, dimension))
    vectors = ",".join([vector] * texts)
    return Plain(f'{{"model":"fixed","embeddings":[{vectors}]}}', content_type="application/json")


_ENDPOINTS: dict[str, dict[str, Any]] = {
    "/": dict.fromkeys(("GET", "HEAD"), lambda *_: Plain("Ollama is running")),
    "/api/version": {"GET": lambda double, _: {"version": double.version}},
    "/api/tags": {"GET": _tags},
    "/api/ps": {"GET": _ps},
    "/api/show": {"POST": _show},
    "/api/pull": {"POST": _pull},
    "/api/create": {"POST": _create},
    "/api/delete": {"DELETE": _delete},
    "/api/embed": {"POST": _embed},
    "/api/chat": {"POST": chat},
}
