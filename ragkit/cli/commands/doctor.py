"""ragkit doctor"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ragkit.cli import ollama_options, options
from ragkit.cli.output import file_size, plain, print_json, print_line, safe_line

if TYPE_CHECKING:
    from ragkit.doctor import ServerReport
    from ragkit.models import OllamaSettings
    from ragkit.types import StorageLocation

_COLOURS = {"ok": "green", "note": "yellow", "trouble": "red"}
_INDENT = " " * 9


@click.command(short_help="Check that everything works.")
@options.db
@ollama_options.ollama_reading
@options.as_json
def command(db: str | StorageLocation | None, ollama: OllamaSettings, as_json: bool) -> int:
    """Check this machine, the index, the Ollama servers and their models, and say how to fix
    what is broken. Exits 1 if anything is.

    \b
    Examples:
      ragkit doctor
      ragkit doctor --embed-host gpu-box:11434
      ragkit doctor --json | jq '.checks[] | select(.outcome == "trouble")'
    """
    from ragkit.doctor import diagnose
    from ragkit.paths import index_location

    diagnosis = diagnose(index_location(db or ""), ollama)
    if as_json:
        print_json({"healthy": diagnosis.healthy, **plain(diagnosis)})
        return 0 if diagnosis.healthy else 1
    for check in diagnosis.checks:
        outcome = click.style(f"{check.outcome:<9}", fg=_COLOURS[check.outcome])
        print_line(f"{outcome}{check.name}: {safe_line(check.finding)}")
        if check.fix:
            print_line(f"{_INDENT}-> {safe_line(check.fix)}", bold=check.outcome == "trouble")
    for server in diagnosis.servers:
        _print_models(server)
    return 0 if diagnosis.healthy else 1


def _print_models(server: ServerReport) -> None:
    if server.models:
        print_line()
        print_line(f"models at {server.url}", bold=True)
    for model in server.models:
        able = ", ".join(model.capabilities) if model.capabilities is not None else "not said"
        parts = [file_size(model.size), model.digest[:12], able]
        if model.context_tokens:
            parts.append(f"{model.context_tokens:,} tokens")
        if model.loaded_context:
            parts.append(f"loaded with {model.loaded_context:,}")
        print_line(f"  {safe_line(model.name)}: {'; '.join(safe_line(part) for part in parts)}")
