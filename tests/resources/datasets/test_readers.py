"""What an ItemReader makes of files, good and hostile ones."""

from __future__ import annotations

import gzip
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asl_local import LocalAWS, StateError
from asl_local.resources.datasets import items_of
from asl_local.resources.datasets.json_stream import elements
from asl_local.resources.datasets.sources import handler_items

BUCKET = "data-sets"


@pytest.fixture
def s3(tmp_path: Path) -> Any:
    client = LocalAWS(tmp_path, now=lambda: 1_700_000_000.0).client("s3")
    client.create_bucket(Bucket=BUCKET)
    return client


def read(s3: Any, body: bytes | str, **config: Any) -> list[Any]:
    s3.put_object(Bucket=BUCKET, Key="file", Body=body)
    return [item.value for item in items_of(s3, "getObject", {"Bucket": BUCKET, "Key": "file"}, config)]


def cause(s3: Any, body: bytes | str, **config: Any) -> str:
    with pytest.raises(StateError) as caught:
        read(s3, body, **config)
    assert caught.value.error == "States.ItemReaderFailed"
    return caught.value.cause


CSV = {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}


class TestCsv:
    def test_missing_fields_are_empty_and_surplus_ones_dropped(self, s3: Any) -> None:
        body = "a,b,c\n1,2,3\n,,,\n4\n5,6,7,8\n   \n\n"
        rows = [list(row.values()) for row in read(s3, body, **CSV)]
        assert rows == [["1", "2", "3"], ["", "", ""], ["4", "", ""], ["5", "6", "7"], ["   ", "", ""], ["", "", ""]]

    def test_given_headers_make_the_first_row_an_item(self, s3: Any) -> None:
        rows = read(s3, "1,2", InputType="CSV", CSVHeaderLocation="GIVEN", CSVHeaders=["x", ""])
        assert rows == [{"x": "1", "": "2"}]

    @pytest.mark.parametrize("given_headers", [True, False])
    def test_duplicate_headers_are_refused(self, s3: Any, given_headers: bool) -> None:
        config = {**CSV, "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["a", "a"]} if given_headers else CSV
        assert cause(s3, "a,b,a\n1,2,3", **config) == "CSV headers cannot contain duplicates."

    @pytest.mark.parametrize(
        ("name", "mark"), [("COMMA", ","), ("PIPE", "|"), ("SEMICOLON", ";"), ("SPACE", " "), ("TAB", "\t")]
    )
    def test_delimiters(self, s3: Any, name: str, mark: str) -> None:
        assert read(s3, f"a{mark}b\n1{mark}2", **CSV, CSVDelimiter=name) == [{"a": "1", "b": "2"}]

    def test_quotes(self, s3: Any) -> None:
        body = 'a,b\n"x,y","say ""hi"""\n"two\nlines","say \\"ho\\""\n'
        assert [list(row.values()) for row in read(s3, body, **CSV)] == [
            ["x,y", 'say "hi"'],
            ["two\nlines", 'say "ho"'],
        ]

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_line_ends(self, s3: Any, end: str) -> None:
        assert read(s3, f"a,b{end}1,2{end}3,4{end}", **CSV) == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]

    def test_a_byte_order_mark_is_no_part_of_the_first_name(self, s3: Any) -> None:
        assert read(s3, b"\xef\xbb\xbfa\n1", **CSV) == [{"a": "1"}]

    def test_an_empty_file_has_no_items(self, s3: Any) -> None:
        assert read(s3, b"", **CSV) == []
        assert read(s3, b"a,b", **CSV) == []

    def test_what_is_not_utf8_is_refused(self, s3: Any) -> None:
        assert "not UTF-8" in cause(s3, "name\nJosé".encode("latin-1"), **CSV)

    def test_an_open_quote_is_refused(self, s3: Any) -> None:
        assert "near line 3" in cause(s3, 'a\n1\n"never closed', **CSV)

    def test_a_huge_field_is_refused(self, s3: Any) -> None:
        assert "larger than field limit" in cause(s3, "a\n" + "x" * 200_000, **CSV)
        assert "is longer than" in cause(s3, "a\n" + "x" * 5_000_000, **CSV)

    def test_a_huge_header_is_refused(self, s3: Any) -> None:
        assert "CSV headers cannot be larger than 10240 bytes." in cause(s3, "x" * 10_241 + "\n1", **CSV)


