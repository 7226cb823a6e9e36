"""Pictures of machines with a real browser's letters: words stay in their boxes, labels off the boxes, all can be read."""

from __future__ import annotations

import json
from html import escape

import pytest

from asl_local.reporters.graph.outline import outline
from asl_local.reporters.graph.svg import Paint, svg

KINDS = ("succeeded", "failed", "caught", "aborted", "running", "timed-out", "unreached", "all", "some", "none", "out")
SAMPLE = 7  # of the corpus every so manieth is looked at, and all large ones

MEASURE = """
() => {
  const found = [], slack = 1;
  const box = it => it.getBoundingClientRect();
  const inside = (a, b) => a.left >= b.left - slack && a.right <= b.right + slack
    && a.top >= b.top - slack && a.bottom <= b.bottom + slack;
  const apart = (a, b) => a.right <= b.left + slack || b.right <= a.left + slack
    || a.bottom <= b.top + slack || b.bottom <= a.top + slack;
  const all = (root, what) => [...root.querySelectorAll(what)];
  const off = it => { const r = box(it); return `(${r.left.toFixed(0)}..${r.right.toFixed(0)}, ${r.top.toFixed(0)}..${r.bottom.toFixed(0)})`; };
  const say = (what, it, other) => found.push(`${what}: ${JSON.stringify(it.textContent)} ${off(it)} and ${off(other)}`);
  for (const picture of all(document, "svg.graph")) {
    for (const text of all(picture, "text")) if (!inside(box(text), box(picture))) say("off the picture", text, picture);
    for (const state of all(picture, ".state")) {
      const shape = all(state, ":scope > .shape").at(-1), retry = state.querySelector(":scope > .retry");
      for (const text of all(state, ":scope > text")) {
        if (!inside(box(text), box(shape))) say("out of its box", text, shape);
        if (retry && !apart(box(text), box(retry))) say("under the mark of Retry", text, retry);
      }
      for (const badge of all(state, ":scope > .badge"))
        for (const text of all(badge, "text")) if (!inside(box(text), box(badge.querySelector("rect")))) say("out of its badge", text, badge);
    }
    const leaves = all(picture, ".state:not(.around) > .shape");
    const taken = all(picture, ".state > text, .heading");
    const labels = all(picture, ".label");
    labels.forEach((label, n) => {
      const words = label.querySelector("text"), ground = label.querySelector("rect");
      if (!inside(box(words), box(ground))) say("out of its label", words, ground);
      for (const shape of leaves) if (!apart(box(ground), box(shape))) say("label over a box", words, shape);
      for (const text of taken) if (!apart(box(words), box(text))) say("label over words", words, text);
      for (const other of labels.slice(n + 1)) if (!apart(box(words), box(other.querySelector("text")))) say("label over a label", words, other);
    });
    for (const head of all(picture, ".edge > .head")) {
      const { width, height } = box(head);
      if (Math.min(width, height) < 4) found.push(`no arrow's head: ${head.parentNode.dataset.pointer}`);
    }
    for (const heading of all(picture, ".heading")) {
      const frame = heading.previousElementSibling;
      if (!inside(box(heading), box(frame))) say("out of its frame", heading, frame);
    }
  }
  return found;
}
"""

CONTRAST = """
() => {
  const lightness = colour => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map(c => c / 255)
      .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (one, other) => {
    const [low, high] = [lightness(one), lightness(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const fill = it => getComputedStyle(it).fill;
  const found = [];
  const look = (text, ground) => {
    const got = ratio(fill(text), fill(ground));
    if (got < 4.5) found.push(`${text.parentNode.className.baseVal} ${text.textContent}: ${got.toFixed(2)} to 1`);
  };
  for (const state of document.querySelectorAll(".state")) {
    const shape = [...state.querySelectorAll(":scope > .shape")].at(-1);
    for (const text of state.querySelectorAll(":scope > text")) look(text, shape);
    for (const badge of state.querySelectorAll(":scope > .badge text")) look(badge, badge.parentNode.querySelector("rect"));
  }
  for (const label of document.querySelectorAll(".label")) look(label.querySelector("text"), label.querySelector("rect"));
  return found;
}
"""


