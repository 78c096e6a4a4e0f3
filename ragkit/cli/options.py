"""Options that several commands share, and what they stand for."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from ragkit.cli.output import print_status

if TYPE_CHECKING:
    from ragkit.cli.progress import PullBar
    from ragkit.models import OllamaSettings

Command = TypeVar("Command", bound=Callable[..., Any])


class AliasedOption(click.Option):
    """An option that also has names of earlier versions, which no help shows."""

    def __init__(self, names: Sequence[str], aliases: Sequence[str] = (), **settings: Any) -> None:
        super().__init__(names, **settings)
        self._aliases = aliases

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        shown = self.opts
        self.opts = [*shown, *self._aliases]
        try:
            super().add_to_parser(parser, ctx)
        finally:
            self.opts = shown


_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(?:([kmgt])(i?)b?|b|bytes)?", re.IGNORECASE)
_STORAGE_OPTIONS = "ragkit.storage_options"


def db(command: Command) -> Command:
    """Adds where the index is: the argument `db`, a path, or a `Location` where options for an
    object store are given."""
    named = click.option(
        "--db",
        metavar="PATH",
        callback=_locate,
        help="The index: a folder, or an address such as s3://bucket/notes. Default: RAGKIT_DB, "
        "else the nearest .ragkit folder.",
    )
    how = click.option(
        "--storage-option",
        multiple=True,
        metavar="KEY=VALUE",
        is_eager=True,
        expose_value=False,
        callback=_keep_storage_options,
        help="For object stores: endpoint, region, access_key_id, secret_access_key, allow_http, "
        "... Repeatable.  [default: the environment, such as AWS_ACCESS_KEY_ID]",
    )
    return named(how(command))


def _keep_storage_options(
    ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> None:
    pairs = [value.partition("=") for value in values]
    if not all(name.strip() and sign for name, sign, _ in pairs):
        raise click.BadParameter("write it as KEY=VALUE", param=parameter)
    ctx.meta[_STORAGE_OPTIONS] = tuple((name.strip(), value) for name, _, value in pairs)


def _locate(ctx: click.Context, _parameter: click.Parameter, value: str | None) -> Any:
    kept = ctx.meta.get(_STORAGE_OPTIONS)
    if not kept:
        return value
    from ragkit.types import StorageLocation

    return StorageLocation(value or "", kept)


wait = click.option(
    "--wait-seconds",
    cls=AliasedOption,
    aliases=["--wait"],
    type=click.FloatRange(min=0),
    default=0,
    metavar="SECONDS",
    help="Wait for another ragkit that is writing this index.",
)


def print_waiting(holder: str) -> None:
    """Says for whom a command waits."""
    print_status(f"waiting for {holder} ...")


as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
limit = click.option(
    "-k",
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many passages to take.",
)
exact = click.option(
    "--exact", is_flag=True, help="Compare every vector, also where an index is quicker."
)
per_document = click.option(
    "--per-document",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many passages one file may give.  [default: 4]",
)
keyword_weight = click.option(
    "--keyword-weight",
    type=click.FloatRange(min=0.0),
    metavar="W",
    help="Weight of exact words beside meaning; 0 is cosine similarity alone.  [default: 0.5]",
)

min_score = click.option(
    "--min-score",
    type=click.FloatRange(0.0, 1.0),
    metavar="X",
    help="The evidence, 0 to 1, below which there is no answer; 0 always answers.  [default: the "
    "index's own floor]",
)
supported_only = click.option(
    "--supported-only",
    cls=AliasedOption,
    aliases=["--strict"],
    is_flag=True,
    help="Leave out sentences that the passages do not support.",
)
rerank = click.option(
    "--rerank",
    metavar="MODEL",
    help="Let a chat model such as ollama/gemma3 read the first 20 passages and order them anew.  "
    "[default: off]",
)


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
        def with_settings(*arguments: Any, **given: Any) -> Any:
            from ragkit.cli.progress import PullBar

            bar = PullBar()
            taken = {name: given.pop(name) for name in names}
            try:
                return command(*arguments, ollama=_settings(bar, **taken), **given)
            finally:
                bar.close()

        wrapped: Any = with_settings
        for name in reversed(names):
            wrapped = _SERVER_OPTIONS[name](wrapped)
        return cast(Command, wrapped)

    return decorate


# How models on servers are reached, for commands that embed and chat, embed texts, embed a
# question, look at what is there, or look after one server.
ollama = _reaching("embed_host", "chat_host", "headers", "timeout", "no_pull")
ollama_embedding = _reaching("embed_host", "headers", "timeout", "no_pull")
ollama_query = _reaching("embed_host", "headers", "timeout")
ollama_reading = _reaching("embed_host", "chat_host", "headers", "timeout")
ollama_server = _reaching("host", "headers", "timeout")


def _settings(
    bar: PullBar,
    *,
    embed_host: str | None = None,
    chat_host: str | None = None,
    host: str | None = None,
    headers: tuple[str, ...] = (),
    timeout: float | None = None,
    no_pull: bool = False,
) -> OllamaSettings:
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
        on_pull=bar,
    )
    for address in filter(None, (settings.embed_host, settings.chat_host)):
        try:
            settings.host(address)
        except ValueError as error:
            raise click.BadParameter(str(error)) from error
    return settings


def question(name: str) -> Callable[[Command], Command]:
    """The QUESTION argument: refused when blank."""
    return click.argument(name, metavar=name.upper(), callback=_not_blank)


def _not_blank(_ctx: click.Context, parameter: click.Parameter, value: str) -> str:
    if not value.strip():
        raise click.BadParameter("it is empty; write what you are looking for", param=parameter)
    return value


def set_options(**options: Any) -> dict[str, Any]:
    """The options a person gave, without those left at None."""
    return {name: value for name, value in options.items() if value is not None}


class Size(click.ParamType[int]):
    """Bytes as people write them: 200MB, "1.5 GB", 4096. 1 MB is a million, 1 MiB 2^20."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        match = _SIZE.fullmatch(str(value).strip())
        if match is None:
            self.fail(f"{value!r} is no size; write it as 200MB or 1.5GB", param, ctx)
        factor = 1024 if match[3] else 1000
        size = int(float(match[1]) * factor ** "bkmgt".index((match[2] or "b").lower()))
        if size < 1:
            self.fail("a size is at least one byte", param, ctx)
        return size
