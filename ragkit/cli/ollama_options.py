"""Options that say how models on servers are reached, and which chat model is asked."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from ragkit.cli.options import AliasedOption, gather

if TYPE_CHECKING:
    from ragkit.cli.progress import PullBar
    from ragkit.models import OllamaSettings

Command = TypeVar("Command", bound=Callable[..., Any])


def model(command: Command) -> Command:
    """Adds which chat model is asked, and how: the arguments `model` and `model_options`."""
    named = click.option(
        "--model",
        metavar="NAME",
        help="The chat model, such as gemma3; 'none' quotes the documents instead.  "
        "[default: RAGKIT_CHAT_MODEL, else one that Ollama has]",
    )
    return named(model_options(command))


def _parse_model_options(
    _ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> dict[str, Any]:
    if not values:
        return {}
    from ragkit.models.ollama import parse_options

    try:
        return dict(parse_options(values))
    except ValueError as error:
        raise click.BadParameter(str(error), param=parameter) from error


model_options = click.option(
    "--model-option",
    "model_options",
    cls=AliasedOption,
    aliases=["--option"],
    multiple=True,
    metavar="KEY=VALUE",
    callback=_parse_model_options,
    help="Of the model: temperature, top_p, top_k, num_predict, stop, seed, num_ctx. Repeatable.",
)


_SERVER_OPTIONS = {
    "embed_host": click.option(
        "--embed-host",
        metavar="URL",
        help="The Ollama server for embeddings.  [default: OLLAMA_HOST, else this machine]",
    ),
    "chat_host": click.option(
        "--chat-host", metavar="URL", help="The Ollama server for chat; as above."
    ),
    "host": click.option(
        "--host",
        metavar="URL",
        help="The Ollama server.  [default: OLLAMA_HOST, else this machine]",
    ),
    "headers": click.option(
        "--header",
        "headers",
        multiple=True,
        metavar="NAME=VALUE",
        help="Sent with every request to the hosts named here, or to OLLAMA_HOST when none is. "
        "Repeatable.",
    ),
    "timeout": click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True),
        metavar="SECONDS",
        help="The longest wait for the next bytes of a server.",
    ),
    "no_pull": click.option(
        "--no-pull", is_flag=True, help="Never download a model that is missing."
    ),
}


def _reaching(*names: str) -> Callable[[Command], Command]:
    """A decorator that adds these options, of which the command gets one argument, `ollama`."""

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def with_bar(*arguments: Any, ollama: OllamaSettings, **values: Any) -> Any:
            try:
                return command(*arguments, ollama=ollama, **values)
            finally:
                cast("PullBar", ollama.on_pull).close()

        options = {name: _SERVER_OPTIONS[name] for name in names}
        return cast(Command, gather("ollama", options, lambda given: _settings(**given))(with_bar))

    return decorate


# How models on servers are reached, for commands that embed and chat, embed texts, embed a
# question, look at what is there, or look after one server.
ollama = _reaching("embed_host", "chat_host", "headers", "timeout", "no_pull")
ollama_embedding = _reaching("embed_host", "headers", "timeout", "no_pull")
ollama_query = _reaching("embed_host", "headers", "timeout")
ollama_reading = _reaching("embed_host", "chat_host", "headers", "timeout")
ollama_server = _reaching("host", "headers", "timeout")


def _settings(
    *,
    embed_host: str | None = None,
    chat_host: str | None = None,
    host: str | None = None,
    headers: tuple[str, ...] = (),
    timeout: float | None = None,
    no_pull: bool = False,
) -> OllamaSettings:
    from ragkit.cli.progress import PullBar
    from ragkit.models import OllamaSettings

    pairs = [header.partition("=") for header in headers]
    for name, sign, _ in pairs:
        if not name.strip() or not sign:
            raise click.BadParameter("write it as NAME=VALUE", param_hint="--header")
    settings = OllamaSettings(
        embed_host=embed_host or host,
        chat_host=chat_host or host,
        headers=tuple((name.strip(), value) for name, _, value in pairs),
        timeout_seconds=timeout,
        pull=not no_pull,
        on_pull=PullBar(),
    )
    for address in filter(None, (settings.embed_host, settings.chat_host)):
        try:
            settings.host(address)
        except ValueError as error:
            raise click.BadParameter(str(error)) from error
    return settings
