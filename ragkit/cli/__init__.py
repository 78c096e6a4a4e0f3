"""The command line: options in; text, JSON and an exit code out. Only this package prints.

A command's module is imported when the command runs, so that `ragkit --help` stays quick.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Any

import click

from ragkit._version import __version__
from ragkit.cli.output import print_error
from ragkit.errors import RagkitError

# What a person is doing -> command -> (module, what it does, an example).
SECTIONS: dict[str, dict[str, tuple[str, str, str]]] = {
    "Build an index": {
        "index": (
            "index",
            "Index folders, or bring the index up to date with them.",
            "ragkit index ~/notes",
        ),
        "optimize": (
            "optimize",
            "Compact an index, now.",
            "ragkit optimize",
        ),
        "status": ("status", "Show what is indexed, what is not, and why.", "ragkit status"),
        "reindex": (
            "reindex",
            "Rebuild the index with another model, while the old one answers.",
            "ragkit reindex --embedder ollama/embeddinggemma",
        ),
        "remove": (
            "remove",
            "Take files or folders out of the index.",
            "ragkit remove ~/notes/old",
        ),
        "verify": (
            "verify",
            "Check every row of the index, and repair what is damaged.",
            "ragkit verify --repair",
        ),
    },
    "Find and ask": {
        "search": (
            "search",
            "Find the passages that fit best.",
            'ragkit search "backup test" -k 5',
        ),
        "ask": (
            "ask",
            "Answer a question from the documents, with citations.",
            'ragkit ask "How often are backups tested?"',
        ),
        "chat": (
            "chat",
            "Ask one question after another, with follow-ups.",
            "ragkit chat --path 'contracts/**'",
        ),
        "explain": (
            "explain",
            "Say why a file is found, or why not.",
            'ragkit explain "backup test" --expect backup-runbook.md',
        ),
        "map": (
            "map",
            "Draw the passages, near ones near each other, as an HTML page.",
            'ragkit map --out map.html --query "backup test"',
        ),
    },
    "Measure": {
        "eval": (
            "eval",
            "Measure how well searches find, and compare settings.",
            "ragkit eval --compare keyword-weight=0,0.3,1",
        ),
    },
    "Models and health": {
        "models": (
            "models",
            "List, inspect, download, make and delete Ollama's models.",
            "ragkit models pull embeddinggemma",
        ),
        "doctor": (
            "doctor",
            "Check that everything works, and say how to fix what does not.",
            "ragkit doctor",
        ),
        "help": (
            "help",
            "Explain a topic: retrieval, answers, ollama, formats, ...",
            "ragkit help retrieval",
        ),
    },
}
_COMMANDS = {name: row for section in SECTIONS.values() for name, row in section.items()}


class Commands(click.Group):
    """The commands in sections, each with an example; modules are imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"ragkit.cli.commands.{_COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(map(len, _COMMANDS)) + 2
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                for name, (_, summary, example) in commands.items():
                    indent = " " * formatter.current_indent
                    formatter.write(f"{indent}{name:<{width}}{summary}\n")
                    formatter.write(f"{indent}{'':<{width}}$ {example}\n")

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        import difflib

        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], _COMMANDS, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise click.UsageError(f"No command '{args[0]}'.{hint}", ctx)
        return super().resolve_command(ctx, args)


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ragkit")
def cli() -> None:
    """Search your documents by meaning and ask them questions. Everything stays on this machine.

    \b
    Start here:
      $ ragkit index ~/notes
      $ ragkit ask "How often are backups tested?"

    Commands use the index in the nearest .ragkit folder, from the current folder upward;
    --db or the variable RAGKIT_DB names another. Exit codes: 0 done, 1 failed or partly
    failed, 2 wrong usage.
    """


def main(arguments: Sequence[str] | None = None) -> Any:
    """Runs the command line and exits. Every `RagkitError` is one line on stderr and exit 1."""
    try:
        code = cli.main(
            args=list(arguments) if arguments is not None else None,
            prog_name="ragkit",
            standalone_mode=False,
        )
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        sys.exit(2)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        print_error("stopped; what was committed is kept, and the same command goes on from there")
        sys.exit(130)
    except RagkitError as error:
        print_error(str(error))
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output went away: nobody is left to tell
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)
