"""A Ray cluster of several raylets on this machine, for tests and for trying things out: python raylets.py COUNT CPUS [GPUS]

GPUS is what each raylet claims to have, though there are none. Prints {"address": ...}; then `kill NODE` on standard input kills that raylet with -9, and `lose NODE` all that runs under it too, as a
machine that is gone. Another one is added, as an operator or Ray's autoscaler does, and {"killed": NODE, "added": ...} is printed. Ends
with standard input.
"""

import json
import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from evom_ray.guard import descendants  # noqa: E402

os.environ.setdefault("RAY_worker_niceness", "0")  # Ray's own is 15, and a busy machine of tests would starve its workers
from ray.cluster_utils import Cluster  # noqa: E402

count, cpus, gpus = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 0
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
nodes = [cluster.add_node(num_cpus=cpus, num_gpus=gpus) for _ in range(count)]
print(json.dumps({"address": cluster.address}), flush=True)
for line in sys.stdin:
    word, _, id_ = line.strip().partition(" ")
    node = next((one for one in nodes if one.node_id == id_), None)
    if word not in ("kill", "lose") or node is None:
        print(json.dumps({"error": f"no raylet for {line.strip()}"}), flush=True)
        continue
    raylet = node.all_processes["raylet"][0].process
    for process in [raylet.pid, *(descendants(raylet.pid) if word == "lose" else [])]:
        os.kill(process, signal.SIGKILL)
    raylet.wait()  # its workers look whether it is there, and a zombie is
    nodes.append(cluster.add_node(num_cpus=cpus, num_gpus=gpus))
    print(json.dumps({"killed": id_, "added": nodes[-1].node_id}), flush=True)
cluster.shutdown()
