"""Definitions out of CloudFormation and SAM templates: where they are kept, and what their functions give."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import asl_local
from asl_local import DefinitionNotFound, InvalidDefinition

HEAD = """\
AWSTemplateFormatVersion: 2010-09-09
Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage: {Type: String, Default: dev}
  Pause: {Type: Number, Default: 5}
  Names: {Type: CommaDelimitedList, Default: "a, b"}
  Secret: {Type: "AWS::SSM::Parameter::Value<String>", Default: /path/of/it}
  Topic: {Type: String}
Mappings:
  Limits:
    dev: {Attempts: 2}
    prod: {Attempts: 9}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  IsNotProd: !Not [!Condition IsProd]
  HasTopic: !Equals [!Ref Topic, ""]
  Both: !And [!Condition IsNotProd, !Not [!Condition IsProd]]
  Either: !Or [!Condition HasTopic, !Condition IsNotProd]
Resources:
  Charge: {Type: "AWS::Serverless::Function"}
"""
PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}


def write(folder: Path, text: str, name: str = "template.yaml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def machine(folder: Path, properties: str, kind: str = "Serverless", **substitutions: Any) -> asl_local.Machine:
    """The machine whose properties these are, in a template with HEAD."""
    indented = "".join(f"      {line}\n" for line in properties.splitlines())
    text = f"{HEAD}  Orders:\n    Type: AWS::{kind}::StateMachine\n    Properties:\n{indented}"
    return asl_local.load(write(folder, text), substitutions=substitutions or None)


def result(folder: Path, value: str, **substitutions: Any) -> Any:
    """What a function gives inside of a Definition object."""
    text = f"Definition:\n  StartAt: A\n  States:\n    A:\n      Type: Pass\n      End: true\n      Result:\n        v: {value}"
    return machine(folder, text, **substitutions).simulate().output.get("v", "absent")


# -- the functions


@pytest.mark.parametrize(
    ("written", "given"),
    [
        ("!GetAtt Charge.Arn", "${Charge.Arn}"),
        ("{'Fn::GetAtt': [Charge, Arn]}", "${Charge.Arn}"),
        ("!GetAtt [Charge, Arn]", "${Charge.Arn}"),
        ("!Ref Charge", "${Charge}"),
        ("{Ref: Charge}", "${Charge}"),
        ("!Ref Stage", "dev"),
        ("!Ref Topic", "${Topic}"),
        ("!Ref Pause", "5"),  # CloudFormation's parameters are text
        ("!Ref Secret", "${Secret}"),  # its default is the name of a value elsewhere
        ("!Ref Names", ["a", "b"]),
        ("!Ref AWS::NoValue", "absent"),
        ("!Ref AWS::Region", "us-east-1"),
        ("!Sub '${AWS::Partition}:${AWS::AccountId}:${Stage}:${Charge.Arn}'", "aws:123456789012:dev:${Charge.Arn}"),
        ("!Sub ['${a}-${Stage}', {a: !Ref Pause}]", "5-dev"),
        ("!Sub '${!Name}'", "${Name}"),
        ("!Join ['-', [a, !Ref Stage, !GetAtt Charge.Arn]]", "a-dev-${Charge.Arn}"),
        ("!Join [',', !Ref Names]", "a,b"),
        ("!FindInMap [Limits, !Ref Stage, Attempts]", 2),
        ("!Select [1, !Ref Names]", "b"),
        ("!Select ['0', !Split ['-', 'x-y']]", "x"),
        ("!If [IsProd, p, {q: !Ref Stage}]", {"q": "dev"}),
        ("!If [IsNotProd, p, q]", "p"),
        ("!If [Both, p, q]", "p"),
        ("!If [Either, p, q]", "p"),
        ("!If [IsProd, p, !Ref AWS::NoValue]", "absent"),
        ("!ImportValue shared-table", "${ImportValue.shared-table}"),
        ("!ImportValue {'Fn::Sub': '${Topic}-x'}", "${ImportValue.Topic-x}"),
        ("!Base64 abc", "YWJj"),
        ("!Select [0, !GetAZs '']", "us-east-1a"),
        ("[1, !Ref AWS::NoValue, !Ref Stage]", [1, "dev"]),
        ("{Fn::ToJsonString: {a: !Ref Stage}}", '{"a":"dev"}'),
        ("{Fn::Length: !Ref Names}", 2),
        ("2012-10-17", "2012-10-17"),
        ("!!str 5", "5"),
    ],
)
def test_what_a_function_gives(tmp_path: Path, written: str, given: Any) -> None:
    assert result(tmp_path, written) == given


@pytest.mark.parametrize(
    ("written", "names", "given"),
    [
        ("!Ref Stage", {"Stage": "prod"}, "prod"),
        ("!FindInMap [Limits, !Ref Stage, Attempts]", {"Stage": "prod"}, 9),
        ("!If [IsProd, p, q]", {"Stage": "prod"}, "p"),
        ("!GetAtt Charge.Arn", {"Charge.Arn": "arn:x"}, "arn:x"),
        ("!Sub '${Topic}/${Charge}'", {"Topic": "t", "Charge": "c"}, "t/c"),
        ("!ImportValue shared", {"ImportValue.shared": "here"}, "here"),
    ],
)
def test_what_is_given_answers_for_what_only_a_deployment_knows(
    tmp_path: Path, written: str, names: dict[str, str], given: Any
) -> None:
    assert result(tmp_path, written, **names) == given


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("!GetAt Charge.Arn", "There is no function Fn::GetAt"),
        ("!FindInMap [Limits, dev, Attempt]", "there is no 'Attempt'"),
        ("!If [IsPro, a, b]", "There is no condition 'IsPro'"),
        ("!Sub [a, b, c]", "Fn::Sub takes a text, or a list"),
        ("!Join [a]", "Fn::Join takes a list"),
        ("!Select [7, [a]]", "there is no item 7"),
        ("!GetAtt Charge", "Fn::GetAtt takes a resource's name and an attribute"),
        ("!Transform {Name: M}", "macro"),
    ],
)
def test_a_function_that_cannot_be_evaluated_is_refused_with_its_place(
    tmp_path: Path, written: str, message: str
) -> None:
    with pytest.raises(InvalidDefinition, match="INVALID_TEMPLATE") as caught:
        result(tmp_path, written)
    (found,) = caught.value.diagnostics
    assert message in found.message
    assert found.line == HEAD.count("\n") + 11


def test_a_condition_that_nobody_can_decide_takes_its_first_value_and_says_so(tmp_path: Path) -> None:
    text = f"Definition: !If [HasTopic, {json.dumps(PASS)}, null]"
    loaded = machine(tmp_path, text)
    assert [w.code for w in loaded.warnings] == ["UNRESOLVED_SUBSTITUTION"]
    assert "HasTopic" in loaded.warnings[0].message
    assert loaded.simulate(3).output == 3


def test_a_condition_that_depends_on_itself(tmp_path: Path) -> None:
    text = HEAD.replace("!Equals [!Ref Stage, prod]", "!Not [!Condition IsNotProd]")
    text += "  M:\n    Type: AWS::Serverless::StateMachine\n    Properties:\n      Definition: !If [IsProd, {}, {}]\n"
    with pytest.raises(InvalidDefinition, match="depends on itself"):
        asl_local.load(write(tmp_path, text))


# -- the places of a definition


def test_numbers_come_from_parameters_where_numbers_are_needed(tmp_path: Path) -> None:
    definition = {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": "NUMBER", "End": True}}}
    text = json.dumps(definition).replace('"NUMBER"', "!Ref Pause")
    assert machine(tmp_path, f"Definition: {text}").simulate().history[-1].timestamp.second == 5
    assert machine(tmp_path, f"Definition: {text}", Pause="9").simulate().history[-1].timestamp.second == 9
    with pytest.raises(InvalidDefinition, match="Expected value of type"):
        machine(tmp_path, f"Definition: {text}", Pause="soon")


def test_substitutions_fill_a_definition_in_a_file(tmp_path: Path) -> None:
    write(
        tmp_path,
        '{"StartAt": "A",\n "States": {"A": {"Type": "Task", "Resource": "${ChargeArn}",\n'
        '  "TimeoutSeconds": ${Pause}, "Parameters": {"n": ${N}, "t": "${N}", "Nxt": "${Open}"}, "End": true}}}',
        "machines/orders.asl.json",
    )
    loaded = machine(
        tmp_path,
        "DefinitionUri: machines/orders.asl.json\nDefinitionSubstitutions:\n  ChargeArn: !GetAtt Charge.Arn\n"
        "  Pause: !Ref Pause\n  N: 3",
    )
    assert [(w.line, w.column) for w in loaded.warnings] == [(3, 77)]
    assert loaded.definition["States"]["A"]["TimeoutSeconds"] == 5
    assert loaded.simulate({}, {"Charge": lambda event: event}).output == {"n": 3, "t": 3, "Nxt": "${Open}"}


def test_a_placeholder_outside_of_strings_waits_for_its_value(tmp_path: Path) -> None:
    path = write(tmp_path, '{"StartAt":"A","States":{"A":{"Type":"Wait","Seconds":${N},"End":true}}}', "m.asl.json")
    with pytest.raises(InvalidDefinition, match=r"The placeholder in '\${N}' has no value"):
        asl_local.load(path).simulate()
    assert asl_local.load(path, substitutions={"N": 4}).simulate().status == "SUCCEEDED"
    assert asl_local.load(path, substitutions={"N": "4"}).warnings == []


@pytest.mark.parametrize(
    "style",
    [
        "DefinitionString: |\n  {body}",
        "DefinitionString: !Sub |-\n  {body}",
        "DefinitionString:\n  Fn::Sub:\n    - >\n      {body}\n    - Other: x",
        "DefinitionString: '{body}'",
        "DefinitionString: !Sub '{body}'",
        "DefinitionString: !Sub [ '{body}', {Other: x} ]",
        "DefinitionString: !Join ['', [ '{body}', '' ] ]",
    ],
)
def test_a_definition_as_text_keeps_its_places(tmp_path: Path, style: str) -> None:
    body = '{"StartAt": "A", "States": {"A": {"Type": "Pass", "Nxt": "B", "End": true}}}'
    text = style.replace("{body}", body)
    with pytest.raises(InvalidDefinition) as caught:
        machine(tmp_path, text, "StepFunctions")
    (found,) = caught.value.diagnostics
    assert found.message == "Field 'Nxt' is not supported"
    lines = (tmp_path / "template.yaml").read_text().splitlines()
    assert found.line is not None
    assert found.column is not None
    assert lines[found.line - 1][found.column - 1 :].startswith('"Nxt"')


def test_a_definition_in_quotes_with_escapes_keeps_its_places(tmp_path: Path) -> None:
    body = json.dumps(
        {"StartAt": "A", "States": {"A": {"Type": "Pass", "Comment": "ä\n", "Nxt": 1, "End": True}}}, indent=1
    )
    template = {
        "Resources": {"M": {"Type": "AWS::StepFunctions::StateMachine", "Properties": {"DefinitionString": body}}}
    }
    path = write(tmp_path, json.dumps(template), "template.json")
    with pytest.raises(InvalidDefinition) as caught:
        asl_local.load(path)
    (found,) = caught.value.diagnostics
    assert found.line == 1
    assert path.read_text()[(found.column or 0) - 1 :].startswith('\\"Nxt\\"')


def test_text_that_is_no_json_says_where(tmp_path: Path) -> None:
    with pytest.raises(InvalidDefinition) as caught:
        machine(tmp_path, 'DefinitionString: !Sub |\n  {"StartAt": "${Stage}",\n   "States": {,}}', "StepFunctions")
    (found,) = caught.value.diagnostics
    assert found.code == "INVALID_JSON_DESCRIPTION"
    assert (found.line, found.column) == (HEAD.count("\n") + 6, 21)


def test_a_definition_as_an_object_keeps_its_places(tmp_path: Path) -> None:
    text = "Definition:\n  StartAt: A\n  States:\n    A: !If\n      - IsProd\n      - {}\n      - Type: Pass\n        Nxt: B\n        End: true"
    with pytest.raises(InvalidDefinition) as caught:
        machine(tmp_path, text)
    (found,) = caught.value.diagnostics
    assert (found.path, found.line, found.column) == ("/States/A", HEAD.count("\n") + 11, 15)


def test_members_given_twice_are_told_in_the_definition_only(tmp_path: Path) -> None:
    text = "Tags: {a: 1, a: 2}\nDefinition:\n  StartAt: A\n  StartAt: A\n  States:\n    A: {Type: Pass, End: true}"
    with pytest.raises(InvalidDefinition, match="Duplicate field 'StartAt' at /StartAt") as caught:
        machine(tmp_path, text)
    assert len(caught.value.diagnostics) == 1


def test_aliases_and_merge_keys(tmp_path: Path) -> None:
    text = (
        "Metadata:\n  Common: &common {Type: Pass, Result: 7}\n  Last: &last\n    <<: *common\n    End: true\n    Result: 8\n"
        "Resources:\n  M:\n    Type: AWS::StepFunctions::StateMachine\n    Properties:\n      Definition:\n        StartAt: A\n"
        "        States:\n          A: {<<: *common, Next: B}\n          B: *last\n"
    )
    assert asl_local.load(write(tmp_path, text)).simulate().output == 8
    assert asl_local.load(write(tmp_path, text)).definition["States"]["A"] == {"Type": "Pass", "Result": 7, "Next": "B"}
    bad = text.replace("Result: 8", "Reslt: 8")
    (found,) = asl_local.validate(write(tmp_path, bad))
    assert (found.message, found.line, found.column) == ("Field 'Reslt' is not supported", 6, 5)


def test_aliases_that_multiply_are_bounded() -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    rows += ["Resources:", "  M:", "    Type: AWS::StepFunctions::StateMachine", "    Properties: {Definition: *a8}"]
    found = asl_local.validate("\n".join(rows))
    assert found
    assert all(each.severity == "ERROR" for each in found)


def test_no_tag_makes_an_object(tmp_path: Path) -> None:
    with pytest.raises(InvalidDefinition, match="tag"):
        result(tmp_path, "!!python/object/apply:os.system ['true']")


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ("Role: x", "needs exactly one of Definition, DefinitionString, DefinitionUri, DefinitionS3Location"),
        ("Definition: {}\nDefinitionString: '{}'", "needs exactly one of Definition, DefinitionString"),
        ("DefinitionUri: nowhere.asl.json", "There is no file"),
        ("DefinitionUri: s3://bucket/key", "lies elsewhere"),
        ("DefinitionS3Location: {Bucket: b, Key: k}", "lies elsewhere"),
        ("DefinitionString: {StartAt: A}", "an object belongs into Definition"),
        ("DefinitionString: ''", "The definition is empty"),
        ("Definition: {}\nDefinitionSubstitutions: [a]", "an object of names and values"),
    ],
)
def test_a_machine_without_a_definition_of_its_own_is_refused_with_its_place(
    tmp_path: Path, properties: str, message: str
) -> None:
    with pytest.raises(InvalidDefinition, match="INVALID_TEMPLATE") as caught:
        machine(tmp_path, properties)
    (found,) = caught.value.diagnostics
    assert message in f"{found.message} {found.hint}"
    assert (found.line or 0) > HEAD.count("\n")


# -- several of them


SEVERAL = """\
Resources:
  First:
    Type: AWS::Serverless::StateMachine
    Properties:
      Type: EXPRESS
      Definition: {StartAt: A, States: {A: {Type: Pass, Result: 1, End: true}}}
  Second:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      StateMachineName: two
      StateMachineType: STANDARD
      DefinitionString: '{"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": 2, "End": true}}}'
  Broken:
    Type: AWS::Serverless::StateMachine
    Properties:
      Definition: {StartAt: A, States: {A: {Type: Pass, Result: 3}}}
