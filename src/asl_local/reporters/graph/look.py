"""How a picture looks: the small signs in it as paths, and its style sheet for light and dark.

Knows: colours and shapes. Must never know: places, or what an execution did.
Nothing depends on a typeface's signs. Every text keeps a contrast of 4.5:1 or more against what it stands on, and no
outcome is told by its colour alone: it has a mark of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SIGNS: Final[Mapping[str, str]] = {
    "Task": "M13 4 6.5 13.5H11L10.5 20 17.5 10H13Z",
    "Pass": "M5 12H17M13 8 17 12 13 16",
    "Choice": "M12 5 19 12 12 19 5 12ZM12 9.5V12.5M12 14.6V14.7",
    "Wait": "M12 5A7 7 0 1 1 11.9 5ZM12 8V12L14.8 14",
    "Parallel": "M12 5V8M6 19V13A2 2 0 0 1 8 11H16A2 2 0 0 1 18 13V19M12 8V19",
    "Map": "M5 5H14V14H5ZM17 8V17H8M20 11V20H11",
    "Succeed": "M6 12.5 10.5 17 18.5 7.5",
    "Fail": "M7 7 17 17M17 7 7 17",
    "": "M8.5 9.2A3.5 3.5 0 1 1 13.4 12.4Q12 13 12 14.6M12 17.4V17.6",
}
"""What each type of state shows, in a field of 24 by 24; "" is a placeholder."""
FILLED: Final = frozenset({"Task"})
"""Signs that are areas; the others are lines."""

RETRY: Final = "M12.6 5.6A5.4 5.4 0 1 0 13.4 9.2M13.2 2.6V6.2H9.6"
"""The mark of a state that has a Retry, in a field of 16 by 16."""

MARKS: Final[Mapping[str, str]] = {
    "succeeded": "M4 8.4 7 11.2 12 5",
    "failed": "M5 5 11 11M11 5 5 11",
    "timed-out": "M8 4V8L10.8 10",
    "caught": "M8 4V8.6M8 11.4V11.6",
    "aborted": "M4.6 8H11.4",
    "running": "M6 4.6 11.4 8 6 11.4Z",
}
"""The mark of each outcome, in a field of 16 by 16."""

_TYPES: Final = (  # the ground of its sign
    ("Task", "#b5470f"), ("Pass", "#57606a"), ("Choice", "#0f6e69"), ("Wait", "#8a5a00"), ("Parallel", "#1f56c8"),
    ("Map", "#7a2bb8"), ("Succeed", "#177a3c"), ("Fail", "#b3261e"), ("placeholder", "#57606a"),
)  # fmt: skip

_LIGHT: Final = {
    "paper": "#ffffff", "ink": "#1a2027", "soft": "#505a66", "line": "#66717d", "edge": "#59636f", "box": "#ffffff",
    "inner": "#f4f6f8", "frame": "#7c8793", "catch": "#a3480a", "focus": "#1f56c8", "mark": "#ffffff",
    "good": "#17703a", "good-fill": "#e3f5e8", "bad": "#b3261e", "bad-fill": "#fdeae8", "warn": "#96510a",
    "warn-fill": "#fdf1dc", "busy": "#1f56c8", "busy-fill": "#e5eefd", "stop": "#5f4b8b", "stop-fill": "#efebf8",
    "late": "#8a3600", "late-fill": "#fff1e5",
}  # fmt: skip
_DARK: Final = {
    "paper": "#14181d", "ink": "#eceff3", "soft": "#b1bac5", "line": "#8b96a3", "edge": "#9aa5b1", "box": "#20262d",
    "inner": "#191e24", "frame": "#76818d", "catch": "#f0a35e", "focus": "#8ab4f8", "mark": "#10141a",
    "good": "#5fce86", "good-fill": "#16301f", "bad": "#ff8a80", "bad-fill": "#3d1a18", "warn": "#f2b45c",
    "warn-fill": "#382810", "busy": "#8ab4f8", "busy-fill": "#172a4a", "stop": "#c2aef0", "stop-fill": "#2a2240",
    "late": "#ffa657", "late-fill": "#3a2010",
}  # fmt: skip

_KINDS: Final = (  # of a state: its colour; of its border: its dashes
    ("succeeded", "good", ""), ("failed", "bad", ""), ("timed-out", "late", ""), ("caught", "warn", ""),
    ("aborted", "stop", "6 3"), ("running", "busy", ""), ("all", "good", ""), ("some", "warn", "9 3"),
    ("none", "bad", "5 4"),
)  # fmt: skip
_EDGES: Final = (("taken", "good"), *((kind, colour) for kind, colour, _ in _KINDS))

_RULES: Final = """
svg.graph { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", Helvetica, Arial, sans-serif; }
svg.graph .ground { fill: var(--graph-paper); }
svg.graph text { fill: var(--graph-ink); font-size: 13px; }
svg.graph .name { font-weight: 600; }
svg.graph .note, svg.graph .label text, svg.graph .heading, svg.graph .badge text { font-size: 11px; }
svg.graph .note, svg.graph .heading { fill: var(--graph-soft); }
svg.graph .label text { text-anchor: middle; }
svg.graph .label rect { fill: var(--graph-paper); stroke: none; }
svg.graph .block .block .label rect, svg.graph .inner { fill: var(--graph-inner); }
svg.graph .shape { fill: var(--graph-box); stroke: var(--graph-line); stroke-width: 1.3; }
svg.graph .around > .shape { fill: var(--graph-inner); }
svg.graph .placeholder > .shape { stroke-dasharray: 3 3; }
svg.graph .placeholder > .name { font-style: italic; }
svg.graph .frame { fill: var(--graph-inner); stroke: var(--graph-frame); stroke-dasharray: 5 4; }
svg.graph .sign path { fill: none; stroke: #fff; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }
svg.graph .sign path.filled { fill: #fff; stroke: none; }
svg.graph .retry { fill: none; stroke: var(--graph-soft); stroke-width: 1.6; stroke-linecap: round; }
svg.graph .dot { fill: var(--graph-edge); stroke: var(--graph-edge); }
svg.graph .dot.end { fill: var(--graph-paper); stroke-width: 1.6; }
svg.graph .edge > path { fill: none; stroke: var(--graph-edge); stroke-width: 1.4; }
svg.graph .edge > .head { fill: var(--graph-edge); stroke: none; }
svg.graph .edge.catch > path { stroke: var(--graph-catch); stroke-dasharray: 5 4; }
svg.graph .edge.catch > .head, svg.graph .edge.catch .label text { fill: var(--graph-catch); }
svg.graph .badge text { fill: var(--graph-mark); font-weight: 600; }
svg.graph .badge rect { fill: var(--graph-soft); }
svg.graph .badge path { fill: none; stroke: var(--graph-mark); stroke-width: 2; stroke-linecap: round; }
svg.graph .running .badge path { fill: var(--graph-mark); }
svg.graph .unreached > .shape, svg.graph .out > .shape { stroke-dasharray: 2 3; }
svg.graph .unreached > .sign, svg.graph .out > .sign { opacity: .45; }
svg.graph .unreached > .name, svg.graph .out > .name { fill: var(--graph-soft); font-weight: 400; }
svg.graph .edge.unreached > path { stroke-width: 1; stroke-opacity: .7; }
svg.graph .edge.taken > path { stroke-width: 2.4; }
svg.graph .edge.none > path { stroke-dasharray: 2 4; }
svg.graph .edge.catch.taken > path { stroke: var(--graph-warn); }
svg.graph .edge.catch.taken > .head { fill: var(--graph-warn); }
svg.graph .state[role="button"] { cursor: pointer; outline: none; }
svg.graph .state[role="button"]:hover > .shape { stroke-width: 2.4; }
svg.graph .state[role="button"]:focus-visible > .shape { stroke: var(--graph-focus); stroke-width: 3; }
svg.graph .state.selected > .shape { stroke: var(--graph-focus); stroke-width: 3; }
"""


def graph_css() -> str:
    """The style sheet of pictures, for a page that holds some; its colours are variables of `svg.graph`."""
    dark = _variables(_DARK)
    return "\n".join((
        f"svg.graph {{ color-scheme: light dark; {_variables(_LIGHT)} }}",
        f"@media (prefers-color-scheme: dark) {{ svg.graph {{ {dark} }} }}",
        f"@media print {{ svg.graph {{ {_variables(_LIGHT)} }} }}",
        *(f"svg.graph .{name} > .sign > rect {{ fill: {colour}; }}" for name, colour in _TYPES),
        *(line for kind in _KINDS for line in _kind(*kind)),
        *(line for kind, colour in _EDGES for line in (
            f"svg.graph .edge.{kind} > path {{ stroke: var(--graph-{colour}); }}",
            f"svg.graph .edge.{kind} > .head {{ fill: var(--graph-{colour}); }}",
        )),
        _RULES.strip(),
        "",
    ))  # fmt: skip


def _variables(colours: Mapping[str, str]) -> str:
    return " ".join(f"--graph-{name}: {colour};" for name, colour in colours.items())


def _kind(kind: str, colour: str, dashes: str) -> tuple[str, ...]:
    dashed = f" stroke-dasharray: {dashes};" if dashes else ""
    border = f"stroke: var(--graph-{colour}); stroke-width: 1.8;{dashed}"
    return (
        f"svg.graph .state.{kind} > .shape {{ fill: var(--graph-{colour}-fill); {border} }}",
        f"svg.graph .state.{kind} > .badge rect {{ fill: var(--graph-{colour}); }}",
    )


__all__ = ["FILLED", "MARKS", "RETRY", "SIGNS", "graph_css"]
