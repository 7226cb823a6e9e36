"""Names and ARNs: how they are made and taken apart; and page tokens, the other texts that callers hand back.

Knows: AWS's rules for names, the forms of ARNs, and the refusals of both. Must never know: what exists.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, TypeVar

from asl_local.interfaces.stepfunctions.operations import PAGE
from asl_local.lazy import dataclass
from asl_local.services.errors import ClientError, client_error
from asl_local.services.parameters import Answer, Given, invalid_parameters

# API reference, CreateStateMachine: no white space, brackets, wildcards, special or control characters. Activities were
# recorded character by character.
_FORBIDDEN_IN_NAMES = re.compile(r'[\s<>{}\[\]?*"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]')

_Thing = TypeVar("_Thing")


class MachineArn(NamedTuple):
    """A state machine's ARN taken apart; `qualifier` is a version's number, an alias's name, or None."""

    machine: str
    name: str
    qualifier: str | None


@dataclass(frozen=True, slots=True)
class Partition:
    """Where everything of one client lives: the region and account of its ARNs."""

    region: str
    account: str

    def make(self, kind: str, *names: str) -> str:
        """`arn:aws:states:<region>:<account>:<kind>:<names>`."""
        return ":".join(["arn:aws:states", self.region, self.account, kind, *names])


def check_name(name: str, operation: str) -> None:
    """Raises InvalidName."""
    if _FORBIDDEN_IN_NAMES.search(name):
        raise client_error("InvalidName", f"Invalid Name: '{name}'", operation)


def check_role(arn: str, operation: str) -> None:
    """Raises InvalidArn for what cannot be the ARN of a role."""
    if not re.fullmatch(r"arn:aws[\w-]*:iam::\d{12}:role/.+", arn):
        raise client_error("InvalidArn", f"Invalid Role Arn: '{arn}'", operation)


def invalid_arn(why: str, operation: str) -> ClientError:
    """The refusal of an ARN."""
    return client_error("InvalidArn", f"Invalid Arn: '{why}'", operation)


def parts(arn: str, operation: str, *kinds: str) -> list[str]:
    """What follows the kind in the ARN of a resource of Step Functions; the kind must be one of `kinds`.

    Raises InvalidArn, in the recorded words where there are some.
    """
    pieces = arn.split(":")
    if len(pieces) < 7 or pieces[0] != "arn" or not pieces[1].startswith("aws") or pieces[2] != "states":
        raise invalid_arn(f"Invalid ARN prefix: {arn}", operation)
    kind, names = pieces[5], pieces[6:]
    if kind not in kinds:
        raise invalid_arn(f"Resource type not valid in this context: {kind}", operation)
    if not all(names):
        raise invalid_arn(f"Invalid ARN: {arn}", operation)
    return names


def machine_arn(arn: str, operation: str) -> MachineArn:
    """Takes a state machine's ARN apart, with or without a version or an alias at its end."""
    names = parts(arn, operation, "stateMachine")
    if len(names) > 2:
        raise invalid_arn(f"Invalid ARN: {arn}", operation)
    qualifier = names[1] if len(names) == 2 else None
    return MachineArn(arn if qualifier is None else arn.rpartition(":")[0], names[0], qualifier)


def unqualified(arn: str, operation: str) -> str:
    """The ARN of a machine, given without a version or an alias."""
    if machine_arn(arn, operation).qualifier is not None:
        raise invalid_arn("Resource type not valid in this context: a state machine's version or alias", operation)
    return arn


def version_number(qualifier: str | None) -> int | None:
    """The version that a qualifier names; None for an alias's name, which is never digits only."""
    return int(qualifier) if qualifier is not None and re.fullmatch(r"\d{1,9}", qualifier) else None


# -- pages -------------------------------------------------------------------------------------------------------------


def page(
    things: Iterable[_Thing],
    given: Given,
    operation: str,
    member: str,
    show: Callable[[_Thing], Any],
    *,
    place: Callable[[_Thing], Any],
    newest_first: bool = False,
) -> Answer:
    """`{member: [...]}` with at most maxResults of the things, and a nextToken if there are more.

    `place` is what they are ordered by, a number or a name. The token names the last place shown: what comes or goes
    meanwhile does not shift the pages. A token of another operation or of another resource is InvalidToken.
    """
    ordered = sorted(things, key=place, reverse=newest_first)
    scope = next((given[name] for name in ("stateMachineArn", "executionArn", "mapRunArn") if name in given), "")
    if "nextToken" in given:
        after = _read_token(given["nextToken"], operation, scope)
        ordered = [thing for thing in ordered if (place(thing) < after if newest_first else place(thing) > after)]
    most = given.get("maxResults") or PAGE
    answer: Answer = {member: [show(thing) for thing in ordered[:most]]}
    if most < len(ordered):
        token = json.dumps([operation, scope, place(ordered[most - 1])])
        answer["nextToken"] = base64.urlsafe_b64encode(token.encode()).decode()
    return answer


class Pages:
    """The answers of a listing one after the other, as boto3's paginators give them."""

    def __init__(self, list_page: Callable[..., Answer], operation: str) -> None:
        self._list_page, self._operation = list_page, operation

    def paginate(self, **given: Any) -> Iterator[Answer]:
        """One answer after the other; PaginationConfig may hold PageSize. Raises ParamValidationError for more."""
        config = given.pop("PaginationConfig", {})
        if set(config) - {"PageSize"}:
            raise invalid_parameters(self._operation, f"PaginationConfig has PageSize only here, not {sorted(config)}")
        if "PageSize" in config:
            given["maxResults"] = config["PageSize"]
        while True:
            answer = self._list_page(**given)
            yield answer
            if "nextToken" not in answer:
                return
            given["nextToken"] = answer["nextToken"]


def invalid_token(operation: str) -> ClientError:
    """What a page token or a task token that the client never gave is answered with (recorded)."""
    return client_error("InvalidToken", "Invalid Token: 'Invalid token'", operation)


def _read_token(token: str, operation: str, scope: str) -> Any:
    try:
        made_for, of, after = json.loads(base64.b64decode(token.encode(), b"-_", validate=True))
        if (made_for, of) == (operation, scope):
            return after
    except (ValueError, TypeError):
        pass
    raise invalid_token(operation)
