"""The commands that have commands of their own: `audit` (the log) and `store` (where it is kept)."""

from __future__ import annotations

import typer

from api.cli_audit import checkpoint, export, prove, verify, verify_proof
from api.cli_keys import anchor, keys_app, timestamp_app
from api.cli_personal import erase, personal
from api.cli_store import check, create, upgrade
from api.cli_witness import witness_app

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
store_app.command()(create)
store_app.command()(upgrade)
store_app.command()(check)
