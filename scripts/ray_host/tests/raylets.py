"""A Ray cluster of several raylets on this machine, for tests and for trying things out: python raylets.py COUNT CPUS

Prints {"address": ...}; then `kill NODE` on standard input kills that raylet with -9 and adds another, as an operator or Ray's
autoscaler does, and prints {"killed": NODE, "added": ...}. Ends with standard input.
"""

import json
import os
import signal
import sys

from ray.cluster_utils import Cluster

count, cpus = int(sys.argv[1]), float(sys.argv[2])
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
nodes = [cluster.add_node(num_cpus=cpus) for _ in range(count)]
print(json.dumps({"address": cluster.address}), flush=True)
for line in sys.stdin:
    word, _, id_ = line.strip().partition(" ")
    node = next((one for one in nodes if one.node_id == id_), None)
    if word != "kill" or node is None:
        print(json.dumps({"error": f"no raylet for {line.strip()}"}), flush=True)
        continue
    os.kill(node.all_processes["raylet"][0].process.pid, signal.SIGKILL)
    nodes.append(cluster.add_node(num_cpus=cpus))
    print(json.dumps({"killed": id_, "added": nodes[-1].node_id}), flush=True)
cluster.shutdown()
