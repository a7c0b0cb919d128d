"""Writes test/golden/tables/: small Parquet and Arrow files by pyarrow, for the readers of src/problems/import/.

    pip install pyarrow==26.0.1 && python scripts/make-table-fixtures.py

The rows have the columns of SIRL's training file: chat prompts, nested rewards, lists of numbers, 64-bit keys.
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

out = Path(__file__).parent.parent / "test" / "golden" / "tables"
out.mkdir(parents=True, exist_ok=True)


def row(index: int) -> dict:
    question = f"A bakery sells loaves at {index + 2} dollars and bakes at most {10 * (index + 1)} of them. What is the most it can earn?"
    answer = (index + 2) * 10 * (index + 1)
    program = "import gurobipy as gp\nm = gp.Model()\nx = m.addVar(vtype='I')\nm.optimize()\n"
    return {
        "en_question": question,
        "en_answer": None if index == 3 else f"{answer}.0",
        "output": program,
        "sol": [10.0 * (index + 1)],
        "data_source": "made-for-tests",
        "prompt": [{"role": "system", "content": "Write a program."}, {"role": "user", "content": question}],
        "ability": "optimization",
        "reward_model": {"style": "rule", "ground_truth": None if index == 3 else f"{answer}.0"},
        "extra_info": {"index": index, "split": "train"},
    }


table = pa.Table.from_pylist([row(index) for index in range(5)])
for codec in ("snappy", "zstd", "gzip", "lz4", "none"):
    pq.write_table(table, out / f"{codec}.parquet", compression=codec, row_group_size=2)
for codec in ("zstd", "lz4", None):
    options = pa.ipc.IpcWriteOptions(compression=codec)
    name = codec or "plain"
    with pa.OSFile(str(out / f"{name}.arrow"), "wb") as sink, pa.ipc.new_file(sink, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=2)
with pa.OSFile(str(out / "stream.arrow"), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
    writer.write_table(table, max_chunksize=2)