class TestJson:
    def test_an_array(self, s3: Any) -> None:
        assert read(s3, ' [1, "a,]", {"b": [true]}, -0.5e1, null] ', InputType="JSON") == [
            1, "a,]", {"b": [True]}, -5.0, None,
        ]  # fmt: skip

    def test_an_object_as_the_whole_document_is_refused(self, s3: Any) -> None:
        assert cause(s3, '{"Hello": "world"}', InputType="JSON") == "Attempting to map over non-iterable node."
        assert cause(s3, "7", InputType="JSON") == "Attempting to map over non-iterable node."

    def test_a_pointer_leads_to_an_array_or_an_object(self, s3: Any) -> None:
        body = json.dumps({"x": [[0], {"a/b": {"~": [1, 2], "o": {"p": 1, "q": 2}}}], "y": 1})
        assert read(s3, body, InputType="JSON", ItemsPointer="/x/1/a~1b/~0") == [1, 2]
        items = items_of(
            s3, "getObject", {"Bucket": BUCKET, "Key": "file"},
            {"InputType": "JSON", "ItemsPointer": "/x/1/a~1b/o"},
        )  # fmt: skip
        assert [(item.key, item.value) for item in items] == [("p", 1), ("q", 2)]

    @pytest.mark.parametrize("pointer", ["/no", "/x/5", "/x/01", "/y/0", "nothing", "/x/-"])
    def test_a_pointer_that_leads_nowhere(self, s3: Any, pointer: str) -> None:
        assert "leads nowhere" in cause(s3, '{"x": [[1]], "y": 2}', InputType="JSON", ItemsPointer=pointer)

    @pytest.mark.parametrize(
        "body",
        ["", "[", "[1", "[1,", "[1 2]", "[1]]", "[1][2]", "[NaN]", "[1e999]", '["open', "[01]", "{]", "[x]", "[tru]",
         "[1,]", '{"a" 1}'],
    )  # fmt: skip
    def test_what_is_no_json_is_refused(self, s3: Any, body: str) -> None:
        assert "not JSON" in cause(s3, body, InputType="JSON")

    @pytest.mark.parametrize("body", ["[" + "[" * 600 + "]" * 600 + "]", "[" * 100_000])
    def test_deep_nesting_is_refused(self, s3: Any, body: str) -> None:
        assert "nested" in cause(s3, body, InputType="JSON")

    def test_garbage_is_not_searched_to_its_end(self) -> None:
        class Endless(io.StringIO):
            reads = 0

            def read(self, size: int | None = -1) -> str:
                self.reads += 1
                assert self.reads < 10
                return "?" * 65_536

        with pytest.raises(ValueError, match="where a value is wanted"):
            list(elements(Endless()))

    json_values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
        max_leaves=10,
    )

    @given(st.lists(json_values), st.integers(1, 7), st.sampled_from([None, 0, 2]))
    def test_any_array_however_the_chunks_fall(self, values: list[Any], chunk: int, indent: int | None) -> None:
        class Dripping(io.StringIO):
            def read(self, size: int | None = -1) -> str:
                return super().read(chunk)

        text = json.dumps({"before": {"x": [1, "]"]}, "items": values, "after": 1}, indent=indent)
        assert [value for _, value in elements(Dripping(text), "/items")] == values
        assert [value for _, value in elements(Dripping(json.dumps(values, indent=indent)))] == values


class TestJsonLines:
    def test_a_value_a_line(self, s3: Any) -> None:
        assert read(s3, '{"a": 1}\n\n[2]\r\n"x"\n', InputType="JSONL") == [{"a": 1}, [2], "x"]

    @pytest.mark.parametrize(
        ("body", "words"),
        [("1\n{", "Line 2 is not JSON"), ("1 2", "Line 1 is not JSON"), ("Infinity", "Line 1"), (b"\xff", "not UTF-8"),
         ("[" * 700 + "]" * 700, "Line 1")],
    )  # fmt: skip
    def test_what_is_refused(self, s3: Any, body: Any, words: str) -> None:
        assert words in cause(s3, body, InputType="JSONL")


