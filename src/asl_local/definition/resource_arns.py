"""Resource ARNs: text -> what kind of thing a Task names.

Knows: the shapes of ARNs and the optimised integrations that AWS has (Developer Guide, "Integrating services").
Must never know: who answers a resource here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, Literal

from asl_local.definition.source import PLACEHOLDER
from asl_local.lazy import dataclass, pattern

Pattern = Literal["", ".sync", ".sync:2", ".waitForTaskToken"]


@dataclass(frozen=True, slots=True)
class ResourceArn:
    """A Task's Resource in parts.

    `kind`: a Lambda function's own ARN, an activity, an optimised integration, an `aws-sdk:` integration, or a URI that
    AWS does not know. `service` and `action` as the ARN writes them, without the `pattern`.
    """

    kind: Literal["lambda", "activity", "optimised", "sdk", "other"]
    service: str = ""
    action: str = ""
    pattern: str = ""


_RR: Final = ("",)
_TOKEN: Final = ("", ".waitForTaskToken")
_JOB: Final = ("", ".sync")

# Optimised integrations: service -> action -> patterns.
OPTIMISED: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "apigateway": {"invoke": _TOKEN},
    "athena": {
        "startQueryExecution": _JOB, "stopQueryExecution": _RR, "getQueryExecution": _RR, "getQueryResults": _RR,
    },
    "batch": {"submitJob": _JOB},
    "bedrock": {"invokeModel": (*_JOB, ".waitForTaskToken"), "createModelCustomizationJob": _JOB},
    "codebuild": {
        "startBuild": _JOB, "stopBuild": _RR, "batchDeleteBuilds": _RR, "batchGetReports": _RR,
        "startBuildBatch": _JOB, "stopBuildBatch": _RR, "retryBuildBatch": _JOB, "deleteBuildBatch": _JOB,
    },
    "databrew": {"startJobRun": _JOB},
    "dynamodb": {"getItem": _RR, "putItem": _RR, "deleteItem": _RR, "updateItem": _RR},
    "ecs": {"runTask": (*_JOB, ".waitForTaskToken")},
    "eks": {
        "call": _RR, "runJob": (*_JOB, ".waitForTaskToken"), "createCluster": _JOB, "deleteCluster": _JOB,
        "createFargateProfile": _JOB, "deleteFargateProfile": _JOB, "createNodegroup": _JOB, "deleteNodegroup": _JOB,
    },
    "elasticmapreduce": {
        "createCluster": _JOB, "terminateCluster": _JOB, "addStep": _JOB,
        "cancelStep": _RR, "modifyInstanceFleetByName": _RR, "modifyInstanceGroupByName": _RR,
        "setClusterTerminationProtection": _RR,
    },
    "emr-containers": {"createVirtualCluster": _RR, "deleteVirtualCluster": _JOB, "startJobRun": _JOB},
    "emr-serverless": {
        "createApplication": _JOB, "startApplication": _JOB, "stopApplication": _JOB, "deleteApplication": _JOB,
        "startJobRun": _JOB, "cancelJobRun": _JOB,
    },
    "events": {"putEvents": _TOKEN},
    "glue": {"startJobRun": _JOB},
    "http": {"invoke": _TOKEN},
    "lambda": {"invoke": _TOKEN},
    "mediaconvert": {"createJob": _JOB},
    "sagemaker": {
        "createEndpoint": _RR, "createEndpointConfig": _RR, "createHyperParameterTuningJob": _JOB,
        "createLabelingJob": _JOB, "createModel": _RR, "createProcessingJob": _JOB, "createTrainingJob": _JOB,
        "createTransformJob": _JOB, "updateEndpoint": _RR,
    },
    "sns": {"publish": _TOKEN},
    "sqs": {"sendMessage": _TOKEN},
    "states": {"startExecution": (*_JOB, ".sync:2", ".waitForTaskToken")},
}  # fmt: skip

# A partition may be a placeholder or, in templates, empty; region and account of an integration are empty on AWS but
# templates fill them in.
_PARTITION = r"arn:(?:aws[a-z-]*|\$)?:"
_LAMBDA = pattern(_PARTITION + r"lambda:[^:\s]*:[^:\s]*:function:[\w$-]+(?::(?:\$LATEST|\$|[\w-]+))?", re.ASCII)
_ACTIVITY = pattern(_PARTITION + r"states:[^:\s]+:[^:\s]+:activity:[^\s:<>{}\[\]?*\"#%\\^|~`&,;/]+")
_INTEGRATION = pattern(
    _PARTITION + r"states:[^:\s]*:[^:\s]*:(?:(aws-sdk):)?([a-z0-9$-]+):([A-Za-z0-9$]+)((?:\.[\w:]+)?)"
)
_SERVERLESS = pattern(r"#\{[^{}]+\}")  # the Serverless Framework's own placeholders
_URI = pattern(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")
_OURS = pattern(_PARTITION + r"(?:lambda|states):")


@lru_cache(maxsize=1024)
def parse(text: str) -> ResourceArn | None:
    """The parts of a Resource; None for what is no resource at all or a malformed ARN of Lambda or Step Functions.

    Placeholders (`${...}`) stand for any part. A URI of another scheme or service has kind "other": the specification
    allows it, AWS would refuse it.
    """
    filled = _SERVERLESS.sub("$", PLACEHOLDER.sub("$", text))
    if filled == "$":
        return ResourceArn("other")
    if _LAMBDA.fullmatch(filled):
        return ResourceArn("lambda")
    if _ACTIVITY.fullmatch(filled):
        return ResourceArn("activity")
    if match := _INTEGRATION.fullmatch(filled):
        sdk, service, action, pattern = match.groups()
        if sdk:
            return ResourceArn("sdk", service, action, pattern) if pattern in _TOKEN else None
        if "$" in service or "$" in action:
            return ResourceArn("optimised", service, action, pattern)
        patterns = OPTIMISED.get(service, {}).get(action)
        return ResourceArn("optimised", service, action, pattern) if patterns and pattern in patterns else None
    if _OURS.match(filled) or not (_URI.fullmatch(filled) or filled.startswith("$")):
        return None
    return ResourceArn("other")