"""


def test_a_folder_of_many_machines_lists_some_of_them(tmp_path: Path) -> None:
    for number in range(30):
        text = '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}'
        (tmp_path / f"m{number:02}.asl.json").write_text(text, "utf-8")
    with pytest.raises(DefinitionNotFound, match=r"30 state machines, name one of them: m00, .*m19 and 10 more$"):
        asl_local.load(tmp_path)


def test_a_name_picks_one(tmp_path: Path) -> None:
    path = write(tmp_path, SEVERAL)
    assert asl_local.load(path, name="First").simulate().output == 1
    assert asl_local.load(str(path), name="Second").simulate().output == 2
    assert asl_local.load(SEVERAL, name="two").name == "Second"
    assert asl_local.load(path, name="First").type == "EXPRESS"
    assert asl_local.load(path, name="First", type="STANDARD").type == "STANDARD"
    with pytest.raises(DefinitionNotFound, match="3 state machines, name one of them: First, Second, Broken"):
        asl_local.load(path)
    with pytest.raises(DefinitionNotFound, match=r"^the template holds 3 state machines"):
        asl_local.load(SEVERAL)
    with pytest.raises(DefinitionNotFound, match="did you mean 'First'"):
        asl_local.load(path, name="Frist")


def test_all_are_listed_with_type_and_place(tmp_path: Path) -> None:
    path = write(tmp_path, SEVERAL)
    found = asl_local.definitions_in(path)
    assert [(f.name, f.type, f.line, f.column) for f in found] == [
        ("First", "EXPRESS", 6, 19), ("Second", "STANDARD", 12, 25), ("Broken", "STANDARD", 16, 19),
    ]  # fmt: skip
    assert {f.template for f in found} == {str(path)}
    assert [asl_local.load(each).simulate().output for each in found[:2]] == [1, 2]
    assert asl_local.validate(found[0]) == []
    assert asl_local.validate(path, name="Second") == []
    (problem,) = asl_local.validate(path)
    assert (problem.line, problem.path) == (16, "/States/A")


def test_a_template_as_a_mapping() -> None:
    template = {"Resources": {"M": {"Type": "AWS::Serverless::StateMachine", "Properties": {"Definition": PASS}}}}
    assert asl_local.load(template).name == "M"
    assert asl_local.load(json.dumps(template)).simulate(4).output == 4


def test_a_template_without_machines_is_no_definition(tmp_path: Path) -> None:
    with pytest.raises(InvalidDefinition, match="'Resources' is not supported"):
        asl_local.load(write(tmp_path, "Resources:\n  T: {Type: 'AWS::SNS::Topic'}\n"))


def test_a_broken_template_says_where(tmp_path: Path) -> None:
    with pytest.raises(InvalidDefinition) as caught:
        asl_local.load(write(tmp_path, SEVERAL + "  Third: [\n"))
    assert caught.value.diagnostics[0].code == "INVALID_YAML_DESCRIPTION"


def test_a_loop_over_resources_is_refused_by_name(tmp_path: Path) -> None:
    text = (
        "Resources:\n  Fn::ForEach::Machines:\n    - Name\n    - [A, B]\n    - M${Name}:\n"
        "        Type: AWS::StepFunctions::StateMachine\n        Properties: {DefinitionString: '{}'}\n"
    )
    with pytest.raises(InvalidDefinition, match="Fn::ForEach is not expanded here"):
        asl_local.load(write(tmp_path, text))


def test_nested_stacks(tmp_path: Path) -> None:
    write(tmp_path, SEVERAL, "child/template.yaml")
    outer = (
        "Resources:\n  Child:\n    Type: AWS::CloudFormation::Stack\n    Properties: {TemplateURL: child/template.yaml}\n"
        "  App:\n    Type: AWS::Serverless::Application\n    Properties: {Location: 'https://x/y.yaml'}\n"
    )
    path = write(tmp_path, outer)
    assert [f.name for f in asl_local.definitions_in(path)] == ["Child/First", "Child/Second", "Child/Broken"]
    assert asl_local.load(path, name="First").simulate().output == 1
    assert asl_local.load(path, name="Child/Second").name == "Child-Second"


def test_a_function_answers_by_its_logical_id(tmp_path: Path) -> None:
    text = """\
Definition:
  StartAt: A
  States:
    A:
      Type: Task
      Resource: !GetAtt Charge.Arn
      Next: B
    B:
      Type: Task
      Resource: arn:aws:states:::lambda:invoke
      Parameters:
        FunctionName: !Sub ${Charge.Arn}:$LATEST
        Payload.$: $
      End: true
"""
    loaded = machine(tmp_path, text)
    assert loaded.warnings == []
    assert loaded.simulate({"n": 1}, {"Charge": lambda event: {"n": event["n"] + 1}}).output["Payload"] == {"n": 3}
    assert loaded.simulate({"n": 1}, {"*Char*": lambda event: {"n": event["n"] + 1}}).status == "SUCCEEDED"