class TestPacked:
    def test_gzip_and_zstandard_are_unpacked(self, s3: Any) -> None:
        zstandard = pytest.importorskip("zstandard")
        body = b'[{"n": 1}]'
        assert read(s3, gzip.compress(body), InputType="JSON") == [{"n": 1}]
        assert read(s3, zstandard.ZstdCompressor().compress(body), InputType="JSON") == [{"n": 1}]

    @pytest.mark.parametrize("cut", [5, 12, -6])
    def test_a_truncated_file_is_refused(self, s3: Any, cut: int) -> None:
        rows = "\n".join(str(n) for n in range(5_000))
        assert "cannot be unpacked" in cause(s3, gzip.compress(rows.encode())[:cut], InputType="JSONL")

    def test_a_broken_file_is_refused(self, s3: Any) -> None:
        packed = bytearray(gzip.compress(b"[1, 2, 3]" * 100))
        packed[20:30] = b"\x00" * 10
        assert "cannot be unpacked" in cause(s3, bytes(packed), InputType="JSONL")
        assert "cannot be unpacked" in cause(s3, b"\x28\xb5\x2f\xfd" + b"garbage" * 9, InputType="JSONL")


class TestParquet:
    def test_rows_are_objects(self, s3: Any, tmp_path: Path) -> None:
        pa = pytest.importorskip("pyarrow")
        from pyarrow import parquet

        table = pa.table(
            {
                "n": [1, 2],
                "x": [0.5, float("nan")],
                "t": [datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC), None],
                "b": [b"\x00\xff", b""],
                "s": [{"k": [1]}, {"k": []}],
            }
        )
        parquet.write_table(table, tmp_path / "x.parquet", row_group_size=1)
        assert read(s3, (tmp_path / "x.parquet").read_bytes(), InputType="PARQUET") == [
            {"n": 1, "x": 0.5, "t": "2024-01-02T03:04:05+00:00", "b": "AP8=", "s": {"k": [1]}},
            {"n": 2, "x": None, "t": None, "b": "", "s": {"k": []}},
        ]

    @pytest.mark.parametrize("body", [b"", b"PAR1", b"PAR1" + b"\x00" * 50 + b"PAR1"])
    def test_what_is_none_is_refused(self, s3: Any, body: bytes) -> None:
        pytest.importorskip("pyarrow")
        assert "not a Parquet file" in cause(s3, body, InputType="PARQUET")


