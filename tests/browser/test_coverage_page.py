"""The coverage report in a real browser: nobody is shut out of it, wide or narrow, light or dark, and no name becomes
markup.
"""

from __future__ import annotations

import pytest

import asl_local

TASK = "arn:aws:lambda:us-east-1:123456789012:function:f"
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&amp;"


@pytest.fixture(scope="module")
def report(project):
    """The report of two machines: one that nobody ran, and a small one with names that are not nice, covered in part."""
    states = {
        HOSTILE: {
            "Type": "Task",
            "Resource": TASK,
            "Next": "Which?",
            "Catch": [{"ErrorEquals": [HOSTILE], "Next": "No"}],
        },
        "Which?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "No"}],
            "Default": "Yes",
        },
        "Yes": {"Type": "Succeed"},
        "No": {"Type": "Fail", "Comment": "asl-local: no cover"},
    }
    hostile = asl_local.load({"StartAt": HOSTILE, "States": states}, name=HOSTILE)
    with asl_local.Coverage() as coverage:
        coverage.include(asl_local.load(project / "definitions" / "1-face-detection.asl.json"))
        hostile.simulate({"n": 2}, resources={"f": lambda event: event})
    return coverage.to_html()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_everybody_can_read_it(browser_page, axe, report, width, dark):
    opened = browser_page(report, width=width, dark=dark)
    for details in opened.locator("details").all():
        details.locator("summary").click()
    axe(opened)
    assert opened.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert opened.locator("h2").last.inner_text().startswith(HOSTILE)


def test_it_can_be_read_without_a_mouse(browser_page, report):
    opened = browser_page(report, width=360)
    details = opened.locator("details").first
    for _ in range(40):
        opened.keyboard.press("Tab")
        if details.locator("summary").evaluate("it => it === document.activeElement"):
            break
    opened.keyboard.press("Enter")
    assert details.get_attribute("open") is not None
