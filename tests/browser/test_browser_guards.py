"""The fixtures themselves: what a page must not do is seen, and the browser keeps out of other tests' way."""

from __future__ import annotations

import asyncio

import pytest

import asl_local

PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>A page</title>{head}</head>
<body><main><h1>A page</h1>{body}</main></body></html>"""
POLICY = """<meta http-equiv="Content-Security-Policy" content="default-src 'none'">"""

BAD = {
    "picture": (PAGE.format(head="", body='<img alt="" src="http://pictures.example/1.png">'), "asked for http"),
    "file": (PAGE.format(head="", body='<img alt="" src="other.png">'), "asked for file"),
    "script": (PAGE.format(head='<script src="https://scripts.example/1.js"></script>', body=""), "asked for https"),
    "fetch": (PAGE.format(head="<script>fetch('https://data.example/').catch(() => 0)</script>", body=""), "asked for"),
    "console": (PAGE.format(head="<script>console.error('so bad')</script>", body=""), "console error: so bad"),
    "error": (PAGE.format(head="<script>nothing.there</script>", body=""), "uncaught error"),
    "rejection": (PAGE.format(head="<script>Promise.reject(new Error('no'))</script>", body=""), "uncaught error"),
    "dialog": (PAGE.format(head="<script>alert('hello')</script>", body=""), "dialog: hello"),
    "policy, script": (PAGE.format(head=f"{POLICY}<script>1</script>", body=""), "Content Security Policy"),
    "policy, style": (PAGE.format(head=POLICY, body='<p style="color:red">red</p>'), "Content Security Policy"),
    "another page": (PAGE.format(head="<script>window.open('about:blank')</script>", body=""), "another page"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_a_page_must_not_do_is_seen(what, browser_page):
    html, problem = BAD[what]
    page = browser_page(html)
    for _ in range(100):
        if not browser_page.problems:  # some come after the page has loaded
            page.evaluate("new Promise(requestAnimationFrame)")
    assert any(problem in each for each in browser_page.problems), browser_page.problems
    with pytest.raises(pytest.fail.Exception):
        browser_page.verify()
    browser_page.problems.clear()


def test_a_page_that_does_nothing_wrong(browser_page, axe):
    page = browser_page(PAGE.format(head=POLICY, body="<p>Fine.</p>"), dark=True)
    assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches && navigator.onLine === false")
    axe(page)


def test_axe_tells_what_is_wrong_and_where(browser_page, axe):
    page = browser_page(PAGE.format(head=POLICY, body='<img id="bare" src="data:image/gif;base64,R0lGODlh">'))
    browser_page.problems.clear()  # the policy forbids the picture
    with pytest.raises(pytest.fail.Exception, match=r"(?s)image-alt.*#bare.*alt attribute"):
        axe(page)


async def _doubled(event):
    await asyncio.sleep(0)
    return event["n"] * 2


def _runs_with_an_async_handler():
    task = {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:Double", "End": True}
    machine = asl_local.load({"StartAt": "Double", "States": {"Double": task}})
    for run in (machine.run, machine.simulate):
        assert run({"n": 2}, resources={"Double": _doubled}).output == 4
    assert asyncio.run(_doubled({"n": 4})) == 8


def test_before_a_page_there_can_be_async_handlers():
    _runs_with_an_async_handler()


def test_between_them_a_page(browser_page):
    assert browser_page(PAGE.format(head="", body="")).title() == "A page"


def test_after_a_page_there_can_be_async_handlers(browser):
    assert browser.is_connected()  # it is still there, in its own thread
    _runs_with_an_async_handler()


def test_a_failure_in_the_browsers_thread_is_one_of_the_test(browser_page):
    browser_page(PAGE.format(head="", body=""))
    with pytest.raises(AssertionError):
        assert browser_page.problems
