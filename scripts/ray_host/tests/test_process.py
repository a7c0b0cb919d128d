"""A process ends with its owner, and takes with it what it started, in whatever session that is."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from conftest import until
from evom_ray.process import PACKAGE_FOLDER, Process, last_lines

# Starts a child in a session of its own, as torchrun and vLLM do, which ignores SIGTERM.
FAMILY = """
import os, signal, subprocess, sys, time
child = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
process = subprocess.Popen([sys.executable, "-c", child], start_new_session=True)
print(os.getpid(), process.pid, flush=True)
time.sleep(600)
"""


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def family_of(log):
    text = until(lambda: log.exists() and "deaf" in log.read_text() and log.read_text())
    return [int(pid) for line in text.splitlines() if line != "deaf" for pid in line.split()]


def test_tells_how_it_ended(tmp_path):
    process = Process([sys.executable, "-c", "print('no licence'); raise SystemExit(3)"], {}, tmp_path / "log")
    assert process.wait() == 3
    assert "exit code 3" in process.ending() and process.ending().endswith("no licence")


def test_stop_ends_what_it_started_too(tmp_path):
    process = Process([sys.executable, "-c", FAMILY], {}, tmp_path / "log")
    family = family_of(tmp_path / "log")
    assert process.ending() is None and all(map(is_alive, family))
    process.stop()
    assert not any(map(is_alive, family))


def test_ends_when_its_owner_is_killed(tmp_path):
    owner = f"""
import sys, time
sys.path.insert(0, {str(PACKAGE_FOLDER)!r})
from pathlib import Path
from evom_ray.process import Process
Process([sys.executable, "-c", {FAMILY!r}], {{}}, Path({str(tmp_path / 'log')!r}))
time.sleep(600)
"""
    started = subprocess.Popen([sys.executable, "-c", owner])
    family = family_of(tmp_path / "log")
    started.kill()
    started.wait()
    until(lambda: not any(map(is_alive, family)))


def test_ends_when_its_owner_kills_its_children_and_goes_as_a_worker_of_ray_does(tmp_path):
    owner = f"""
import os, sys, time
sys.path.insert(0, {str(PACKAGE_FOLDER)!r})
from pathlib import Path
from evom_ray.process import Process
process = Process([sys.executable, "-c", {FAMILY!r}], {{}}, Path({str(tmp_path / 'log')!r}))
sys.stdin.read()
os.kill(process.pid, 9)
os._exit(1)
"""
    started = subprocess.Popen([sys.executable, "-c", owner], stdin=subprocess.PIPE)
    family = family_of(tmp_path / "log")
    started.stdin.close()
    started.wait()
    until(lambda: not any(map(is_alive, family)))


def test_a_killed_command_is_told_as_a_shell_tells_it(tmp_path):
    process = Process([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"], {}, tmp_path / "log")
    assert process.wait() == 128 + signal.SIGKILL
    assert os.getpgid(0) != process.pid


def test_last_lines_of_a_long_log(tmp_path):
    (tmp_path / "log").write_text("\n".join(str(i) for i in range(100_000)))
    assert last_lines(tmp_path / "log").splitlines() == ["99994", "99995", "99996", "99997", "99998", "99999"]
    assert last_lines(tmp_path / "none") == ""
