"""Chromium for the tests of pages: a page opens from its file, and may ask for nothing else and complain of nothing.

Playwright keeps an asyncio loop running in the thread that it is used from, where nobody else could start one. So it has
a thread of its own, and a test that takes `browser_page` runs in that one. Its other fixtures run where fixtures always
do: what is made by running machines (async handlers need a loop of their own) is made there.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Playwright, Request

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ON_A_MAC = (
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
)
NONE_HERE = (
    "there is no Chromium here to open pages in: install one (Debian: apt-get install chromium) or name it in "
    "ASL_LOCAL_CHROMIUM"
)
LEVEL_AA = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
PATIENCE = 30_000  # milliseconds until a click or a wait is given up; machines are slow
THREAD = pytest.StashKey[ThreadPoolExecutor]()


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium; without one the test is skipped, and on CI it fails."""
    named = os.environ.get("ASL_LOCAL_CHROMIUM")
    if named:
        found = shutil.which(named)
        if not found:
            pytest.fail(f"ASL_LOCAL_CHROMIUM names {named}, which is no program", pytrace=False)
        return found
    here = [found for name in NAMES if (found := shutil.which(name))]
    here += [str(path) for path in ON_A_MAC if path.exists()]
    if not here:
        _missing(NONE_HERE)
    return here[0]


def _missing(what: str) -> NoReturn:
    if os.environ.get("CI", "").lower() in ("", "0", "false"):
        pytest.skip(what)
    pytest.fail(f"{what} (on CI these tests are not skipped)", pytrace=False)


@pytest.fixture(scope="session")
def browser(chromium: str, pytestconfig: pytest.Config) -> Iterator[Browser]:
    """One headless Chromium for all tests of the process; it lives in the thread of its own."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _missing("playwright is not installed: pip install -e '.[test]'")
    with ThreadPoolExecutor(1, "browser") as thread:
        playwright = thread.submit(sync_playwright().start).result()
        try:
            launched = thread.submit(_launch, playwright, chromium).result()
            pytestconfig.stash[THREAD] = thread
            yield launched
            thread.submit(launched.close).result()
        finally:
            thread.submit(playwright.stop).result()


def _launch(playwright: Playwright, path: str) -> Browser:
    """Chromium; without its sandbox for root, whom it has none for, and where the machine lets nobody have one."""
    from playwright.sync_api import Error

    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if not root:
        try:
            return playwright.chromium.launch(executable_path=path)
        except Error as error:
            if "sandbox" not in str(error):
                raise
    return playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])


@dataclass
class Opener:
    """Opens pages: `page = browser_page(html)`, or `browser_page(path)`; what went wrong in them is in `problems`."""

    browser: Browser = field(repr=False)
    folder: Path
    problems: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list, repr=False)

    def __call__(
        self,
        page: str | Path,
        *,
        width: int = 1280,
        height: int = 900,
        dark: bool = False,
        touch: bool = False,
        media: Literal["screen", "print"] = "screen",
    ) -> Page:
        """A page from its text or its file, in a fresh context without a network, `width` by `height` CSS pixels."""
        path = page if isinstance(page, Path) else self.folder / f"page-{len(self.contexts)}.html"
        if isinstance(page, str):
            path.write_text(page, encoding="utf-8")
        context = self.browser.new_context(
            offline=True,
            service_workers="block",
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            has_touch=touch,
        )
        self.contexts.append(context)
        context.set_default_timeout(PATIENCE)
        opened = context.new_page()
        address = path.resolve().as_uri()
        self._watch(context, opened, address)
        opened.emulate_media(media=media)
        opened.goto(address)
        return opened

    def _watch(self, context: BrowserContext, opened: Page, address: str) -> None:
        def asked(request: Request) -> None:
            if request.url.split("#")[0] != address:
                self.problems.append(f"asked for {request.url[:200]} ({request.resource_type})")

        def say(what: str) -> Callable[[Any], None]:
            return lambda thing: self.problems.append(f"{what}: {thing}")

        opened.on("request", asked)
        opened.on("console", lambda said: say("console error")(said.text) if said.type == "error" else None)
        opened.on("pageerror", say("uncaught error"))
        opened.on("dialog", lambda dialog: (say("dialog")(dialog.message), dialog.dismiss()))
        opened.on("websocket", lambda socket: say("socket")(socket.url))
        opened.on("download", lambda download: say("download")(download.url))
        opened.on("crash", say("crash"))
        context.on("page", lambda other: say("another page")(other.url))

    def verify(self) -> None:
        """Fails if a page asked for anything but its file, or complained."""
        for context in self.contexts:
            for page in context.pages:
                page.evaluate("new Promise(requestAnimationFrame)")  # what is under way is told before the answer
        if self.problems:
            pytest.fail("the page\n  " + "\n  ".join(self.problems), pytrace=False)

    def close(self) -> None:
        """Ends all pages."""
        for context in self.contexts:
            context.close()


@pytest.fixture
def browser_page(browser: Browser, pytestconfig: pytest.Config, tmp_path: Path) -> Iterator[Opener]:
    """Opens pages, see Opener. Any request but the page's own file, any error in the console (those of the content
    security policy are among them), any uncaught error or dialog fails the test.
    """
    opener = Opener(browser, tmp_path)
    yield opener
    pytestconfig.stash[THREAD].submit(opener.close).result()


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Iterator[None]:
    """A test with `browser_page` runs in the browser's thread, and ends with a look at what the pages complained of."""
    opener = pyfuncitem.funcargs.get("browser_page")
    if not isinstance(opener, Opener):
        return (yield)
    test = pyfuncitem.obj

    def watched(**arguments: Any) -> None:
        test(**arguments)
        opener.verify()

    pyfuncitem.obj = lambda **arguments: pyfuncitem.config.stash[THREAD].submit(watched, **arguments).result()
    try:
        return (yield)
    finally:
        pyfuncitem.obj = test


@pytest.fixture(scope="session")
def axe() -> Callable[..., None]:
    """`axe(page)` fails where axe-core finds that the page, as it is now, violates WCAG 2.2 at level A or AA."""
    try:
        from axe_playwright_python.sync_playwright import Axe
    except ImportError:
        _missing("axe-playwright-python is not installed: pip install -e '.[test]'")

    def check(page: Page, within: str | None = None) -> None:
        options = {"runOnly": {"type": "tag", "values": list(LEVEL_AA)}, "resultTypes": ["violations"]}
        found = Axe().run(page, context=within, options=options).response["violations"]
        lines = []
        for violation in found:
            lines.append(f"{violation['id']} ({violation['impact']}): {violation['help']}")
            for node in violation["nodes"]:
                reasons = [each["message"] for each in node["any"] + node["all"] + node["none"]]
                lines.append(f"    {' '.join(map(str, node['target']))}: {'; '.join(reasons)}")
                lines.append(f"        {' '.join(node['html'].split())[:200]}")
        if lines:
            pytest.fail("axe-core finds\n  " + "\n  ".join(lines), pytrace=False)

    return check
