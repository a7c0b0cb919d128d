"""Checks Kubernetes objects against the strict schemas of kubernetes-validate: unknown keys are faults.

    python3 validate_manifests.py VERSION < objects.json      -> one line of JSON for each object that is not valid
"""

import json
import sys

import kubernetes_validate

for thing in json.load(sys.stdin):
    try:
        kubernetes_validate.validate(thing, sys.argv[1], strict=True)
    except kubernetes_validate.ValidationError as error:
        print(json.dumps({"object": f"{thing['kind']} {thing['metadata']['name']}", "at": ".".join(map(str, error.path)), "fault": error.message}))
