"""What an HTTP Task sends and gets, as TRACE shows it: the task's arguments and result -> request and response.

Knows: the parameters of `http:invoke` and how AWS writes an exchange down (Developer Guide, "Testing an HTTP Task").
Must never know: the network. Nothing is sent from here: this is what Step Functions makes of the arguments, without
what a Connection would add to it, and what the handler answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from asl_local.values import Json, text_of

_AGENT = "Amazon|StepFunctions|HttpInvoke|us-east-1"
_RANGE = "bytes=0-262144"


def exchange(arguments: Json, result: Json) -> dict[str, Any]:
    """`request` and `response` of inspectionData; the response only where the result has a StatusCode."""
    found: dict[str, Any] = {}
    if isinstance(arguments, dict):
        found["request"] = _request(arguments)
    if isinstance(result, dict) and "StatusCode" in result:
        body = result.get("ResponseBody")
        found["response"] = {
            "protocol": found.get("request", {}).get("protocol", "https"),
            "statusCode": str(result["StatusCode"]),
            "statusMessage": str(result.get("StatusText", "")),
            "headers": _headers(result.get("Headers") or {}),
            **({} if body is None else {"body": _text(body)}),
        }
    return found


def _request(arguments: Mapping[str, Json]) -> dict[str, Any]:
    url = str(arguments.get("ApiEndpoint", ""))
    query = arguments.get("QueryParameters") or {}
    if query:
        url += ("&" if "?" in url else "?") + urlencode(query, doseq=True)
    body = arguments.get("RequestBody")
    encoding = (arguments.get("Transform") or {}).get("RequestBodyEncoding")
    encoded = encoding == "URL_ENCODED" and isinstance(body, dict)
    return {
        "protocol": url.partition(":")[0] or "https",
        "method": str(arguments.get("Method", "")),
        "url": url,
        "headers": _headers({**(arguments.get("Headers") or {}), "User-Agent": _AGENT, "Range": _RANGE}),
        **({} if body is None else {"body": urlencode(body, doseq=True) if encoded else _text(body)}),
    }


def _headers(headers: Mapping[str, Json]) -> str:
    """`[Name: value, Other: value, value]`."""
    lines = [
        f"{name}: {', '.join(map(str, value)) if isinstance(value, list) else value}" for name, value in headers.items()
    ]
    return f"[{', '.join(lines)}]"


def _text(body: Json) -> str:
    return body if isinstance(body, str) else text_of(body)
