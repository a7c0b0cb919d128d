"""A whole session by openreward; prints one line of JSON. Arguments: address, index, file with the answer; OPENREWARD_SESSION_URL is set."""

import json
import sys

import openreward

url, index, answer = sys.argv[1], int(sys.argv[2]), open(sys.argv[3]).read()
env = openreward.OpenReward(base_url=url).environments.get("evom")
said = {"tasks": env.num_tasks("train"), "tools": [getattr(tool, "name", tool) for tool in env.list_tools()]}
with env.session(split="train", index=index) as session:
    said["prompt"] = bool(session.get_prompt())
    result = session.call_tool("submit_program", {"completion": answer})
    said["result"] = [result.reward, result.finished]
print(json.dumps(said))
