"""Reads back, with each tracker's own package, what a run told it; prints JSON.

    read_back.py trackio PROJECT       imports the inbox of $TRACKIO_DIR as its dashboard does, then reads its database
    read_back.py mlflow URL PROJECT    asks a tracking server
    read_back.py wandb DIRECTORY       the .wandb files of a run's directory
    read_back.py tensorboard DIRECTORY the event files, as TensorBoard shows them
"""

import json
import pathlib
import sys


def trackio(project: str) -> dict:
    import trackio
    from trackio.server import import_inbox_once
    from trackio.sqlite_storage import SQLiteStorage

    imported = import_inbox_once()
    runs = list(trackio.Api().runs(project))
    logs = SQLiteStorage.get_logs(project, runs[0].name)
    traces = SQLiteStorage.get_traces(project, runs[0].name, sort="step_asc")
    return {
        "imported": imported,
        "runs": [run.name for run in runs],
        "config": runs[0].config,
        "reward": [[log["step"], log["reward"]] for log in logs],
        "traces": [[one["step"], one["messages"][1]["content"], one["metadata"]] for one in traces],
        "alerts": [[one["step"], one["level"], one["text"]] for one in runs[0].alerts()],
    }


def mlflow(url: str, project: str) -> dict:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(url)
    experiment = client.get_experiment_by_name(project)
    runs = client.search_runs([experiment.experiment_id])
    run = runs[0]
    history = client.get_metric_history(run.info.run_id, "reward")
    return {
        "runs": [one.info.run_name for one in runs],
        "status": run.info.status,
        "params": run.data.params,
        "reward": sorted([one.step, one.value] for one in history),
    }


def wandb(directory: str) -> dict:
    reward, alarms, config, finished = [], [], {}, 0
    files = sorted(pathlib.Path(directory).glob("wandb/offline-run-*/run-*.wandb"))
    for file in files:
        for record in wandb_records(file.read_bytes()):
            kind = record.WhichOneof("record_type")
            if kind == "run":
                config.update({one.key: json.loads(one.value_json) for one in record.run.config.update})
            elif kind == "exit":
                finished += 1
            elif kind == "alert":
                alarms.append([record.alert.title, record.alert.text])
            elif kind == "history":
                items = {one.key or ".".join(one.nested_key): json.loads(one.value_json) for one in record.history.item}
                reward.append([record.history.step.num if "_step" not in items else items["_step"], items.get("reward")])
    return {"files": len(files), "finished": finished, "config": config, "reward": reward, "alerts": alarms}


def wandb_records(data: bytes):
    """The records of a .wandb file: a header of 7 bytes, then LevelDB's log format over wandb's own protobuf messages."""
    from wandb.proto import wandb_internal_pb2

    block, at, held = 32768, 7, b""
    while at + 7 <= len(data):
        if block - at % block < 7:
            at += block - at % block
            continue
        length, kind = int.from_bytes(data[at + 4 : at + 6], "little"), data[at + 6]
        held += data[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):
            record = wandb_internal_pb2.Record()
            record.ParseFromString(held)
            held = b""
            yield record


def tensorboard(directory: str) -> dict:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    accumulator = EventAccumulator(directory, size_guidance={"scalars": 0, "tensors": 0})
    accumulator.Reload()
    return {
        "reward": [[one.step, round(one.value, 6)] for one in accumulator.Scalars("reward")],
        "texts": {
            tag: [[one.step, one.tensor_proto.string_val[0].decode()] for one in accumulator.Tensors(tag)]
            for tag in accumulator.Tags()["tensors"]
        },
    }


print(json.dumps(globals()[sys.argv[1]](*sys.argv[2:])))
