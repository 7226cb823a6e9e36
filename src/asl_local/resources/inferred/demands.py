"""What a machine demands of its input and of what its tasks answer: read off its definition, followed backwards.

Knows: the data flow of every state type in both query languages. Must never know: how a value is made, or who asks.

Whatever a state reads (reads.py) is followed from there against the course of the data, through OutputPath, ResultPath,
ResultSelector, templates, variables, iterations and branches, to where it comes from: the execution's input, a Task's
result, an ItemReader. What cannot be followed (the result of a computation) ends there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from asl_local.language.intrinsics import is_call
from asl_local.language.jsonpath import parse
from asl_local.lazy import dataclass, field
from asl_local.resources.inferred import reads
from asl_local.resources.inferred.reads import Read
from asl_local.resources.inferred.wants import EACH, TEXT, Note, Step, Want

Steps: TypeAlias = tuple[Step, ...]
Follow: TypeAlias = Callable[[Steps, Note], None]

_LONGEST: Final = 40  # steps: a loop that wraps its input in a member each time has no end
_TEMPLATES: Final = ("Parameters", "ItemSelector", "Credentials")
_NUMBER_FIELDS: Final = ("TimeoutSeconds", "HeartbeatSeconds", "MaxConcurrency", "ToleratedFailureCount",
                         "ToleratedFailurePercentage", "Seconds")  # fmt: skip
_NOTHING: Final = Note()


@dataclass(slots=True)
class Demands:
    """What is wanted: of the input, of each Task's result by its state's name, of the items of each ItemReader by its
    Resource. `writers` are the Resources of the ResultWriters.
    """

    input: Want = field(default_factory=Want)
    results: dict[str, Want] = field(default_factory=dict)
    items: dict[str, Want] = field(default_factory=dict)
    writers: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _State:
    """A state with its surroundings: who leads to it, and in which state's block it stands."""

    name: str
    tree: Mapping[str, Any]
    language: str
    parent: str | None
    branch: int
    before: list[tuple[str, Mapping[str, Any] | None]] = field(default_factory=list)
    starts: bool = False
    ends: bool = False

    @property
    def type(self) -> str:
        return str(self.tree["Type"])

    @property
    def jsonata(self) -> bool:
        return self.language == "JSONata"


