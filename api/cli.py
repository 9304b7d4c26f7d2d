"""The command line `zhunsheng`: decide, check, prove and test rules, replay and verify the log, serve.

Exit codes: 0 all is well; 1 something was found (a refusal, a finding, a failed case, a difference, a log that cannot
be used); 2 the command was not used rightly. With --json, standard output is one JSON object and nothing else.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module

import typer

from api.terminal import FOUND, complain
from cases.errors import CaseError

# Where each command is; those of a group stand together (`cli_groups`).
COMMANDS: Mapping[str, tuple[str, str]] = {
    "serve": ("api.cli_serve", "serve"),
    "decide": ("api.cli_rules", "decide"),
    "decide-case": ("api.cli_case", "decide_case"),
    "check": ("api.cli_check", "check"),
    "card": ("api.cli_check", "card"),
    "diff": ("api.cli_diff", "diff"),
    "test": ("api.cli_cases", "run_tests"),
    "replay": ("api.cli_log", "replay"),
    "audit": ("api.cli_groups", "audit_app"),
    "watch": ("api.cli_serve", "watch"),
    "store": ("api.cli_groups", "store_app"),
}


def app_for(first: str) -> typer.Typer:
    """Return the command line; where its first word names a command, it is the only one imported.

    Whoever checks rules needs no database, no web server and no keys, and waits half as long without them.
    """
    app = typer.Typer(
        name="zhunsheng",
        help="准绳: one fixed penalty from a violation code and its facts, with its law and its reasons, on record.",
        epilog="Exit codes: 0 all is well, 1 something was found, 2 misused.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        # Having one, it takes the name of its command even where it has a single one.
        callback=lambda: None,
    )
    for name in [first] if first in COMMANDS else COMMANDS:
        module, attribute = COMMANDS[name]
        found = getattr(import_module(module), attribute)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name)
        else:
            app.command(name)(found)
    return app


def main() -> None:
    """Run the command line; an error of the room of records ends with its sentence and 1."""
    try:
        app_for(sys.argv[1] if len(sys.argv) > 1 else "")()
    except CaseError as error:
        complain(str(error))
        raise SystemExit(FOUND) from error


if __name__ == "__main__":
    main()
