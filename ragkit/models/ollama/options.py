"""The options that may be set for a chat model, and their checks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Option = float | int | list[str]

# The type and the bounds, both included, of each option that is a number.
_NUMBERS: dict[str, tuple[type[int] | type[float], float, float]] = {
    "temperature": (float, 0, 10),
    "top_p": (float, 0, 1),
    "top_k": (int, 0, 1_000_000),
    "num_predict": (int, 1, 1_000_000),
    "seed": (int, -(2**63), 2**63 - 1),
    "num_ctx": (int, 256, 100_000_000),
}
ALLOWED_OPTIONS = (*_NUMBERS, "stop")


def parse_option(text: str) -> tuple[str, Option]:
    """`temperature=0.2` -> ("temperature", 0.2).

    Raises `ValueError` naming what is allowed.
    """
    key, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"{text!r} is no option; write it like temperature=0.2")
    key = key.strip()
    return key, _check_value(key, value)


def parse_options(texts: Iterable[str]) -> dict[str, Option]:
    """All of `texts` together; several `stop=` add up, of any other key the last value counts."""
    options: dict[str, Option] = {}
    for text in texts:
        key, value = parse_option(text)
        earlier = options.get(key)
        if isinstance(earlier, list) and isinstance(value, list):
            value = earlier + value
        options[key] = value
    return options


def check_options(options: Mapping[str, object]) -> dict[str, Option]:
    """`options`, each value in the type that Ollama wants.

    Raises `ValueError` naming what is allowed.
    """
    return {key: _check_value(key, value) for key, value in options.items()}


def _check_value(key: str, value: object) -> Option:
    if key == "stop":
        return _check_texts(value)
    if key not in _NUMBERS:
        raise ValueError(f"no option {key!r}; there are {', '.join(ALLOWED_OPTIONS)}")
    kind, low, high = _NUMBERS[key]
    noun = "a whole number" if kind is int else "a number"
    try:
        number = kind(value) if isinstance(value, str) else value
    except ValueError:
        number = None
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise ValueError(f"{key} must be {noun}, not {value!r}")
    if not low <= number <= high or (kind is int and number != int(number)):
        raise ValueError(f"{key} must be {noun} from {low} to {high}, not {value!r}")
    return kind(number)


def _check_texts(value: object) -> list[str]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or not all(isinstance(t, str) and t for t in texts):
        raise ValueError(f"stop must be one or more texts, not {value!r}")
    return [text for text in texts if isinstance(text, str)]
