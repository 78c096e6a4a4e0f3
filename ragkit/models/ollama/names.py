"""How Ollama spells the names of models."""

from __future__ import annotations


def model_of(name: str) -> str:
    """`ollama/gemma3:latest` and `gemma3` -> `gemma3`, the name to ask the server for.

    Raises `ValueError` for a name that is empty or holds blanks.
    """
    model = name.strip().removeprefix("ollama/")
    if not model or model != "".join(model.split()):
        raise ValueError(f"{name!r} is no name of a model; write it like ollama/embeddinggemma")
    return model.removesuffix(":latest")


def same_model(one: str, other: str) -> bool:
    """Whether the server takes both names for one model: case and `:latest` do not count."""
    return one.lower().removesuffix(":latest") == other.lower().removesuffix(":latest")


def runs_in_cloud(model: str) -> bool:
    """Whether a local server passes this model's calls on to Ollama's service."""
    tag = model.lower().partition(":")[2]
    return tag == "cloud" or tag.endswith("-cloud")
