"""Runs the service: one process for the doors, one for supervision beside it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import uvicorn

from api.service import create_app
from api.settings import Settings, is_loopback
from cases.lawfiles import Law
from cases.log.opened import OpenLog

__all__ = ["Address", "AddressRefused", "run"]

RESTART_SECONDS = 1.0
NOTICE = (
    "supervision (yellow cards) is off: durable-rules is not installed; it needs a C compiler "
    "(Debian: apt-get install gcc python3-dev), then remove .venv/.ready and run again"
)


class AddressRefused(Exception):
    """The address may not be served on, or cannot be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A bound socket on a loopback address."""

    url: str
    bound: socket.socket

    @classmethod
    def of(cls, host: str, port: int) -> Address:
        """Bind, or raise AddressRefused: until callers have identities, nothing but loopback is served."""
        if not is_loopback(host):
            raise AddressRefused(
                f"`--host {host}` is refused: callers have no identities yet, so only a loopback address is served "
                "(127.0.0.1, ::1 or localhost)"
            )
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        bound = socket.socket(family, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((host, port))
        except OSError as error:
            bound.close()
            raise AddressRefused(
                f"port {port} of {host} cannot be used ({error.strerror}); choose another with --port"
            ) from error
        shown = f"[{host}]" if ":" in host else host
        return cls(url=f"http://{shown}:{bound.getsockname()[1]}/", bound=bound)


class _Server(uvicorn.Server):
    """Says that it serves once it does."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._tell = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._tell()


class Supervision:
    """Keeps the watch process running; it may be killed at any moment and comes back, and nothing waits for it."""

    def __init__(self, settings: Settings) -> None:
        self._command = [
            sys.executable, "-m", "api.cli", "watch", "--parent", str(os.getpid()),
            "--rules", str(settings.rules), "--data", str(settings.data),
        ]  # fmt: skip
        # By the environment and not by an option: a command line is read by everyone on the machine.
        self._environment = {**os.environ, "ZHUNSHENG_STORE": settings.store or ""}
        self._ending = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep, name="supervision", daemon=True)

    @staticmethod
    def possible() -> bool:
        """Say whether durable-rules is there; it is never imported into this process."""
        return find_spec("durable") is not None and find_spec("durable_rules_engine") is not None

    def start(self) -> None:
        self._thread.start()

    def _keep(self) -> None:
        while not self._ending.is_set():
            self._process = subprocess.Popen(self._command, env=self._environment, stdout=subprocess.DEVNULL)  # noqa: S603 - our own command
            self._process.wait()
            self._ending.wait(RESTART_SECONDS)

    def end(self) -> None:
        """End the process this object started, and wait for it."""
        self._ending.set()
        if self._process is not None:
            self._process.terminate()
        self._thread.join(timeout=10)


def run(address: Address, law: Law, settings: Settings, announce: Callable[[dict[str, Any]], None]) -> None:
    """Serve until told to stop."""
    supervised = Supervision.possible()
    with (
        closing(address.bound),
        OpenLog.open(settings.where, settings.keys, origin=settings.origin, witnessed=True) as opened,
    ):
        supervision = Supervision(settings)
        info = {
            "url": address.url,
            "rules": str(settings.rules),
            "rulebook": law.rulebook.digest,
            "violations": len(law.rulebook.rules),
            "log": opened.log.name,
            "origin": opened.keyring.origin,
            "supervision": "on" if supervised else "off",
            "notice": "" if supervised else NOTICE,
        }
        app = create_app(
            law,
            opened.log,
            settings,
            supervised=supervised,
            append=opened.append,
            keyring=opened.keyring,
            gate=opened.gate,
            vault=opened.vault,
        )
        config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False, timeout_keep_alive=5)
        if supervised:
            supervision.start()
        # uvicorn raises the signal that ended it once more: turned into an exit, everything below still happens.
        signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
        try:
            _Server(config, lambda: announce(info)).run(sockets=[address.bound])
        except KeyboardInterrupt:
            pass
        finally:
            if supervised:
                supervision.end()
