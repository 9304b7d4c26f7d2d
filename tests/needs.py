"""What a machine may lack: a test that needs it is skipped there and says so, and in CI it fails."""

from __future__ import annotations

import os
import shutil

import pytest


def needs(tool: str, why: str) -> str:
    """The path of a program; without it a test is skipped and says so, and in CI it fails."""
    found = shutil.which(tool)
    if found is None:
        missing(f"`{tool}` is not installed (Debian: apt-get install {tool}): {why}")
    return str(found)


def missing(what: str) -> None:
    """Skip, saying what this machine lacks; in CI fail."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


def openssl() -> str:
    """The path of OpenSSL's command, a second reader of signatures and time-stamps."""
    return needs("openssl", "it signs and checks beside this program's own code")
