"""The recorded cases that are not met, and why: one line each, printed into docs/language.md.

Knows: the ids of cases. Must never know: how to meet one.
"""

from __future__ import annotations

_PATTERN = "the corpus's pattern for the cause lacks the quote before the requestId, so that no JSON can match it"
_VERBATIM = (
    "a mock's Return is the result as it is; what is compared is AWS's own answer, with members that the mock has not"
)
_SINCE = "since November 2024 MapStateExited follows MapRunStarted, in more recordings MapRunSucceeded, which is kept"

MISSES: dict[str, str] = {
    "express/express_async/catch": _PATTERN,
    "express/express_sync/catch": _PATTERN,
    "local_mocking/base_callbacks/sfn_start_execution_sync[SFN_SYNC": f"{_VERBATIM} (RedriveCount)",
    "local_mocking/base_callbacks/sqs_wait_for_task_token_task_failure#mock": f"{_VERBATIM} (TaskSubmitted, level 3)",
    "local_mocking/base_scenarios/lambda_service_invoke_sync_execution#mock": f"{_VERBATIM} (ExecutedVersion)",
    "local_mocking/base_scenarios/numbered_mock_responses_multiple_success": f"{_VERBATIM} (ExecutedVersion)",
    "local_mocking/base_scenarios/parallel_state_lambda#mock": f"{_VERBATIM} (ExecutedVersion, level 3)",
    "api/sfn_api/create_update_state_machine_base_role_arn": (
        "level 3: the test changed the role, and AWS answered with new revisions; the recording has one name for all roles, "
        "so the request it shows changes nothing"
    ),
    "api/sfn_api/create_update_state_machine_same_parameters": "level 3: the same, two roles became one",
    "api/sfn_api_logs/deleted_log_group": (
        "the log group had been deleted, which the case does not tell; `StepFunctions(log_groups=...)` refuses it"
    ),
    "api/sfn_api_versioning/publish_state_machine_version": (
        "level 3: the revision id of an earlier answer is lost in the recording, and with it which of three it was"
    ),
    "test_state/field_validation_mode/strict_mode_aws_sdk_lambda_get_function_task[integer_more_than_maximum_allowed]": (
        "MemorySize 10,241 was above the limit of Lambda's API model of the day; the limit is 32,768 now, and the model "
        "that counts is the installed botocore's (docs/decisions/0009)"
    ),
    "scenarios/base_scenarios/parallel_state_nested": "the recording's events were sorted by type, their order is lost",
    "scenarios/base_scenarios/map_state_nested_config_distributed": _SINCE,
    "assign/assign_reference_variables/reference_in_map_state": _SINCE,
    "scenarios/base_scenarios/map_item_reader_base_json_max_items_jsonata": _SINCE,
    "scenarios/base_scenarios/map_item_reader_base_json_with_items_path": _SINCE,
    "scenarios/base_scenarios/map_state_config_distributed_items_path_from_previous": _SINCE,
}
"""The reason by the case's id, or by the beginning of several ids."""


def reason(case: str) -> str | None:
    """Why a case is not met, as far as somebody has said so."""
    return next((why for beginning, why in MISSES.items() if case.startswith(beginning)), None)
