"""The oracle: plays every task by its reference program, and once by an answer without a program.

    python oracle.py http://127.0.0.1:8700

Prints one line of JSON; ends with 1 unless every program earns the most, and the other answer the least, that openenv.yaml declares.
"""

import json
import pathlib
import sys

import yaml
from openenv.core.generic_client import GenericEnvClient

FOLDER = pathlib.Path(__file__).resolve().parent


def main(url: str) -> int:
    reward = yaml.safe_load((FOLDER / "openenv.yaml").read_text())["validation"]["reward"]
    least, most = reward["range"]
    tasks = [json.loads(line) for line in (FOLDER / "tasks.jsonl").read_text().splitlines()]
    paid = {}
    with GenericEnvClient(base_url=url).sync() as env:
        for task in tasks:
            dialect = env.reset(problem_id=task["id"]).observation["dialect"]
            language = "js" if dialect.endswith("js") else "python"
            paid[task["id"]] = env.step({"completion": f"```{language}\n{task['programs'][dialect]}\n```"}).reward
        env.reset(problem_id=tasks[0]["id"])
        floor = env.step({"completion": "I would rather not."}).reward
    green = floor == least and all(one >= most - reward["oracle_tolerance"] for one in paid.values())
    print(json.dumps({"oracle": paid, "floor": floor, "green": green}))
    return 0 if green and most - floor >= reward["floor_margin"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
