"""POST /api/chat of the double: window, silent cuts, thinking, streams."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tests.ollama_double.loopback import Dropped, Fault
from tests.ollama_double.models import (
    DoubleModel,
    load,
    model_of,
    reply_to,
    tokens,
    version_of,
    window_of,
)

if TYPE_CHECKING:
    from tests.ollama_double.server import OllamaDouble

_THEN = "2026-11-20T10:00:00.123456789Z"
_HONOURS_TRUNCATE = (0, 12, 4)
_THOUGHT = "Let me see what the passages say. "


def chat(double: OllamaDouble, body: dict[str, Any]) -> Any:
    """POST /api/chat."""
    model = model_of(double, body, "model '{}' not found")
    if "completion" not in model.capabilities:
        raise Fault(400, f'"{body["model"]}" does not support chat')
    if body.get("think") and "thinking" not in model.capabilities:
        raise Fault(400, f'"{body["model"]}" does not support thinking')
    load(double, model, body)
    messages = body.get("messages") or []
    if not messages:
        reason = "unload" if body.get("keep_alive") == 0 else "load"
        return {**_part(body), "done": True, "done_reason": reason}
    prompt, prompt_tokens = _fit(double, model, body, messages)
    double.prompts.append(prompt)
    parts = list(_parts(double, model, body, prompt, prompt_tokens))
    if body.get("stream", True):
        return _stream(double, parts)
    messages = [part["message"] for part in parts]
    text = "".join(message["content"] for message in messages)
    thinking = "".join(message.get("thinking", "") for message in messages)
    return {**parts[-1], **_part(body, text, thinking)}


def _fit(
    double: OllamaDouble, model: DoubleModel, body: dict[str, Any], messages: list[dict[str, Any]]
) -> tuple[str, int]:
    """The prompt that reaches the model, and its tokens; cut without a word where the server
    would do so."""
    window = window_of(model, body.get("options") or {})
    kept = list(messages)

    def count() -> int:
        return sum(tokens(double, message.get("content") or "") for message in kept)

    if count() > window:
        honours = version_of(double) >= _HONOURS_TRUNCATE
        if honours and body.get("truncate") is False:
            raise Fault(400, _overflow(double, count(), window))
        while count() > window:
            old = next((m for m in kept[:-1] if m["role"] != "system"), None)
            if old is None:
                break
            kept.remove(old)
    prompt = "\n\n".join(message.get("content") or "" for message in kept)
    if count() <= window:
        return prompt, count()
    left = int((window // 2) * double.bytes_per_token)
    return prompt.encode()[-left:].decode(errors="ignore"), window // 2 + 2


def _overflow(double: OllamaDouble, counted: int, window: int) -> str:
    if double.overflow_text is not None:
        return double.overflow_text
    return json.dumps(
        {
            "error": {
                "code": 400,
                "message": f"request ({counted} tokens) exceeds the available context size "
                f"({window} tokens), try increasing it",
                "type": "exceed_context_size_error",
                "n_prompt_tokens": counted,
                "n_ctx": window,
            }
        }
    )


def _parts(
    double: OllamaDouble,
    model: DoubleModel,
    body: dict[str, Any],
    prompt: str,
    prompt_tokens: int,
) -> Iterator[dict[str, Any]]:
    text = double.scripted.popleft() if double.scripted else reply_to(prompt)
    if model.inline_thinking:
        text = f"<think>{_THOUGHT}</think>\n\n{text}"
    thinks = "thinking" in model.capabilities and body.get("think", True) is not False
    words = re.findall(r"\S+\s*|\s+", _THOUGHT if thinks else "")
    thoughts = len(words)
    words += re.findall(r"\S+\s*|\s+", text)
    limit = (body.get("options") or {}).get("num_predict", -1)
    finish = "length" if 0 <= limit < len(words) else "stop"
    words = words[:limit] if limit >= 0 else words
    for place, word in enumerate(words):
        part = _part(body, "", word) if place < thoughts else _part(body, word)
        yield {**part, "done": False}
    yield {
        **_part(body),
        "done": True,
        "done_reason": finish,
        "total_duration": 1_000_000,
        "load_duration": 1000,
        "prompt_eval_count": prompt_tokens,
        "prompt_eval_duration": 1000,
        "eval_count": len(words),
        "eval_duration": 1000,
    }


def _part(body: dict[str, Any], text: str = "", thinking: str = "") -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    if thinking:
        message["thinking"] = thinking
    return {"model": body["model"], "created_at": _THEN, "message": message}


def _stream(double: OllamaDouble, parts: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for place, part in enumerate(parts):
        if place == 1 and double.stream_fault == "drop":
            raise Dropped
        if place == 1 and double.stream_fault == "error":
            yield {"error": "model runner has unexpectedly stopped"}
            return
        if place == double.pause_after:
            double.flowing.wait()
        if not (part["done"] and double.stream_fault == "no done"):
            yield part
