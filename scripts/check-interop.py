#!/usr/bin/env python3
"""Checks that evom's files open elsewhere: pyarrow, datasets, transformers. Prints one JSON object; exit code 1 on a fault.

    check-interop.py batch FILE            a batch, against the documented columns
    check-interop.py rollouts FILE         a file of rollouts
    check-interop.py rewrite FILE OUT      pyarrow reads a file and writes it again, in record batches of one row
    check-interop.py checkpoint DIR --logits FILE.json
                                           transformers loads DIR; its logits equal ours to 1e-4.
                                           FILE.json: {"input_ids": [T], "logits": [T][V]}

Needs pyarrow and datasets; `checkpoint` needs torch and transformers. Nothing is fetched from the network.
"""

import argparse
import json
import os
import sys
import tempfile

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")

BATCH_COLUMNS = {
    "run_id": "string",
    "step": "int32",
    "gen_step": "int32",
    "sample_id": "string",
    "group_id": "string",
    "rollout_index": "int32",
    "task_key": "string",
    "env": "string",
    "solver": "string",
    "weight_version_min": "int32",
    "weight_version_max": "int32",
    "input_ids": "list<int32>",
    "prompt_len": "int32",
    "loss_mask": "list<uint8>",
    "sampler_logprobs": "list<float>",
    "old_logprobs": "list<float>",
    "ref_logprobs": "list<float>",
    "advantage": "float",
    "token_advantages": "list<float>",
    "kl_weights": "list<float>",
    "loss_weight": "float",
    "reward": "double",
    "acc": "float",
    "reward_components": "struct<double>",
    "status": "dictionary<string>",
    "temperature": "float",
    "top_p": "float",
    "top_k": "int32",
    "seed": "string",
    "finish_reason": "string",
    "response_len": "int32",
}
TOKEN_LISTS = ["loss_mask", "sampler_logprobs", "old_logprobs", "ref_logprobs", "token_advantages", "kl_weights"]
BATCH_METADATA = [
    "adv_estimator",
    "compat",
    "eps",
    "ddof",
    "loss",
    "global_loss_tokens",
    "global_loss_rows",
    "n_groups",
    "tokenizer_sha256",
    "model_id",
    "pad_id",
]
ROLLOUT_COLUMNS = ["problem", "prompt_text", "completion_text", "completion_ids", "logprobs", "outcome", "reward", "reward_components", "flags", "seed"]


def fail(message):
    raise SystemExit(f"check-interop: {message}")


def open_table(path):
    import pyarrow as pa

    with pa.OSFile(path) as source:
        table = pa.ipc.open_file(source).read_all()
    table.validate(full=True)
    return table


def spelled(kind):
    """A type's name without the names of its parts."""
    import pyarrow as pa

    if pa.types.is_list(kind):
        return f"list<{spelled(kind.value_type)}>"
    if pa.types.is_dictionary(kind):
        return f"dictionary<{spelled(kind.value_type)}>"
    if pa.types.is_struct(kind):
        return f"struct<{', '.join(sorted({spelled(field.type) for field in kind})) or 'double'}>"
    return str(kind)


def metadata_of(table):
    return {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}


def rows_through_datasets(path):
    """How many rows `datasets` loads from the file."""
    import datasets

    with tempfile.TemporaryDirectory() as cache:
        return len(datasets.load_dataset("arrow", data_files=path, split="train", cache_dir=cache))


def check_batch(path):
    table = open_table(path)
    metadata = metadata_of(table)
    if metadata.get("evom.batch_version") != "1":
        fail(f"{path}: evom.batch_version is {metadata.get('evom.batch_version')}, not 1")
    absent = [key for key in BATCH_METADATA if key not in metadata]
    if absent:
        fail(f"{path}: metadata {absent} is missing")
    json.loads(metadata["loss"])
    types = {field.name: spelled(field.type) for field in table.schema}
    for name, kind in BATCH_COLUMNS.items():
        if types.get(name) != kind:
            fail(f"{path}: column {name} is {types.get(name)}, not {kind}")
    for i, row in enumerate(table.to_pylist()):
        for name in TOKEN_LISTS:
            if row[name] is not None and len(row[name]) != len(row["input_ids"]):
                fail(f"{path}: row {i}, column {name} has {len(row[name])} entries, input_ids {len(row['input_ids'])}")
    return {
        "rows": table.num_rows,
        "columns": table.num_columns,
        "tokens": sum(len(ids) for ids in table["input_ids"].to_pylist()),
        "advantages": table["advantage"].to_pylist(),
        "rewards": table["reward"].to_pylist(),
        "null_counts": {name: table[name].null_count for name in table.column_names if table[name].null_count},
        "metadata": metadata,
        "datasets_rows": rows_through_datasets(path),
    }


def check_rollouts(path):
    table = open_table(path)
    absent = [name for name in ROLLOUT_COLUMNS if name not in table.column_names]
    if absent:
        fail(f"{path}: columns {absent} are missing")
    rows = table.to_pylist()
    for row in rows:
        json.loads(row["problem"]), json.loads(row["outcome"])
    return {
        "rows": table.num_rows,
        "completions": [row["completion_text"] for row in rows],
        "rewards": [row["reward"] for row in rows],
        "flags": [row["flags"] for row in rows],
        "datasets_rows": rows_through_datasets(path),
    }


def rewrite(path, out):
    import pyarrow as pa

    table = open_table(path)
    with pa.OSFile(out, "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=1)
    return {"rows": table.num_rows}


def check_checkpoint(path, logits_path, tolerance):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    with open(logits_path) as file:
        ours = json.load(file)
    model, report = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32, local_files_only=True, output_loading_info=True)
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if report.get(kind):
            fail(f"{path}: {kind} {sorted(map(str, report[kind]))[:5]}")
    with torch.no_grad():
        theirs = model.eval()(input_ids=torch.tensor([ours["input_ids"]])).logits[0].double()
    expected = torch.tensor(ours["logits"], dtype=torch.float64)
    if theirs.shape != expected.shape:
        fail(f"{path}: logits of shape {list(theirs.shape)}, ours {list(expected.shape)}")
    largest = (theirs - expected).abs().max().item()
    if not largest <= tolerance:
        fail(f"{path}: logits differ by {largest}, more than {tolerance}")
    result = {"architecture": type(model).__name__, "parameters": model.num_parameters(), "max_abs_difference": largest}
    if os.path.exists(os.path.join(path, "tokenizer.json")):
        tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True)
        result["vocabulary"] = len(tokenizer)
        if "text" in ours:
            ids = tokenizer(ours["text"], add_special_tokens=False)["input_ids"]
            if ids != ours["input_ids"]:
                fail(f"{path}: the tokenizer gives {ids[:10]}..., ours {ours['input_ids'][:10]}...")
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(dest="part", required=True)
    for name in ("batch", "rollouts"):
        parts.add_parser(name).add_argument("file")
    again = parts.add_parser("rewrite")
    again.add_argument("file")
    again.add_argument("out")
    checkpoint = parts.add_parser("checkpoint")
    checkpoint.add_argument("directory")
    checkpoint.add_argument("--logits", required=True)
    checkpoint.add_argument("--tolerance", type=float, default=1e-4)
    args = parser.parse_args()
    if args.part == "batch":
        result = check_batch(args.file)
    elif args.part == "rollouts":
        result = check_rollouts(args.file)
    elif args.part == "rewrite":
        result = rewrite(args.file, args.out)
    else:
        result = check_checkpoint(args.directory, args.logits, args.tolerance)
    json.dump(result, sys.stdout)
    print()


if __name__ == "__main__":
    main()
