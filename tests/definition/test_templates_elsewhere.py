"""Definitions out of CDK's output, serverless.yml and folders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import asl_local
from asl_local import DefinitionNotFound, InvalidDefinition

PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}


def write(folder: Path, name: str, content: Any) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1), "utf-8")
    return path


# -- CDK

FUNCTION = "ChargeFunction9A1B2C3D"
MACHINE = {
    "Type": "AWS::StepFunctions::StateMachine",
    "Properties": {
        "DefinitionString": {
            "Fn::Join": [
                "",
                [
                    '{"StartAt":"Charge","States":{"Charge":{"End":true,"Type":"Task","Resource":"arn:',
                    {"Ref": "AWS::Partition"},
                    ':states:::lambda:invoke","Parameters":{"FunctionName":"',
                    {"Fn::GetAtt": [FUNCTION, "Arn"]},
                    '","Payload.$":"$"}}},"TimeoutSeconds":300}',
                ],
            ]
        },
        "RoleArn": {"Fn::GetAtt": ["OrdersRole1234", "Arn"]},
        "StateMachineType": "EXPRESS",
    },
    "Metadata": {"aws:cdk:path": "Shop/Orders/Resource"},
}
SHOP = {"Resources": {FUNCTION: {"Type": "AWS::Lambda::Function"}, "Orders5E6F7A8B": MACHINE}}
FROM_FILE = {
    "Resources": {
        "Stored11223344": {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {
                "DefinitionS3Location": {
                    "Bucket": {"Fn::Sub": "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"},
                    "Key": "abc123.json",
                },
                "DefinitionSubstitutions": {"Text": "hello"},
            },
            "Metadata": {"aws:cdk:path": "Stage/Store/Stored/Resource"},
        }
    }
}
ASSETS = {
    "files": {"abc123": {"source": {"path": "asset.abc123.json"}, "destinations": {"d": {"objectKey": "abc123.json"}}}}
}


@pytest.fixture
def assembly(tmp_path: Path) -> Path:
    folder = tmp_path / "cdk.out"
    stack = {"type": "aws:cloudformation:stack", "properties": {"templateFile": "Shop.template.json"}}
    inner = {"type": "cdk:cloud-assembly", "properties": {"directoryName": "assembly-Stage"}}
    write(folder, "manifest.json", {"version": "36.0.0", "artifacts": {"Shop": stack, "assembly-Stage": inner}})
    write(folder, "Shop.template.json", SHOP)
    write(folder, "Old.template.json", SHOP)  # of a stack that is no longer in the app
    stack = {"type": "aws:cloudformation:stack", "properties": {"templateFile": "Store.template.json"}}
    write(folder, "assembly-Stage/manifest.json", {"artifacts": {"Store": stack}})
    write(folder, "assembly-Stage/Store.template.json", FROM_FILE)
    write(folder, "assembly-Stage/Store.assets.json", ASSETS)
    text = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": "${Text}", "End": True}}}
    write(folder, "assembly-Stage/asset.abc123.json", text)
    return folder


@pytest.mark.parametrize("place", ["", "manifest.json"])
def test_cdks_output_by_its_manifest(assembly: Path, place: str) -> None:
    found = asl_local.definitions_in(assembly / place)
    assert [(f.name, f.type) for f in found] == [("Orders5E6F7A8B", "EXPRESS"), ("Stored11223344", "STANDARD")]
    assert found[0].aliases == ("Shop/Orders", "Orders")
    assert found[1].file.endswith("asset.abc123.json")
    assert asl_local.load(assembly / place, name="Stored").simulate().output == "hello"
    orders = asl_local.load(assembly / place, name="Orders")
    assert orders.warnings == []
    assert orders.simulate(3, {"ChargeFunction*": lambda event: event + 1}).output["Payload"] == 4
    state = orders.definition["States"]["Charge"]
    assert state["Resource"] == "arn:aws:states:::lambda:invoke"
    assert state["Parameters"]["FunctionName"] == f"${{{FUNCTION}.Arn}}"


def test_a_fault_in_what_cdk_joins_has_its_place(assembly: Path) -> None:
    path = assembly / "Shop.template.json"
    path.write_text(path.read_text().replace('\\"TimeoutSeconds\\"', '\\"TimeoutSecond\\"'))
    (found,) = asl_local.validate(path)
    line = path.read_text().splitlines()[(found.line or 0) - 1]
    assert line[(found.column or 0) - 1 :].startswith('\\"TimeoutSecond\\"')


def test_stacks_inside_of_stacks(tmp_path: Path) -> None:
    nested = {
        "Type": "AWS::CloudFormation::Stack",
        "Properties": {"TemplateURL": {"Fn::Join": ["", ["https://s3.", {"Ref": "AWS::Region"}, "/x.json"]]}},
        "Metadata": {"aws:asset:path": "Inner.nested.template.json"},
    }
    path = write(tmp_path, "Outer.template.json", {"Resources": {"Inner": nested}})
    write(tmp_path, "Inner.nested.template.json", SHOP)
    assert [f.name for f in asl_local.definitions_in(path)] == ["Inner/Orders5E6F7A8B"]
    assert asl_local.load(path, name="Orders").name == "Inner-Orders5E6F7A8B"


# -- serverless.yml

SERVICE = """\
service: shop
custom:
  pause: 5
  stages: {dev: D, prod: P}
  machine:
    StartAt: A
    States:
      A: {Type: Pass, Result: "${self:custom.stages.${opt:stage, 'dev'}}", End: true}
