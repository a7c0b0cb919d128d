"""One fresh Python process a program, as reward functions of this field run them, with scipy's HiGHS.

    python solve_process.py < programs.json

Reads a JSON list of program texts, runs each in a process of its own and prints, as JSON, the processor and wall milliseconds of one
and what each printed last.
"""

import json
import resource
import subprocess
import sys
import time

programs = json.load(sys.stdin)
before = resource.getrusage(resource.RUSAGE_CHILDREN)
start = time.perf_counter()
answers = []
for program in programs:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    answers.append(float(done.stdout.strip().splitlines()[-1]))
wall = time.perf_counter() - start
after = resource.getrusage(resource.RUSAGE_CHILDREN)
cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
print(json.dumps({"cpu": 1000 * cpu / len(programs), "wall": 1000 * wall / len(programs), "answers": answers}))