def demands_of(definition: Mapping[str, Any]) -> Demands:
    """What a definition that has passed its checks demands."""
    analysis = _Analysis.of(definition)
    for state in analysis.states.values():
        analysis.read(state)
    return analysis.found


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from: `kind` is "input", "result" of the Task `name`, "items" of the ItemReader with the
    Resource `name`, each at `steps`, or "constant" with the `value` that the definition itself has.
    """

    kind: str
    name: str = ""
    steps: Steps = ()
    value: Any = field(default=None, hash=False)


def origins_of(definition: Mapping[str, Any]) -> Callable[[str, Read], list[Origin]]:
    """Asks where what a state reads comes from: (state's name, read) -> every origin, none if it is computed.

    The reads are those of the state's own fields, as reads.py makes them of a Choice rule.
    """
    analysis = _Analysis.of(definition)

    def ask(name: str, read: Read) -> list[Origin]:
        state = analysis.states[name]
        analysis.begin()
        found = analysis.origins = []
        effective = analysis.raw(state) if state.jsonata else analysis.effective(state)
        analysis.place(state, read, (), read.note, effective)
        return list(dict.fromkeys(found))

    return ask


class _Analysis:
    """One pass over one definition."""

    def __init__(self) -> None:
        self.states: dict[str, _State] = {}
        self.found = Demands()
        self.origins: list[Origin] = []
        self._seen: set[tuple[Any, ...]] = set()

    @classmethod
    def of(cls, definition: Mapping[str, Any]) -> _Analysis:
        analysis = cls()
        analysis.block(definition, definition.get("QueryLanguage", "JSONPath"), None, 0)
        analysis.connect()
        return analysis

    def begin(self) -> None:
        """Forget what was followed, so that it is followed again."""
        self._seen.clear()

    def _reached(self, kind: str, name: str, steps: Steps, note: Note) -> None:
        """A demand has come to where values come from."""
        want = self.found.input
        if kind == "result":
            want = self.found.results.setdefault(name, Want())
        elif kind == "items":
            want = self.found.items.setdefault(name, Want())
        want.note(steps, note)
        self.origins.append(Origin(kind, name, steps))

    def _constant(self, value: Any, steps: Steps) -> None:
        """A demand has come to a constant of the definition."""
        for step in steps:
            inside = (isinstance(value, dict) and step in value) or (
                isinstance(value, list) and isinstance(step, int) and step < len(value)
            )
            if not inside:
                return
            value = value[step]
        self.origins.append(Origin("constant", value=value))

    # -- the graph

    def block(self, tree: Mapping[str, Any], language: str, parent: str | None, branch: int) -> None:
        for name, whole in _filled(tree).get("States", {}).items():
            state = _filled(whole)
            own = state.get("QueryLanguage", language)
            self.states[name] = _State(name, state, own, parent, branch, starts=name == tree.get("StartAt"))
            for number, inner in enumerate(_blocks(state)):
                self.block(inner, language, name, number)

    def connect(self) -> None:
        for state in self.states.values():
            tree = state.tree
            state.ends = tree.get("End") is True or state.type == "Succeed"
            for rule in tree.get("Choices", ()):
                self._edge(state, rule.get("Next"), rule if state.jsonata else None)
            self._edge(state, tree.get("Next") or tree.get("Default"), None)
            for catcher in tree.get("Catch", ()):
                self._edge(state, catcher.get("Next"), {**catcher, "Catch": True})

    def _edge(self, state: _State, target: str | None, by: Mapping[str, Any] | None) -> None:
        if target in self.states:
            self.states[target].before.append((state.name, by))

    def ends_of(self, parent: str, branch: int | None) -> Iterator[_State]:
        """The last states of a block; of all blocks of a state for None."""
        for state in self.states.values():
            if state.parent == parent and state.ends and branch in (None, state.branch):
                yield state

    # -- what every state reads

    def read(self, state: _State) -> None:
        (self._read_jsonata if state.jsonata else self._read_jsonpath)(state)
        if state.type == "Task":
            self.found.results.setdefault(state.name, Want())
        if "ItemReader" in state.tree:
            self.found.items.setdefault(state.tree["ItemReader"]["Resource"], Want())
        if "Resource" in state.tree.get("ResultWriter", ()):
            self.found.writers.add(state.tree["ResultWriter"]["Resource"])

    def _read_jsonpath(self, state: _State) -> None:
        tree = state.tree
        effective = self.effective(state)
        self._all(state, reads.of_path(_path(tree, "InputPath")), self.raw(state))
        for name in _TEMPLATES:
            self._all(state, reads.of_template(tree.get(name)), effective)
        for reader in ("ItemReader", "ItemBatcher", "ResultWriter"):
            part = tree.get(reader) or {}
            templates = [part.get("Parameters"), part.get("BatchInput")]
            self._all(state, reads.of_template(templates), effective)
            for owner in (part, part.get("ReaderConfig") or {}):
                self._all(state, _numbers(owner), effective)
        self._all(state, _numbers(tree), effective)
        for name, note in _PATHS.items():
            if isinstance(tree.get(name), str):
                self._all(state, reads.of_expression(tree[name], note), effective)
        if state.type == "Map" and "ItemReader" not in tree:
            self._all(state, reads.of_path(_path(tree, "ItemsPath"), Note("array")), effective)
        for rule in tree.get("Choices", ()):
            self._all(state, reads.of_rule(rule), effective)
            self._all(state, reads.of_template(rule.get("Assign")), effective)
        self._all(state, reads.of_template(tree.get("ResultSelector")), self._given(state))
        self._all(state, reads.of_template(tree.get("Assign")), self._given(state))
        if isinstance(tree.get("OutputPath"), str):
            self.output(state, (), _NOTHING)
        if isinstance(tree.get("ResultPath"), str) and tree["ResultPath"] != "$":
            self.input(state, (), Note("object"))

    def _read_jsonata(self, state: _State) -> None:
        tree = state.tree
        raw = self.raw(state)
        self._all(state, reads.of_payload(tree, lambda name: name not in _NOT_READ), raw)
        for name in _NUMBER_FIELDS:
            self._value(state, tree.get(name), Note("number"))
        self._value(state, tree.get("Timestamp"), Note("timestamp"))
        if state.type == "Map":
            self._value(state, tree.get("Items"), Note("array"))
            if "Items" not in tree and "ItemReader" not in tree:
                self.input(state, (), Note("array"))
        for rule in tree.get("Choices", ()):
            self._value(state, rule.get("Condition"), Note("boolean"))

    def _value(self, state: _State, value: Any, note: Note) -> None:
        text = reads.expression_of(value)
        if text is not None:
            self._all(state, reads.of_jsonata(text, note), self.raw(state))

    def _all(self, state: _State, found: Iterator[Read], document: Follow) -> None:
        for read in found:
            self.place(state, read, (), read.note, document)

    # -- following

    def place(self, state: _State, read: Read, rest: Steps, note: Note, document: Follow) -> None:
        """A demand on what lies `rest` below a place that is read."""
        steps = read.steps + (rest[1:] if read.listed and rest[:1] != () and not isinstance(rest[0], str) else rest)
        if read.listed and note.kind == "array" and not rest:
            note = _NOTHING
        if read.root == "input":
            (self.raw(state) if state.jsonata else document)(steps, note)
        elif read.root == "result":
            self.result(state, steps, note)
        elif read.root == "context":
            self.context(state, steps, note)
        else:
            self.variable(read.root[1:], steps, note)

    def value(self, state: _State, value: Any, steps: Steps, note: Note, document: Follow) -> None:
        """A demand on what a template or an expression of a state gives."""
        if isinstance(value, str) and state.jsonata:
            text = reads.expression_of(value)
            if text is None and not steps:
                self._constant(value, ())
            for part in reads.parts_of(text) if text is not None else ():
                if isinstance(part, dict):
                    self.value(state, part, steps, note, document)
                elif part.whole:
                    self.place(state, part, steps, note, document)
        elif isinstance(value, dict) and steps and isinstance(steps[0], str):
            name = steps[0]
            if name in value:
                self.value(state, value[name], steps[1:], note, document)
            elif isinstance(value.get(f"{name}.$"), str):
                self.expression(state, value[f"{name}.$"], steps[1:], note, document)
        elif isinstance(value, list) and steps:
            for item in [value[steps[0]]] if isinstance(steps[0], int) and steps[0] < len(value) else value:
                self.value(state, item, steps[1:], note, document)
        elif not isinstance(value, (dict, list)) and not steps:
            self._constant(value, ())

    def expression(self, state: _State, text: str, steps: Steps, note: Note, document: Follow) -> None:
        """A demand on what a path or call of a JSONPath state gives."""
        for read in reads.of_expression(text):
            if read.whole and (steps or not is_call(text) or TEXT in read.steps):
                self.place(state, read, steps, note, document)

    def _new(self, *key: Any) -> bool:
        if key in self._seen or len(key[2]) > _LONGEST:
            return False
        self._seen.add(key)
        return True

    def input(self, state: _State, steps: Steps, note: Note) -> None:
        """A demand on a state's raw input."""
        if not self._new("input", state.name, steps, note):
            return
        if state.starts:
            parent = self.states.get(state.parent or "")
            if parent is None:
                self._reached("input", "", steps, note)
            elif parent.type == "Map":
                self.iteration(parent, steps, note)
            else:
                self.arguments(parent, steps, note)
        for name, by in state.before:
            before = self.states[name]
            if by is None:
                self.output(before, steps, note)
            elif "Catch" in by:
                self._caught(before, by, steps, note)
            else:
                self._output_of(before, by, steps, note)

    def _caught(self, state: _State, catcher: Mapping[str, Any], steps: Steps, note: Note) -> None:
        """A Catch's target reads the raw input, but where the error is put."""
        if state.jsonata:
            if "Output" in catcher:
                self.value(state, catcher["Output"], steps, note, self.raw(state))
            return
        path = catcher.get("ResultPath", "$")
        place = () if path is None else parse(path).steps
        if path is None or (place and steps[: len(place)] != place):
            self.input(state, steps, note)

    def raw(self, state: _State) -> Follow:
        return lambda steps, note: self.input(state, steps, note)

    def effective(self, state: _State) -> Follow:
        """The input after InputPath."""
        path = state.tree.get("InputPath", "$")
        if path is None:
            return lambda _steps, _note: None
        if path == "$":
            return self.raw(state)
        return lambda steps, note: self.expression(state, path, steps, note, self.raw(state))

    def arguments(self, state: _State, steps: Steps, note: Note) -> None:
        """A demand on what a Pass, Task or Parallel works with: Parameters or Arguments, or the effective input."""
        for name in ("Parameters", "Arguments"):
            if name in state.tree:
                self.value(state, state.tree[name], steps, note, self.effective(state))
                return
        self.effective(state)(steps, note)

    def iteration(self, state: _State, steps: Steps, note: Note) -> None:
        """A demand on the input of a Map's iteration."""
        if "ItemBatcher" in state.tree and steps[:1] != ("Items",):
            if steps[:1] == ("BatchInput",):
                batch = state.tree["ItemBatcher"].get("BatchInput")
                self.value(state, batch, steps[1:], note, self.effective(state))
            return
        if "ItemBatcher" in state.tree:
            if len(steps) == 1:
                return
            steps = steps[2:]
        selector = state.tree.get("ItemSelector", state.tree.get("Parameters"))
        if selector is None:
            self.item(state, steps, note)
        else:
            self.value(state, selector, steps, note, self.effective(state))

    def item(self, state: _State, steps: Steps, note: Note) -> None:
        """A demand on an item of a Map."""
        tree = state.tree
        if "ItemReader" in tree:
            self._reached("items", tree["ItemReader"]["Resource"], steps, note)
        elif state.jsonata:
            if "Items" in tree:
                self.value(state, tree["Items"], (EACH, *steps), note, self.raw(state))
            else:
                self.input(state, (EACH, *steps), note)
        else:
            self.expression(state, _path(tree, "ItemsPath"), (EACH, *steps), note, self.effective(state))

    def output(self, state: _State, steps: Steps, note: Note) -> None:
        """A demand on a state's output."""
        if self._new("output", state.name, steps, note):
            self._output_of(state, state.tree, steps, note)

    def _output_of(self, state: _State, by: Mapping[str, Any], steps: Steps, note: Note) -> None:
        tree = state.tree
        if state.jsonata:
            if "Output" in by:
                self.value(state, by["Output"], steps, note, self.raw(state))
            elif state.type in _WITH_RESULT:
                self.result(state, steps, note)
            else:
                self.input(state, steps, note)
            return
        path = tree.get("OutputPath", "$")
        if path is None:
            return
        if path != "$":
            self.expression(state, path, steps, note, lambda inner, asked: self._placed(state, inner, asked))
        else:
            self._placed(state, steps, note)

    def _placed(self, state: _State, steps: Steps, note: Note) -> None:
        """A demand on a JSONPath state's output before OutputPath: on its result or on its input, as ResultPath has it."""
        if state.type not in (*_WITH_RESULT, "Pass"):
            self.effective(state)(steps, note)
            return
        path = state.tree.get("ResultPath", "$")
        place = None if path is None else parse(path).steps
        if place is None:
            self.input(state, steps, note)
        elif steps[: len(place)] == place:
            self._given(state)(steps[len(place) :], note, selected=True)
        elif place[: len(steps)] != steps:
            self.input(state, steps, note)

    def _given(self, state: _State) -> Any:
        """What a JSONPath state has after its work: as it came, or after ResultSelector if `selected`."""

        def follow(steps: Steps, note: Note, *, selected: bool = False) -> None:
            tree = state.tree
            if state.type == "Pass":
                if "Result" in tree:
                    self._constant(tree["Result"], steps)
                else:
                    self.arguments(state, steps, note)
            elif state.type not in _WITH_RESULT:
                self.effective(state)(steps, note)
            elif selected and "ResultSelector" in tree:
                self.value(state, tree["ResultSelector"], steps, note, self._given(state))
            else:
                self.result(state, steps, note)

        return follow

    def result(self, state: _State, steps: Steps, note: Note) -> None:
        """A demand on what a Task answers, or on the outputs of branches or iterations."""
        if not self._new("result", state.name, steps, note):
            return
        if state.type == "Task":
            self._reached("result", state.name, steps, note)
        elif state.type == "Map" and steps and not isinstance(steps[0], str):
            if isinstance(steps[0], int):  # there must be as many items
                items = Note()
                if "ItemReader" not in state.tree and not state.jsonata:
                    path = _path(state.tree, "ItemsPath")
                    self.expression(state, path, (steps[0],), items, self.effective(state))
            for last in self.ends_of(state.name, None):
                self.output(last, steps[1:], note)
        elif state.type == "Parallel" and steps and not isinstance(steps[0], str):
            for last in self.ends_of(state.name, steps[0] if isinstance(steps[0], int) else None):
                self.output(last, steps[1:], note)

    def context(self, state: _State, steps: Steps, note: Note) -> None:
        """A demand on the Context Object."""
        if steps[:2] == ("Execution", "Input"):
            self._reached("input", "", steps[2:], note)
        elif steps[:3] == ("Map", "Item", "Value"):
            around: _State | None = state
            while around is not None and around.type != "Map":
                around = self.states.get(around.parent or "")
            if around is not None:
                self.item(around, steps[3:], note)

    def variable(self, name: str, steps: Steps, note: Note) -> None:
        """A demand on a variable: on whatever is assigned to it."""
        if not self._new("variable", name, steps, note):
            return
        for state in self.states.values():
            given: Follow = self.raw(state) if state.jsonata else self._given(state)
            for assign in (state.tree.get("Assign"), *(rule.get("Assign") for rule in state.tree.get("Choices", ()))):
                if isinstance(assign, dict):
                    self.value(state, assign, (name, *steps), note, given)


_WITH_RESULT: Final = ("Task", "Parallel", "Map")
_NOT_READ: Final = frozenset({"Comment", "Branches", "ItemProcessor", "Iterator", "States"})
_PATHS: Final = {
    "TimestampPath": Note("timestamp"), "ErrorPath": Note("string"), "CausePath": Note("string"),
}  # fmt: skip


def _numbers(owner: Mapping[str, Any]) -> Iterator[Read]:
    """The Path forms of number fields."""
    for name, value in owner.items():
        if name.endswith("Path") and isinstance(value, str) and name not in _OTHER_PATHS:
            yield from reads.of_path(value, Note("number"))


_OTHER_PATHS: Final = frozenset(
    {"InputPath", "OutputPath", "ResultPath", "ItemsPath", "TimestampPath", "ErrorPath", "CausePath"}
)


def _path(tree: Mapping[str, Any], name: str) -> str:
    path = tree.get(name, "$")
    return path if isinstance(path, str) else "$"


_FORMS: Final[Mapping[str, type]] = {
    **dict.fromkeys(("States", "ItemProcessor", "Iterator", "ItemReader", "ItemBatcher", "ResultWriter"), dict),
    **dict.fromkeys(("Branches", "Choices", "Catch"), list),
}


def _filled(tree: Any) -> Mapping[str, Any]:
    """A state or a block without the parts for which a placeholder stands that nobody has filled."""
    if not isinstance(tree, Mapping):
        return {}
    return {field: value for field, value in tree.items() if isinstance(value, _FORMS.get(field, object))}


def _blocks(state: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    inner = state.get("ItemProcessor", state.get("Iterator"))
    return [*state.get("Branches", ()), *([inner] if inner is not None else [])]
