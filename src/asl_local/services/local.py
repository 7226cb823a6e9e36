"""All local AWS state under one folder.

Knows: which services there are and where each keeps its files. Must never know: what a service does.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

from asl_local.errors import AslError, MissingExtra
from asl_local.lazy import TYPE_CHECKING, hinted, later

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from asl_local.services import events, lambda_client, parameters, s3, sns, sqs
    from asl_local.services.lambda_client import Functions
else:  # each when its client is made
    later(
        globals(), "asl_local.services.events", "asl_local.services.lambda_client", "asl_local.services.parameters",
        "asl_local.services.s3", "asl_local.services.sns", "asl_local.services.sqs",
    )  # fmt: skip


class LocalAWS:
    """Local stand-ins for S3, DynamoDB, Rekognition, SNS, SQS, EventBridge and Lambda, all of whose state lies under
    one folder.

    ```
    root/s3/<bucket>/<key>              objects, as files; s3/.system holds what S3 keeps beside them
    root/dynamodb/                      tables
    root/rekognition/                   face collections
    root/sns/<topic>/                   published messages, one JSON file each
    root/sqs/<queue>/                   messages until they are deleted, one JSON file each
    root/events/<bus>/                  events, one JSON file each
    root/executions/                    histories of executions
    ```

    `client(name)` gives what `boto3.client(name)` gives: the same methods, keywords, answers and errors. The folder is
    made with the first write. Any number of threads, and of processes on the same root, may use it at once.

    `region` and `account` (12 digits) appear in ARNs. `now` gives seconds since 1970 for every time stamp; default is the
    machine's clock. `functions` is what client("lambda") invokes: a mapping from names (or ARNs) to handlers, or a
    callable; default is an empty dict, `aws.functions`, to be filled.

    Raises AslError with a one-line text for a root that is no folder.
    """

    def __init__(
        self,
        root_directory: str | os.PathLike[str],
        *,
        region: str = "us-east-1",
        account: str = "123456789012",
        now: Callable[[], float] | None = None,
        functions: Functions | None = None,
    ) -> None:
        self.root = Path(root_directory).absolute()
        self.region, self.account = region, account
        self.functions: Functions = {} if functions is None else functions
        self.now = time.time if now is None else now
        self._clients: dict[str, Any] = {}
        self._guard = threading.RLock()
        _check_root(self.root)

    def client(self, name: str) -> Any:
        """The service of that name, the same object each time; raises AslError for a service that is not here."""
        with self._guard:
            if name not in self._clients:
                make = _MAKERS.get(name)
                if make is None:
                    hint = _ADDED.get(name) or f"there are {', '.join(_MAKERS)}{parameters.did_you_mean(name, _MAKERS)}"
                    raise AslError(f"there is no local stand-in for the service {name!r}; {hint}")
                self._clients[name] = make(self)
            return self._clients[name]

    def add(self, name: str, client: Any) -> None:
        """Makes `client(name)` give this object: for a client that is no stand-in of ours, like asl_local.StepFunctions.

        Raises AslError where the name is taken.
        """
        with self._guard:
            if name in _MAKERS or name in self._clients:
                raise AslError(f"there is a client {name!r} already")
            self._clients[name] = client

    def __repr__(self) -> str:
        return f"LocalAWS({str(self.root)!r})"


def _s3(aws: LocalAWS) -> s3.S3:
    return s3.S3(aws.root / "s3", region=aws.region, account=aws.account, now=aws.now)


def _sns(aws: LocalAWS) -> sns.SNS:
    return sns.SNS(aws.root / "sns", region=aws.region, account=aws.account, now=aws.now)


def _sqs(aws: LocalAWS) -> sqs.SQS:
    return sqs.SQS(aws.root / "sqs", region=aws.region, account=aws.account, now=aws.now)


def _events(aws: LocalAWS) -> events.EventBridge:
    return events.EventBridge(aws.root / "events", region=aws.region, account=aws.account, now=aws.now)


def _lambda(aws: LocalAWS) -> lambda_client.Lambda:
    return lambda_client.Lambda(aws.functions, region=aws.region, account=aws.account)


def _dynamodb(aws: LocalAWS) -> Any:
    service = _optional("dynamodb", "DynamoDB")
    return service(aws.root / "dynamodb", region=aws.region, account=aws.account, now=aws.now)


def _rekognition(aws: LocalAWS) -> Any:
    def open_object(bucket: str, key: str, version: str | None = None) -> tuple[int, str]:
        opened: tuple[int, str] = aws.client("s3").open_file(bucket, key, version)
        return opened

    service = _optional("rekognition", "Rekognition")
    folder = aws.root / "rekognition"
    return service(folder, open_object=open_object, region=aws.region, account=aws.account, now=aws.now)


_MAKERS: dict[str, Callable[[LocalAWS], Any]] = {
    "dynamodb": _dynamodb,
    "events": _events,
    "lambda": _lambda,
    "rekognition": _rekognition,
    "s3": _s3,
    "sns": _sns,
    "sqs": _sqs,
}


_ADDED = {"stepfunctions": "aws.add('stepfunctions', asl_local.StepFunctions(resources, aws=aws)) makes one"}

# What a stand-in imports once it is used; looked for when it is made, so that nobody learns it in the middle of a workflow.
_NEEDS = {"dynamodb": ("tinydb",), "rekognition": ("cv2", "numpy", "PIL")}
_EXTRAS = {"dynamodb": "dynamodb", "rekognition": "photos"}


def _optional(service: str, name: str) -> Any:
    """The class of a stand-in that needs one of the extras."""
    import importlib.util  # noqa: PLC0415 - with the few that look for something

    missing = [module for module in _NEEDS[service] if importlib.util.find_spec(module) is None]
    if missing:
        modules = " and ".join(missing)
        command = f"pip install 'asl-local[{_EXTRAS[service]}]'"
        raise MissingExtra(f"the {service} stand-in needs {modules}, not installed here: {command}", name=missing[0])
    return getattr(importlib.import_module(f"asl_local.services.{service}"), name)


def _check_root(root: Path) -> None:
    """A root that cannot work is better refused now than at the first write, deep in a workflow."""
    existing = next(path for path in (root, *root.parents) if os.path.lexists(path))
    if not existing.is_dir():
        raise AslError(f"the root directory {root} cannot be used: {existing} is a file, not a directory")
    if existing != root and not os.access(existing, os.W_OK | os.X_OK):
        raise AslError(f"the root directory {root} cannot be made: {existing} is not writable")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise AslError(f"the root directory {root} cannot be used: it is not writable")


hinted(globals())
