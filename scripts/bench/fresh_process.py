"""The field's way of running a program: a fresh Python each. Prints processor milliseconds a program.

    python fresh_process.py PROGRAM.py...
"""

import resource
import subprocess
import sys

before = resource.getrusage(resource.RUSAGE_CHILDREN)
for path in sys.argv[1:]:
    subprocess.run([sys.executable, path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
after = resource.getrusage(resource.RUSAGE_CHILDREN)
print(1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / len(sys.argv[1:]))
