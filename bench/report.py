"""The report of a long run: a Map of 10,000 iterations, its file's size, and what each step to the page takes.

    python bench/report.py [iterations]        default: 10,000, which is 70,000 events

Seconds say little about another machine, so each step is also told as a part of the simulation in the same run. Where
Chromium and playwright are there, the page is opened, and filtered as people do. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import asl_local
from asl_local.reporters.report.document import document, embedded
from asl_local.reporters.report.page import page
from asl_local.reporters.visits.whole import run_of

_T = TypeVar("_T")

MACHINE: dict[str, Any] = {
    "StartAt": "Orders",
    "States": {
        "Orders": {
            "Type": "Map",
            "MaxConcurrency": 40,
            "ItemProcessor": {
                "StartAt": "Charge",
                "States": {
                    "Charge": {
                        "Type": "Task",
                        "Resource": "arn:aws:lambda:us-east-1:123456789012:function:charge",
                        "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 1}],
                        "End": True,
                    }
                },
            },
            "End": True,
        }
    },
}

# What is done in the page, and the script that does it; the time until the next frame is told.
DEEDS = {
    "only failures": "button('Failures only').click()",
    "all again": "button('Show all').click()",
    "one type": "document.querySelectorAll('#events .menu input')[3].click()",
    "all of them": "button('Show all').click()",
    "scroll": "document.querySelector('.event-table').scrollTop = 1e6",
    "unfold the Map": "document.querySelector('#timeline button.toggle').click()",
    "zoom": "document.querySelector('#timeline [aria-label=\"Zoom in\"]').click()",
}
SEARCH = "order 9"


class Busy(Exception):
    """Come again."""


def charge(order: dict[str, Any], context: Any) -> dict[str, Any]:
    number = order["order"]
    context.sleep(1 + number * 7919 % 100 / 50)
    if number % 97 == 0 and context.attempt == 0:
        raise Busy("try later")
    return {"order": number, "receipt": f"receipt of order {number}", "paid": True}


def timed(work: Callable[[], _T]) -> tuple[_T, float]:
    began = time.perf_counter()
    result = work()
    return result, time.perf_counter() - began


def main(iterations: int) -> None:
    machine = asl_local.load(MACHINE, name="bench")
    items = [
        {"order": number, "customer": f"customer {number % 977}", "amount": number * 1.25}
        for number in range(iterations)
    ]
    limits = asl_local.Limits(events=None, payload_bytes=None)
    result, simulated = timed(lambda: machine.simulate(items, {"charge": charge}, limits=limits))
    run, read = timed(lambda: run_of(result))
    written, made = timed(lambda: document(run))
    text, put = timed(lambda: embedded(written))
    html, whole = timed(lambda: page(run))
    print(f"{len(run.events):,} events, {len(run.visits):,} visits, {result.status}")
    print(f"page {len(html.encode()) / 1e6:.2f} MB, of which the run {len(text.encode()) / 1e6:.2f} MB")
    for name, seconds in (
        ("simulation", simulated),
        ("visits", read),
        ("document", made),
        ("as text", put),
        ("page, all of it", whole),
    ):
        print(f"  {name:<16} {seconds:6.2f} s   {seconds / simulated:5.2f} of the simulation")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.html"
        path.write_text(html, encoding="utf-8")
        in_browser(path)


def in_browser(path: Path) -> None:
    """Opens the page and does what people do; says why not, where it cannot."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - without it the rest is still told
    except ImportError:
        print("no playwright: the page is not opened")
        return
    if chromium is None:
        print("no Chromium: the page is not opened")
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        opened = browser.new_page()
        opened.goto(path.resolve().as_uri())
        loaded = opened.evaluate("performance.getEntriesByType('navigation')[0].duration")
        print(
            f"in Chromium: open {loaded:.0f} ms, {opened.evaluate('document.querySelectorAll(`*`).length'):,} elements"
        )
        for name, deed in DEEDS.items():
            took = opened.evaluate(
                f"""async () => {{
                    const button = (text) => [...document.querySelectorAll("#events button")].find((each) => each.textContent === text);
                    const began = performance.now();
                    {deed};
                    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
                    return performance.now() - began;
                }}"""
            )
            print(f"  {name:<16} {took:6.0f} ms")
        began = time.perf_counter()
        opened.get_by_label("Find in details").fill(SEARCH)
        opened.locator("#events .filters .count").filter(has_text=" of ").wait_for()
        took = (time.perf_counter() - began) * 1000
        print(f"  {'find a text':<16} {took:6.0f} ms   {opened.locator('#events .filters .count').inner_text()}")
        browser.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("iterations", nargs="?", type=int, default=10_000)
    main(parser.parse_args().iterations)
