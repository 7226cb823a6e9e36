"""A CSV of up to a million rows through a Distributed Map, under the simulator: is the memory flat, are the results whole?

    python bench/distributed_map.py [rows ...]        default: 10,000, 100,000 and 1,000,000

Each size runs in a process of its own: `ru_maxrss` is the peak of a whole process. The machine reads the CSV from the S3
stand-in, hands batches of 100 rows to child executions of one Lambda task, and writes the results with a ResultWriter.
The check adds up what the result files say about every row.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import asl_local
from asl_local import LocalAWS, Resources

SIZES = (10_000, 100_000, 1_000_000)
BATCH = 100

MACHINE: dict[str, Any] = {
    "StartAt": "Rows",
    "States": {
        "Rows": {
            "Type": "Map",
            "Label": "Rows",
            "ItemReader": {
                "Resource": "arn:aws:states:::s3:getObject",
                "Parameters": {"Bucket": "bench", "Key": "rows.csv"},
                "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
            },
            "ItemBatcher": {"MaxItemsPerBatch": BATCH},
            "MaxConcurrency": 100,
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
                "StartAt": "Add",
                "States": {
                    "Add": {
                        "Type": "Task",
                        "Resource": "arn:aws:lambda:us-east-1:123456789012:function:add",
                        "End": True,
                    }
                },
            },
            "ResultWriter": {
                "Resource": "arn:aws:states:::s3:putObject",
                "Parameters": {"Bucket": "bench", "Prefix": "results"},
            },
            "End": True,
        }
    },
}


def add(event: dict[str, Any]) -> dict[str, int]:
    return {"rows": len(event["Items"]), "sum": sum(int(item["number"]) for item in event["Items"])}


def write_rows(path: Path, rows: int) -> None:
    path.parent.mkdir(parents=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["number", "name", "amount"])
        writer.writerows((number, f"row {number}", f"{number % 977}.50") for number in range(rows))


def once(rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_rows(Path(folder) / "s3" / "bench" / "rows.csv", rows)
        aws = LocalAWS(folder)
        machine = asl_local.load(MACHINE, name="bench")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.perf_counter()
        result = machine.simulate({}, Resources({"add": add}, aws=aws))
        seconds = time.perf_counter() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        result.unwrap()
        s3 = aws.client("s3")

        def read(key: str) -> Any:
            return json.loads(s3.get_object(Bucket="bench", Key=key)["Body"].read())

        files = read(result.output["ResultWriterDetails"]["Key"])["ResultFiles"]["SUCCEEDED"]
        counted = total = children = 0
        for file in files:
            for record in read(file["Key"]):
                output = json.loads(record["Output"])
                children, counted, total = children + 1, counted + output["rows"], total + output["sum"]
        assert (counted, total) == (rows, rows * (rows - 1) // 2), (counted, total)
        assert children == -(-rows // BATCH) == result.map_runs[0].executions["succeeded"]
        print(
            f"| {rows:>9,} | {children:>6,} | {len(files):>3} | {seconds:6.1f} s | {rows / seconds:>9,.0f} "
            f"| {before / 1024:5.0f} MiB | {peak / 1024:5.0f} MiB | complete |",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", type=int, default=SIZES, help="how many rows, one run each")
    parser.add_argument("--once", action="store_true", help="measure in this process, without the table's head")
    arguments = parser.parse_args()
    if arguments.once:
        once(arguments.rows[0])
        return
    print("| rows | children | files | time | rows/s | memory before | at its peak | results |")
    print("|" + " --- |" * 8, flush=True)
    for rows in arguments.rows:
        subprocess.run([sys.executable, __file__, "--once", str(rows)], check=True)


if __name__ == "__main__":
    main()
