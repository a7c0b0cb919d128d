"""A whole episode by OpenEnv's own client; prints one line of JSON. Arguments: address, problem id, file with the answer."""

import json
import sys

from openenv.core.generic_client import GenericEnvClient

url, problem, answer = sys.argv[1], sys.argv[2], open(sys.argv[3]).read()
said = {}
with GenericEnvClient(base_url=url).sync() as env:
    first = env.reset(problem_id=problem)
    said["reset"] = [first.observation["problem_id"], first.reward, first.done]
    step = env.step({"completion": answer})
    said["step"] = [step.observation["status"], step.observation["objective"], step.reward, step.done]
    state = env.state()
    said["state"] = [bool(state["episode_id"]), state["step_count"]]
    try:
        env.step({"completion": answer + "\n// a second try"})
    except RuntimeError as error:
        said["second"] = str(error)
    try:
        env.step({"wrong": 1})
    except RuntimeError as error:
        said["wrong"] = str(error)
print(json.dumps(said))
