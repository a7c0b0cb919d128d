"""A whole session by ors-sdk; prints one line of JSON. Arguments: address, index, file with the answer."""

import json
import sys

from ors.client import ORS

url, index, answer = sys.argv[1], int(sys.argv[2]), open(sys.argv[3]).read()
said = {}
with ORS(base_url=url) as client:
    env = client.environment("evom")
    said["tools"] = [tool.name for tool in env.list_tools()]
    said["tasks"] = env.num_tasks("train")
    with env.session(split="train", index=index) as session:
        said["prompt"] = "Maximize" in "".join(block.text for block in session.get_prompt())
        result = session.call_tool("submit_program", {"completion": answer})
        said["result"] = [result.reward, result.finished, result.metadata["status"]]
        try:
            session.call_tool("submit_program", {"completion": "// a second try"})
        except Exception as error:
            said["second"] = str(error)
print(json.dumps(said))
