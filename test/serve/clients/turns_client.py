"""Episodes of several turns by OpenEnv's own client, by ors-sdk and by openreward; prints one line of JSON. Arguments: address, file with the right answer."""

import json
import sys

import openreward
from openenv.core.generic_client import GenericEnvClient
from ors.client import ORS

url, right = sys.argv[1], open(sys.argv[2]).read()
broken = "```js\nnothing();\n```"
said = {}

with GenericEnvClient(base_url=url).sync() as env:
    env.reset(problem_id="lp")
    told = env.step({"completion": broken})
    ran = env.step({"completion": right, "run_only": True})
    paid = env.step({"completion": right, "run_only": False})
    said["openenv"] = [
        [told.done, told.reward, told.observation["text"]],
        [ran.done, ran.reward, ran.observation["objective"]],
        [paid.done, paid.reward],
        env.state()["step_count"],
    ]

with ORS(base_url=url) as client:
    env = client.environment("evom")
    with env.session(split="train", index=1) as session:
        told = session.call_tool("run_program", {"completion": broken})
        paid = session.call_tool("submit_program", {"completion": right})
        said["ors"] = [[tool.name for tool in env.list_tools()], told.blocks[0].text, told.reward, told.finished, paid.reward, paid.finished]

env = openreward.OpenReward(base_url=url).environments.get("evom")
with env.session(split="train", index=1) as session:
    told = session.call_tool("run_program", {"completion": broken})
    paid = session.call_tool("submit_program", {"completion": right})
    said["openreward"] = [told.blocks[0].text, told.reward, told.finished, paid.reward, paid.finished]

print(json.dumps(said))