provider:
  name: aws
  region: eu-west-1
functions:
  charge: {handler: a.b}
stepFunctions:
  stateMachines:
    orders:
      name: orders-${sls:stage}
      type: EXPRESS
      definition:
        StartAt: Charge
        States:
          Charge:
            Type: Task
            Resource:
              Fn::GetAtt: [charge, Arn]
            TimeoutSeconds: ${self:custom.pause}
            Parameters:
              region: ${self:provider.region}
              account: "#{AWS::AccountId}"
              param: ${param:unknown}
              queue: !Ref Queue
            End: true
    filed:
      definition: ${file(machines/filed.json)}
    part:
      definition: ${file(machines/all.yml):second.definition}
    own:
      definition: ${self:custom.machine}
resources:
  Resources:
    Queue: {Type: "AWS::SQS::Queue"}
    Plain:
      Type: AWS::StepFunctions::StateMachine
      Properties:
        DefinitionString: !Sub |
          {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": "${self:service}-${AWS::Region}", "End": true}}}
"""


@pytest.fixture
def service(tmp_path: Path) -> Path:
    write(tmp_path, "machines/filed.json", {**PASS, "Comment": "${self:service}"})
    all_of_them = (
        "second:\n  definition:\n    StartAt: A\n    States:\n      A: {Type: Pass, Result: second, End: true}\n"
    )
    write(tmp_path, "machines/all.yml", all_of_them)
    return write(tmp_path, "serverless.yml", SERVICE)


def test_serverless_lists_all(service: Path) -> None:
    found = asl_local.definitions_in(service)
    assert [(f.name, f.type, Path(f.file).name, f.line) for f in found] == [
        ("orders", "EXPRESS", "serverless.yml", 20), ("filed", "STANDARD", "filed.json", 1),
        ("part", "STANDARD", "all.yml", 3), ("own", "STANDARD", "serverless.yml", 6),
        ("Plain", "STANDARD", "serverless.yml", 45),
    ]  # fmt: skip
    assert found[0].aliases == ("orders-dev",)


def test_serverless_variables_and_functions(service: Path) -> None:
    orders = asl_local.load(service, name="orders-dev")
    state = orders.definition["States"]["Charge"]
    assert state["Resource"] == "${charge.Arn}"
    assert state["TimeoutSeconds"] == 5
    assert state["Parameters"] == {
        "region": "eu-west-1", "account": "123456789012", "param": "${param:unknown}", "queue": "${Queue}",
    }  # fmt: skip
    assert [(w.code, w.line) for w in orders.warnings] == [("UNRESOLVED_SUBSTITUTION", 30)]
    assert orders.simulate({}, {"charge": lambda event: event["region"]}).output == "eu-west-1"
    given = asl_local.load(service, name="orders", substitutions={"param:unknown": "p"})
    assert given.definition["States"]["Charge"]["Parameters"]["param"] == "p"


@pytest.mark.parametrize(
    ("name", "given", "output"),
    [
        ("filed", {}, {}), ("part", {}, "second"), ("own", {}, "D"), ("own", {"opt:stage": "prod"}, "P"),
        ("Plain", {}, "shop-us-east-1"),
    ],
)  # fmt: skip
def test_serverless_definitions_in_files_and_elsewhere(
    service: Path, name: str, given: dict[str, str], output: Any
) -> None:
    machine = asl_local.load(service, name=name, substitutions=given)
    assert machine.warnings == []
    assert machine.simulate().output == output


def test_serverless_faults_have_their_place(service: Path) -> None:
    write(
        service.parent,
        "machines/filed.json",
        '{"StartAt": "A",\n "States": {"A": {"Type": "Pass", "Nxt": 1, "End": true}}}',
    )
    with pytest.raises(InvalidDefinition) as caught:
        asl_local.load(service, name="filed")
    (found,) = caught.value.diagnostics
    assert (caught.value.source, found.line, found.column) == (str(service.parent / "machines/filed.json"), 2, 35)
    (service.parent / "machines/filed.json").unlink()
    with pytest.raises(InvalidDefinition, match="names no file that can be read here"):
        asl_local.load(service, name="filed")


def test_serverless_machines_in_a_file_of_their_own(tmp_path: Path) -> None:
    write(tmp_path, "machines.yml", {"stateMachines": {"one": {"definition": PASS}, "two": "${file(two.yml)}"}})
    write(tmp_path, "two.yml", {"name": "second", "definition": PASS})
    path = write(tmp_path, "serverless.yml", "service: x\nstepFunctions: ${file(machines.yml)}\n")
    assert [(f.name, f.aliases) for f in asl_local.definitions_in(path)] == [("one", ()), ("two", ("second",))]
    assert asl_local.load(path, name="second").simulate(1).output == 1


def test_serverless_variables_that_lead_to_each_other_end(tmp_path: Path) -> None:
    text = (
        "service: x\ncustom: {a: '${self:custom.b}', b: '${self:custom.a}'}\nstepFunctions:\n  stateMachines:\n    m:\n"
    )
    path = write(tmp_path, "serverless.yml", text + "      definition: ${self:custom.a}\n")
    with pytest.raises(InvalidDefinition, match="names no file"):
        asl_local.load(path)


# -- folders


def test_a_folder_is_searched(tmp_path: Path) -> None:
    write(tmp_path, "a/order.asl.json", PASS)
    write(tmp_path, "a/plain.yaml", "StartAt: A\nStates:\n  A: {Type: Pass, End: true}\n")
    write(tmp_path, "a/package.json", {"name": "StartAt"})
    write(tmp_path, "node_modules/x.asl.json", PASS)
    write(tmp_path, ".hidden/x.asl.json", PASS)
    write(tmp_path, "b/broken.asl.json", "{")
    template = {
        "Resources": {
            "Orders": {"Type": "AWS::Serverless::StateMachine", "Properties": {"DefinitionUri": "m.asl.json"}}
        }
    }
    write(tmp_path, "c/template.json", template)
    write(tmp_path, "c/m.asl.json", {**PASS, "Comment": "${C}"})
    found = asl_local.definitions_in(tmp_path)
    assert [f.name for f in found] == ["order", "plain", "broken", "Orders"]
    assert asl_local.load(tmp_path, name="order").name == "order"
    with pytest.raises(InvalidDefinition):
        asl_local.load(tmp_path, name="broken")
    assert {d.code for d in asl_local.validate(tmp_path)} == {"INVALID_JSON_DESCRIPTION", "UNRESOLVED_SUBSTITUTION"}
    with pytest.raises(DefinitionNotFound, match="holds no state machine"):
        asl_local.load(tmp_path / "node_modules" / "..", name="nothing")


def test_equal_names_are_told_apart_by_their_files(tmp_path: Path) -> None:
    for name in ("one.template.json", "two.template.json"):
        write(tmp_path, name, SHOP)
    names = [f.name for f in asl_local.definitions_in(tmp_path)]
    assert names == ["one/Orders5E6F7A8B", "two/Orders5E6F7A8B"]
    assert asl_local.load(tmp_path, name=names[1]).type == "EXPRESS"
    with pytest.raises(DefinitionNotFound, match="means several"):
        asl_local.load(tmp_path, name="Orders")


def test_an_empty_folder(tmp_path: Path) -> None:
    assert asl_local.definitions_in(tmp_path) == []
    assert asl_local.validate(tmp_path) == []
    with pytest.raises(DefinitionNotFound, match="holds no state machine"):
        asl_local.load(tmp_path)


def test_a_plain_definition_is_its_own_only_one(tmp_path: Path) -> None:
    path = write(tmp_path, "order.asl.json", PASS)
    (found,) = asl_local.definitions_in(path)
    assert (found.name, found.template, found.file) == ("order", None, str(path))
    assert asl_local.load(path, name="anything").name == "anything"
    assert asl_local.load(found).name == "order"
    assert asl_local.load(PASS).name == "StateMachine"
