"""Small files in the formats of data sets: `make_table_files.py OUT.json.gz`. Needs pyarrow and zstandard.

Each file is {"name", "bytes" (base64), "rows"}: what pyarrow, or Python's csv, reads back from it. 64-bit integers beyond
2^53 are texts in "rows", as JSON numbers would lose digits in most readers.
"""

import base64
import csv
import gzip
import io
import json
import lzma
import sys

import pyarrow
import pyarrow.parquet as parquet
import zstandard

TEXTS = ["Add 1 and 2.", "é \U0001f600 \u2028", 'a "quoted", text', "two\nlines", "", "tab\there", "'; -- \\", " blank "]


def pair(index):
    return {"id": index, "instruction": f"Question {index}: {TEXTS[index % len(TEXTS)]}", "output": f"Answer {index}"}


def talk(index):
    return {
        "conversations": [
            {"from": "human", "value": f"Question {index}: {TEXTS[index % len(TEXTS)]}"},
            {"from": "gpt", "value": f"Answer {index}"},
        ],
        "source": ["web", None, "book"][index % 3],
        "weight": [0.5, None, -2.25][index % 3],
        "big": 2**53 + 1 + index,
        "tags": [[], ["a", "b"], None][index % 3],
        "meta": {"lang": "en", "n": index},
    }


def parquet_bytes(rows, **options):
    out = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(rows), out, **options)
    return out.getvalue()


def read_parquet(data):
    return parquet.read_table(io.BytesIO(data)).to_pylist()


def csv_bytes(rows, **options):
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, fieldnames=list(rows[0]), **options)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def read_csv(data, delimiter=","):
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=delimiter))


def zstd(data):
    return zstandard.ZstdCompressor(level=19, write_checksum=True).compress(data)


def files():
    pairs, talks = [pair(index) for index in range(20)], [talk(index) for index in range(20)]
    for codec in ("none", "snappy", "gzip", "brotli", "lz4", "zstd"):
        data = parquet_bytes(talks, compression=codec, row_group_size=7)
        yield f"{codec}.parquet", data, read_parquet(data)
    for name, options in {
        "v2": {"data_page_version": "2.0", "version": "2.6"},
        "plain": {"use_dictionary": False, "compression": "none", "data_page_size": 64},
        "delta": {"use_dictionary": False, "column_encoding": {"instruction": "DELTA_BYTE_ARRAY", "id": "DELTA_BINARY_PACKED"}},
    }.items():
        data = parquet_bytes(pairs, **options)
        yield f"{name}.parquet", data, read_parquet(data)
    data = parquet_bytes(pairs[:0] or [{"instruction": "x", "output": "y"}])
    yield "one.parquet", data, read_parquet(data)
    for name, options in {
        "comma.csv": {},
        "tab.tsv": {"delimiter": "\t"},
        "semicolon.csv": {"delimiter": ";", "lineterminator": "\n"},
        "all-quoted.csv": {"quoting": csv.QUOTE_ALL},
    }.items():
        data = csv_bytes(pairs, **options)
        yield name, data, read_csv(data, options.get("delimiter", ","))
    data = b"\xef\xbb\xbf" + csv_bytes(pairs)
    yield "with-mark.csv", data, read_csv(data)
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in pairs).encode()
    table = csv_bytes(pairs)
    for ending, pack in {"gz": lambda data: gzip.compress(data, mtime=0), "xz": lzma.compress, "zst": zstd}.items():
        yield f"lines.jsonl.{ending}", pack(lines), pairs
        yield f"twice.jsonl.{ending}", pack(lines) + pack(lines), pairs + pairs
        yield f"comma.csv.{ending}", pack(table), read_csv(table)


def plain(value):
    if isinstance(value, int) and abs(value) > 2**53:
        return str(value)
    if isinstance(value, list):
        return [plain(entry) for entry in value]
    return {name: plain(entry) for name, entry in value.items()} if isinstance(value, dict) else value


if __name__ == "__main__":
    made = [
        {"name": name, "bytes": base64.b64encode(data).decode(), "rows": plain(rows)} for name, data, rows in files()
    ]
    versions = {"python": sys.version.split()[0], "pyarrow": pyarrow.__version__, "zstandard": zstandard.__version__}
    text = json.dumps({"versions": versions, "files": made}, ensure_ascii=False)
    with open(sys.argv[1], "wb") as out:
        out.write(gzip.compress(text.encode(), mtime=0))