def held(*pictures):
    """A page with pictures, each of which carries its style."""
    return f"""<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Pictures</title></head>
    <body>{"".join(pictures)}</body></html>"""


def nothing(found):
    """Fails with what was found, a line each."""
    if found:
        pytest.fail("\n  ".join([f"{len(found)} found", *found]), pytrace=False)


def test_of_the_workshops_machines(browser_page, axe, project):
    files = sorted((project / "definitions").glob("*.asl.json"))
    pictures = []
    for file in files:
        block = outline(json.loads(file.read_text("utf-8")))
        pictures += [svg(block, title=file.name), svg(block, title=file.name, paint=painted(block, "failed", "×12"))]
    page = browser_page(held(*pictures))
    assert page.locator("svg.graph").count() == 2 * len(files) == 14
    nothing(page.evaluate(MEASURE))
    axe(page)


HARD = {
    "nothing much": {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}},
    "wide letters": {"StartAt": "W" * 80, "States": {"W" * 80: {"Type": "Pass", "End": True}}},
    "any script": {
        "StartAt": "支払いを確認して、請求書を発行する",
        "States": {
            "支払いを確認して、請求書を発行する": {"Type": "Pass", "Next": "تحقق من الدفع ثم أرسل الفاتورة"},
            "تحقق من الدفع ثم أرسل الفاتورة": {"Type": "Wait", "Seconds": 86400, "Next": "Проверка ШИРОКИХ ЖЩЮФ букв"},
            "Проверка ШИРОКИХ ЖЩЮФ букв": {"Type": "Pass", "Next": "👩‍👩‍👧‍👦 family 🏳️‍🌈 flag e\u0301\u0301 ﷽"},
            "👩‍👩‍👧‍👦 family 🏳️‍🌈 flag e\u0301\u0301 ﷽": {"Type": "Succeed"},
        },
    },
    "retries": {
        "StartAt": "MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM",
        "States": {
            "MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM": {
                "Type": "Task",
                "Resource": "arn:aws:states:::dynamodb:putItem",
                "Parameters": {},
                "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 99}],
                "Catch": [
                    {"ErrorEquals": ["WWWWWWWWWWWWWWWWWWWW", "MMMMMMMMMMMMMMM"], "Next": "F"},
                    {"ErrorEquals": ["States.ALL"], "Next": "F"},
                ],
                "End": True,
            },
            "F": {"Type": "Fail", "Error": "E" * 70, "Cause": "W" * 300},
        },
    },
}


@pytest.mark.parametrize("what", HARD)
def test_of_machines_that_are_hard_to_letter(browser_page, what):
    block = outline(HARD[what])
    pictures = [svg(block, title=what), svg(block, title=what, paint=painted(block, "caught", "×3"))]
    nothing(browser_page(held(*pictures)).evaluate(MEASURE))


def test_of_other_peoples_machines(browser_page, shared):
    pictures = []
    with (shared / "definitions-corpus" / "index.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    for n, row in enumerate(rows):
        if row["expected"] == "invalid" or row["aws_verdict"] == "reject" or (n % SAMPLE and row["n_states"] < 25):
            continue
        definition = json.loads((shared / "definitions-corpus" / row["file"]).read_text("utf-8"))
        pictures.append(f"<h2>{escape(row['id'])}</h2>{svg(outline(definition), title=row['id'])}")
    assert len(pictures) > 40
    page = browser_page(held(*pictures))
    nothing(page.evaluate(MEASURE))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_word_can_be_read_on_what_it_stands_on(browser_page, project, dark):
    definition = json.loads((project / "definitions" / "6-dynamic-parallelism.asl.json").read_text("utf-8"))
    block = outline(definition)
    pictures = [
        svg(block, title="plain"),
        *(svg(block, title=kind, paint=painted(block, kind, "×3")) for kind in KINDS),
    ]
    page = browser_page(held(*pictures), dark=dark)
    nothing(page.evaluate(CONTRAST))


def painted(block, kind, note):
    """Every state and edge of a block in one paint."""
    states = [node.pointer for node in block.walk()]
    edges = [edge.pointer for edge in block.edges]
    return {pointer: Paint(kind, note) for pointer in states} | {pointer: Paint(kind) for pointer in edges}