class TestManyObjects:
    def test_a_listing(self, s3: Any) -> None:
        s3.put_object(Bucket=BUCKET, Key="in/a.json", Body=b"[1]")
        s3.put_object(Bucket=BUCKET, Key="other", Body=b"")
        listing = list(items_of(s3, "listObjectsV2", {"Bucket": BUCKET, "Prefix": "in/"}, {}))
        etag = s3.head_object(Bucket=BUCKET, Key="in/a.json")["ETag"]
        assert [item.source for item in listing] == [f"S3://{BUCKET}"]
        assert isinstance(listing[0].value.pop("LastModified"), int)
        assert listing[0].value == {"Etag": etag, "Key": "in/a.json", "Size": 3, "StorageClass": "STANDARD"}

    def test_a_listing_of_many_pages(self, s3: Any) -> None:
        for number in range(7):
            s3.put_object(Bucket=BUCKET, Key=f"k{number}", Body=b"")
        listing = items_of(s3, "listObjectsV2", {"Bucket": BUCKET, "MaxKeys": 3}, {})
        assert [item.value["Key"] for item in listing] == [f"k{number}" for number in range(7)]

    def test_a_listing_loaded_and_flattened(self, s3: Any) -> None:
        s3.put_object(Bucket=BUCKET, Key="in/a.jsonl", Body=b"1\n2\n")
        s3.put_object(Bucket=BUCKET, Key="in/b.jsonl", Body=b"3\n")
        items = items_of(
            s3, "listObjectsV2", {"Bucket": BUCKET, "Prefix": "in/"},
            {"InputType": "JSONL", "Transformation": "LOAD_AND_FLATTEN"},
        )  # fmt: skip
        assert [(item.value, item.source) for item in items] == [
            (1, f"S3://{BUCKET}/in/a.jsonl"), (2, f"S3://{BUCKET}/in/a.jsonl"), (3, f"S3://{BUCKET}/in/b.jsonl"),
        ]  # fmt: skip

    def test_an_inventory(self, s3: Any) -> None:
        s3.put_object(Bucket=BUCKET, Key="inv/1.csv.gz", Body=gzip.compress(b'"b","k%201","5"\n'))
        manifest = {
            "destinationBucket": f"arn:aws:s3:::{BUCKET}",
            "fileFormat": "CSV",
            "fileSchema": "Bucket, Key, Size",
            "files": [{"key": "inv/1.csv.gz", "size": 1, "MD5checksum": ""}],
        }
        rows = read(s3, json.dumps(manifest), InputType="MANIFEST")
        assert rows == [{"Bucket": "b", "Key": "k%201", "Size": "5"}]
        orc = {**manifest, "fileFormat": "ORC"}
        assert "only CSV can be read" in cause(s3, json.dumps(orc), InputType="MANIFEST")

    @pytest.mark.parametrize("body", ["", "[]", "{}", '{"destinationBucket": 1}', "\udcff".encode("utf-8", "replace")])
    def test_what_is_no_inventory_is_refused(self, s3: Any, body: Any) -> None:
        assert "not the manifest of an S3 Inventory" in cause(s3, body, InputType="MANIFEST")

    def test_what_athena_unloaded(self, s3: Any) -> None:
        s3.put_object(Bucket=BUCKET, Key="out/1", Body=gzip.compress(b'{"a": 1}\n'))
        s3.put_object(Bucket=BUCKET, Key="out/2", Body=b'{"a": 2}\n')
        body = f"s3://{BUCKET}/out/1\ns3://{BUCKET}/out/2\n"
        assert read(s3, body, InputType="JSONL", ManifestType="ATHENA_DATA") == [{"a": 1}, {"a": 2}]
        assert "where s3://bucket/key is wanted" in cause(s3, "out/1", InputType="JSONL", ManifestType="ATHENA_DATA")

    @pytest.mark.parametrize("kind", [None, "ATHENA_DATA", "S3_INVENTORY"])
    @pytest.mark.parametrize("body", [b"\xff\xfe", b"\x1f\x8b\x08no", gzip.compress(b"s3://b/k\n", mtime=0)[:-6]])
    def test_a_manifest_that_is_no_text_or_broken_is_refused(self, s3: Any, kind: str | None, body: bytes) -> None:
        assert cause(s3, body, InputType="MANIFEST", **({"ManifestType": kind} if kind else {}))

    def test_a_prefix_that_is_no_text_is_refused(self, s3: Any) -> None:
        with pytest.raises(StateError, match=r"States\.ItemReaderFailed: .*surrogates"):
            list(items_of(s3, "listObjectsV2", {"Bucket": BUCKET, "Prefix": "\ud800"}, {}))

    def test_what_is_not_there(self, s3: Any) -> None:
        with pytest.raises(StateError, match=r"States\.ItemReaderFailed: The specified key does not exist"):
            list(items_of(s3, "getObject", {"Bucket": BUCKET, "Key": "no"}, CSV))
        with pytest.raises(StateError, match="The specified bucket does not exist"):
            list(items_of(s3, "listObjectsV2", {"Bucket": "nowhere"}, {}))


class TestHandlers:
    def test_items_or_the_file_itself(self) -> None:
        assert [i.value for i in handler_items([1, (2,)], {}, "")] == [1, [2]]
        assert [(i.key, i.value) for i in handler_items({"k": 1}, {}, "")] == [("k", 1)]
        assert [i.value for i in handler_items((n for n in range(3)), {}, "")] == [0, 1, 2]
        for answer in ("a\n1", b"a\n1", io.BytesIO(b"a\n1")):
            assert [i.value for i in handler_items(answer, CSV, "")] == [{"a": "1"}]

    @pytest.mark.parametrize("answer", [7, None, [object()], [float("nan")]])
    def test_what_is_no_dataset(self, answer: Any) -> None:
        with pytest.raises(StateError, match=r"States\.ItemReaderFailed"):
            list(handler_items(answer, {}, ""))
