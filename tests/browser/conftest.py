"""A phone-sized page of a real Chromium against a really served application."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Response, ViewportSize, sync_playwright

from tests.api.kit import RULES, Served, question, served

PHONE: ViewportSize = {"width": 360, "height": 740}
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
MISSING = "no Chromium was found, so the officer's pages were not tried in a browser: `apt-get install chromium`"


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(RULES, tmp_path_factory.mktemp("browser")) as running:
        # So that the log's own records stand before all that the pages record.
        assert running.ask("POST", "/v1/decisions", question())[0] == 201
        yield running


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        if os.environ.get("CI"):
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, headless=True, args=FLAGS)
        yield browser
        browser.close()


class Phone:
    """One tab for many tests, and what went wrong in it since the last one asked."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.wrong: list[str] = []
        page.on("console", self._console)
        page.on("response", self._loaded)
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("dialog", lambda dialog: self.wrong.append(f"a dialog opened: {dialog.message}"))

    def _console(self, message: ConsoleMessage) -> None:
        # What could not be loaded is judged below, where it is known whether it was the page itself.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.wrong.append(message.text)

    def _loaded(self, response: Response) -> None:
        if response.status >= (500 if response.request.is_navigation_request() else 400):
            self.wrong.append(f"{response.status} {response.url}")


@pytest.fixture(scope="session", params=["with JavaScript"])
def phone(request: pytest.FixtureRequest, chromium: Browser, service: Served) -> Iterator[Phone]:
    """A phone; a test that asks for it `without JavaScript` gets it so."""
    context = chromium.new_context(
        viewport=PHONE,
        base_url=service.url,
        locale="zh-CN",
        java_script_enabled=request.param == "with JavaScript",
    )
    context.set_default_timeout(15_000)
    yield Phone(context.new_page())
    context.close()


@pytest.fixture
def page(phone: Phone) -> Iterator[Page]:
    """A page that fails its test when anything goes wrong in it: a console error, a blocked or missing resource."""
    phone.page.goto("about:blank")
    phone.wrong.clear()
    yield phone.page
    assert phone.wrong == []
