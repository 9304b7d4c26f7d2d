"""The command line `zhunsheng`: decide, check, prove and test rules, replay and verify the log, serve.

Exit codes: 0 all is well; 1 something was found (a refusal, a finding, a failed case, a difference, a log that cannot
be used); 2 the command was not used rightly. With --json, standard output is one JSON object and nothing else.
"""

from __future__ import annotations

import typer

from api.cli_audit import checkpoint, export, prove, verify, verify_proof
from api.cli_case import decide_case
from api.cli_cases import run_tests
from api.cli_check import card, check
from api.cli_diff import diff
from api.cli_keys import anchor, keys_app, timestamp_app
from api.cli_log import replay
from api.cli_personal import erase, personal
from api.cli_rules import decide
from api.cli_serve import serve, watch
from api.cli_store import check as check_store
from api.cli_store import create, upgrade
from api.cli_witness import witness_app
from api.terminal import FOUND, complain
from cases.errors import CaseError

app = typer.Typer(
    name="zhunsheng",
    help="准绳: one fixed penalty from a violation code and its facts, with its law and its reasons, on the record.",
    epilog="Exit codes: 0 all is well, 1 something was found, 2 misused.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
audit_app = typer.Typer(
    help="核验日志、个人信息 · Verify the audit log, export it, prove its records; read and erase personal data.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

store_app = typer.Typer(
    help="日志库 · Make, upgrade and check the store of the log.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

app.command()(serve)
app.command()(decide)
app.command("decide-case")(decide_case)
app.command()(check)
app.command()(card)
app.command()(diff)
app.command("test")(run_tests)
app.command()(replay)
app.add_typer(audit_app, name="audit")
audit_app.command()(verify)
audit_app.command()(export)
audit_app.command()(checkpoint)
audit_app.command("proof")(prove)
audit_app.command("verify-proof")(verify_proof)
audit_app.command()(anchor)
audit_app.add_typer(keys_app, name="keys")
audit_app.add_typer(timestamp_app, name="timestamp")
audit_app.add_typer(witness_app, name="witness")
audit_app.command()(erase)
audit_app.command()(personal)
app.command()(watch)
app.add_typer(store_app, name="store")
store_app.command()(create)
store_app.command()(upgrade)
store_app.command("check")(check_store)


@audit_app.callback()
def audit() -> None:
    """核验日志、个人信息 · Verify the audit log, export it, prove its records; read and erase personal data."""


def main() -> None:
    """Run the command line; an error of the room of records ends with its sentence and 1."""
    try:
        app()
    except CaseError as error:
        complain(str(error))
        raise SystemExit(FOUND) from error


if __name__ == "__main__":
    main()
