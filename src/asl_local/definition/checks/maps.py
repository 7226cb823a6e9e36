"""Checks of Map states beyond the table: the two modes, labels, readers, batchers and writers.

Knows: which fields of a Map go together, and AWS's words where they do not. Must never know: how a Map runs.

AWS takes the fields of a Distributed Map on an inline one (recorded for ToleratedFailure..., measured for ItemReader).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from asl_local.definition import diagnostics as codes
from asl_local.definition import grammar
from asl_local.definition.diagnostics import Findings
from asl_local.definition.source import PLACEHOLDER
from asl_local.language.jsonata import is_jsonata
from asl_local.lazy import pattern
from asl_local.values import Json

if TYPE_CHECKING:
    from re import Pattern

ONLY_DISTRIBUTED: Final = (
    "ItemReader", "ItemBatcher", "ResultWriter", "Label", "ToleratedFailureCount", "ToleratedFailureCountPath",
    "ToleratedFailurePercentage", "ToleratedFailurePercentagePath",
)  # fmt: skip
# Developer Guide, "Distributed Map": what a Label may not have.
_NOT_IN_LABELS = pattern(r"[\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]")
_READS = pattern(r"arn:[^:]*:states:::s3:(?:getObject|listObjectsV2)")
_LISTS = pattern(r"arn:[^:]*:states:::s3:listObjectsV2")
_WRITES = pattern(r"arn:[^:]*:states:::s3:putObject")
_BATCH_LIMITS: Final = (
    "MaxItemsPerBatch", "MaxItemsPerBatchPath", "MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath",
)  # fmt: skip


def is_distributed(processor: Json) -> bool:
    """Whether an ItemProcessor (Iterator) says Mode DISTRIBUTED."""
    config = processor.get("ProcessorConfig") if isinstance(processor, dict) else None
    return isinstance(config, dict) and config.get("Mode") == "DISTRIBUTED"


class Maps:
    """The checks of the Map states of one definition, told into `findings`."""

    def __init__(self, findings: Findings, *, express: bool) -> None:
        self.findings = findings
        self.express = express
        self.labels: dict[str, str] = {}

    def state(self, tree: dict[str, Json], pointer: str) -> None:
        """A Map state: fields that only the other mode heeds, and its label."""
        processor = tree.get("ItemProcessor", tree.get("Iterator"))
        if isinstance(processor, dict) and not is_distributed(processor):
            for name in ONLY_DISTRIBUTED:
                if name in tree:
                    self.findings.warning(
                        pointer, f"The field '{name}' belongs to a Distributed Map, and this Map is inline",
                        code=codes.LIKELY_MISTAKE, at=f"{pointer}/{name}", key=True,
                        hint='"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"} in ItemProcessor',
                    )  # fmt: skip
        if isinstance(label := tree.get("Label"), str):
            self._label(label, f"{pointer}/Label")
        self._items(tree, pointer, distributed=is_distributed(processor))

    def _items(self, tree: dict[str, Json], pointer: str, *, distributed: bool) -> None:
        """Items that are written out: an array, or an object whose pairs a Distributed Map takes."""
        items = tree.get("Items", [])
        if isinstance(items, list) or (distributed and isinstance(items, dict)) or is_jsonata(items):
            return
        if isinstance(items, str) and PLACEHOLDER.search(items):
            self.findings.placeholder(f"{pointer}/Items", items, [])
        else:
            self.findings.error(f"{pointer}/Items", "Expected value of type [ARRAY]", hint="or {% an expression %}")

    def _label(self, label: str, at: str) -> None:
        if PLACEHOLDER.search(label):
            return
        if len(label) > grammar.LONGEST_LABEL:
            self.findings.error(
                at, f"Invalid Label name: {label} exceeds the {grammar.LONGEST_LABEL}-character limit allowed by the "
                "service", code=codes.INVALID_LABEL,
            )  # fmt: skip
        elif not label or _NOT_IN_LABELS.search(label):
            self.findings.error(
                at, f"Invalid Label name: {label} contains invalid characters", code=codes.INVALID_LABEL,
                hint="no blanks, brackets, wildcards or any of \" # % \\ ^ | ~ ` $ & , ; : /",
            )  # fmt: skip
        elif (first := self.labels.setdefault(label, at)) != at:
            self.findings.error(
                at, f"Duplicate Label name: {label}", code=codes.DUPLICATE_LABEL, hint=f"the other one is at {first}"
            )

    def processor_config(self, tree: dict[str, Json], pointer: str) -> None:
        """ProcessorConfig: what each mode needs, and where DISTRIBUTED cannot be."""
        if tree.get("Mode") != "DISTRIBUTED":
            if "ExecutionType" in tree:
                self.findings.error(
                    pointer, "Field 'ExecutionType' is not supported", at=f"{pointer}/ExecutionType", key=True,
                    hint="it belongs to Mode DISTRIBUTED",
                )  # fmt: skip
            return
        if self.express:
            self.findings.error(
                f"{pointer}/Mode",
                "The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' state machines",
            )
        if "ExecutionType" not in tree:
            self.findings.error(pointer, "These fields are required: [ExecutionType]", key=True)

    def item_reader(self, tree: dict[str, Json], pointer: str) -> None:
        """ItemReader: which operations read."""
        self._resource(tree, pointer, _READS, "s3:getObject and s3:listObjectsV2")
        config = tree.get("ReaderConfig")
        resource = tree.get("Resource")
        if isinstance(config, dict) and isinstance(resource, str) and _LISTS.fullmatch(resource):
            return
        if isinstance(config, dict) and "InputType" in config:
            self._csv(config, f"{pointer}/ReaderConfig")

    def _csv(self, config: dict[str, Json], pointer: str) -> None:
        kind, location = config.get("InputType"), config.get("CSVHeaderLocation")
        manifest = kind == "MANIFEST"  # whose files may be CSV
        if kind == "CSV" and location is None:
            self.findings.error(pointer, "The field 'CSVHeaderLocation' is required", hint="FIRST_ROW or GIVEN")
        elif kind in ("JSON", "JSONL", "PARQUET") and location is not None:
            self.findings.error(
                pointer, "Field 'CSVHeaderLocation' is not supported", at=f"{pointer}/CSVHeaderLocation", key=True,
                hint=f"{kind} has no header line",
            )  # fmt: skip
        if location == "GIVEN" and "CSVHeaders" not in config:
            self.findings.error(pointer, "These fields are required: [CSVHeaders]", key=True)
        elif "CSVHeaders" in config and location != "GIVEN" and not manifest:
            self.findings.warning(
                pointer, "CSVHeaders are taken with CSVHeaderLocation GIVEN only", code=codes.LIKELY_MISTAKE,
                at=f"{pointer}/CSVHeaders", key=True,
            )  # fmt: skip

    def item_batcher(self, tree: dict[str, Json], pointer: str) -> None:
        """ItemBatcher: a limit there must be."""
        if not any(limit in tree for limit in _BATCH_LIMITS):
            self.findings.error(
                pointer, f"This object should have one of the following fields: [{', '.join(_BATCH_LIMITS)}]"
            )

    def result_writer(self, tree: dict[str, Json], pointer: str) -> None:
        """ResultWriter: where to, or in which form, or both."""
        if not tree:
            self.findings.error(pointer, "Value cannot be empty", hint="Resource and Parameters, or WriterConfig")
        self._resource(tree, pointer, _WRITES, "s3:putObject")
        where = next((name for name in ("Parameters", "Arguments") if name in tree), None)
        if "Resource" in tree and where is None:
            self.findings.error(pointer, "A ResultWriter with Resource needs Parameters (Arguments)", key=True)
        elif where is not None and "Resource" not in tree:
            self.findings.error(pointer, "These fields are required: [Resource]", key=True)

    def _resource(self, tree: dict[str, Any], pointer: str, known: Pattern[str], names: str) -> None:
        resource = tree.get("Resource")
        if isinstance(resource, str) and not known.fullmatch(resource) and not PLACEHOLDER.search(resource):
            self.findings.error(
                f"{pointer}/Resource", "The field 'Resource' does not match any of the allowed values",
                hint=f"there is arn:aws:states:::{names}",
            )  # fmt: skip
