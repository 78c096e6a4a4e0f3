"""ragkit models"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from ragkit.cli import ollama_options, options
from ragkit.cli.output import file_size, print_json, print_line, print_status, safe_line

if TYPE_CHECKING:
    from ragkit.models import OllamaSettings
    from ragkit.models.ollama import InstalledModel, ModelDetails, OllamaModels, PullProgress


@click.group(short_help="Look after the models of Ollama.")
def command() -> None:
    """List, inspect, download, make and delete the models of an Ollama server.

    \b
    Examples:
      ragkit models list
      ragkit models pull embeddinggemma
      ragkit models create brief --from gemma3 --system "Answer in one sentence."
    """


def _model_name(_ctx: click.Context, parameter: click.Parameter, value: str) -> str:
    """`ollama/gemma3:latest` -> `gemma3`: the name as the server is asked for it."""
    from ragkit.models.ollama.library import parse_model_name

    try:
        return parse_model_name(value)
    except ValueError as error:
        raise click.BadParameter(str(error), param=parameter) from error


_name = click.argument("name", callback=_model_name)


@command.command("list", short_help="What is installed.")
@ollama_options.ollama_server
@options.as_json
def list_command(ollama: OllamaSettings, as_json: bool) -> None:
    """The models that are installed, newest first, with their sizes."""
    models = _models(ollama)
    installed = models.list_models()
    loaded = {model.name: model.context_tokens for model in _loaded(models)}
    if as_json:
        rows = [
            {**asdict(m), "loaded": m.name in loaded, "loaded_context": loaded.get(m.name)}
            for m in installed
        ]
        print_json({"host": models.host.url, "models": rows})
        return
    if not installed:
        print_status(
            f"no models at {models.host.url}; get one with: ragkit models pull embeddinggemma"
        )
        return
    table = [("NAME", "SIZE", "PARAMETERS", "MODIFIED", "LOADED")]
    table += [_row(model, loaded) for model in installed]
    widths = [max(len(row[column]) for row in table) for column in range(5)]
    for row in table:
        cells = zip(row, widths, strict=True)
        print_line("  ".join(f"{cell:<{width}}" for cell, width in cells).rstrip())


def _row(model: InstalledModel, loaded: dict[str, int | None]) -> tuple[str, str, str, str, str]:
    window = loaded.get(model.name)
    shown = f"{window:,} tokens" if window else "yes" if model.name in loaded else ""
    kind = " ".join(part for part in (model.parameters, model.quantization) if part)
    size = file_size(model.size) if model.size else ""  # models of the cloud have none
    return safe_line(model.name), size, safe_line(kind), model.modified[:10], shown


def _loaded(models: OllamaModels) -> Any:
    from ragkit.errors import ModelError

    try:
        return models.loaded_models()
    except ModelError:  # the cloud has no such list; what is installed is known all the same
        return ()


@command.command("show", short_help="What a model is and can do.")
@_name
@ollama_options.ollama_server
@options.as_json
def show_command(name: str, ollama: OllamaSettings, as_json: bool) -> None:
    """What a model is and can do."""
    models = _models(ollama)
    details = models.show_model(name)
    installed = models.find_model(name)
    if as_json:
        kept = {"digest": installed.digest, "size": installed.size} if installed else {}
        print_json({"host": models.host.url, **asdict(details), **kept})
        return
    print_line(safe_line(name), bold=True)
    for label, value in _facts(details, installed):
        if value:
            print_line(f"  {label:<13}{safe_line(value)}")


def _facts(
    details: ModelDetails, installed: InstalledModel | None
) -> Iterator[tuple[str, str | None]]:
    from ragkit.models.prefixes import prefixes_for

    yield "can do", ", ".join(details.capabilities or ("not said by this version of Ollama",))
    yield "parameters", " ".join(p for p in (details.parameters, details.quantization) if p)
    yield "family", details.family
    yield "size", file_size(installed.size) if installed and installed.size else None
    yield "digest", installed.digest if installed else None
    window = details.context_tokens
    yield "context", f"{window:,} tokens" if window else None
    yield (
        "num_ctx",
        f"{details.num_ctx:,} tokens, set by its Modelfile" if details.num_ctx else None,
    )
    if details.can_embed:
        prompts = prefixes_for(details.name)
        yield "dimension", str(details.embedding_dimension or "")
        yield "questions", f"begin with {prompts.query_prefix!r}" if prompts.query_prefix else None
        prefix = prompts.document_prefix
        yield "passages", f"begin with {prefix!r}" if prefix else None


@command.command("pull", short_help="Download a model.")
@_name
@ollama_options.ollama_server
@options.as_json
def pull_command(name: str, ollama: OllamaSettings, as_json: bool) -> None:
    """Download a model. A download that was stopped goes on where it was."""
    models = _models(ollama)
    _follow(ollama, models.pull_model(name))
    _print_installed(models, name, as_json)


@command.command("create", short_help="Make a model of another one.")
@_name
@click.option("--from", "base", required=True, metavar="BASE", help="The model it is made of.")
@click.option("--system", required=True, metavar="TEXT", help="Its system message.")
@ollama_options.model_options
@ollama_options.ollama_server
@options.as_json
def create_command(
    name: str,
    base: str,
    system: str,
    model_options: dict[str, object],
    ollama: OllamaSettings,
    as_json: bool,
) -> None:
    """Make a model of another one, with a system message and options of its own.

    \b
    Example:
      ragkit models create brief --from gemma3 --system "Answer in one sentence." \\
        --option temperature=0
    """
    models = _models(ollama)
    steps = models.create_model(name, base=base, system=system, parameters=model_options)
    _follow(ollama, steps)
    _print_installed(models, name, as_json)


@command.command("delete", short_help="Delete a model.")
@_name
@ollama_options.ollama_server
@options.as_json
def delete_command(name: str, ollama: OllamaSettings, as_json: bool) -> None:
    """Delete a model from the server's disk."""
    models = _models(ollama)
    models.delete_model(name)
    if as_json:
        print_json({"host": models.host.url, "name": name, "deleted": True})
    else:
        print_line(f"deleted {safe_line(name)} from {models.host.url}")


def _models(ollama: OllamaSettings) -> OllamaModels:
    from ragkit.models.ollama import OllamaModels

    return OllamaModels(ollama.host(ollama.embed_host))


def _follow(ollama: OllamaSettings, steps: Iterator[PullProgress]) -> None:
    for step in steps:
        if ollama.on_pull is not None:
            ollama.on_pull(step)


def _print_installed(models: OllamaModels, name: str, as_json: bool) -> None:
    """What a download or a creation has left on the server."""
    installed = models.find_model(name)
    if as_json:
        kept = asdict(installed) if installed else {"name": name}
        print_json({"host": models.host.url, **kept})
        return
    size = f" ({file_size(installed.size)})" if installed and installed.size else ""
    print_line(f"{safe_line(name)}{size} is ready at {models.host.url}")
