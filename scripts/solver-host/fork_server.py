"""A process with one solver library loaded that runs each program in a jailed child of its own.

Lines of JSON: jobs come in on stdin, what became of them goes out on stdout; the first line out says what this server is.
It never holds a program: a child reads its own from the file that the job names, so no program can find another's in memory.

    python fork_server.py --dialect gurobipy --slots 2 --scratch DIR
"""

import argparse
import gc
import json
import os
import selectors
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import capture  # noqa: E402
import companions  # noqa: E402
import guest  # noqa: E402
from jail import Jail, address_space, die_with_parent  # noqa: E402
from recorder import Recorder  # noqa: E402

# The longest that a program may take, in its wall times: time in which it waits for a processor is not counted, but ends as well.
MOST_PATIENCE = 2
LEAST_WAIT = 0.05  # seconds; shorter ones are not worth another look
LIBRARIES = ("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/share/zoneinfo", "/etc/localtime", "/etc/ld.so.cache",
             "/etc/os-release", "/etc/mime.types", "/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu", "/dev/urandom")  # fmt: skip


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--dialect", required=True)
    options.add_argument("--slots", type=int, required=True)
    options.add_argument("--scratch", required=True)
    options.add_argument("--preload", choices=("all", "core"), default="all", help="what is loaded before the first fork")
    options.add_argument("--readable", action="append", default=[], help="a licence file or folder that programs may read")
    options = options.parse_args()
    die_with_parent(os.getppid())
    # The lines of this protocol must not mix with what libraries print.
    lines = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)

    jail = Jail(options.scratch, options.slots, (*LIBRARIES, sys.prefix, sys.base_prefix, *options.readable))
    features = jail.prepare()
    recorder = Recorder()
    absent = companions.absent()
    try:
        about = capture.load(options.dialect, recorder, options.preload)
    except Exception as error:
        lines.write(json.dumps({"ready": False, "message": f"{type(error).__name__}: {error}"}) + "\n")
        sys.exit(1)
    absent = [name for name in absent if name not in sys.modules]  # those that a dialect forbids are in it, as None
    about.update(ready=True, features=features, missing=jail.missing(), absent=absent, python=sys.version.split()[0])
    gc.collect()
    gc.freeze()
    lines.write(json.dumps(about) + "\n")
    Server(jail, recorder, lines).serve()


class Server:
    """Starts a child for each job at once: the host sends no more jobs than there are slots."""

    def __init__(self, jail, recorder, lines):
        self.jail, self.recorder, self.lines = jail, recorder, lines
        self.selector = selectors.DefaultSelector()
        self.running = {}
        self.base = address_space()

    def serve(self):
        self.selector.register(0, selectors.EVENT_READ)
        pending = b""
        while True:
            for key, _ in self.selector.select(self._patience()):
                if key.fd != 0:
                    self._finish(key.fd)
                    continue
                chunk = os.read(0, 1 << 16)
                if not chunk:
                    return self._stop()
                *complete, pending = (pending + chunk).split(b"\n")
                for line in complete:
                    self._start(json.loads(line))
            self._end_overdue()

    def _patience(self):
        deadlines = [child["deadline"] for child in self.running.values() if not child["overdue"]]
        return max(0.0, min(deadlines) - time.monotonic()) if deadlines else None

    def _start(self, job):
        job["limits"]["memory_bytes"] += self.base
        started, mark = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        pid = os.fork()
        if pid == 0:
            os.setsid()
            die_with_parent(self.pid)
            guest.run(job, self.recorder, self.jail, mark)
        os.close(mark)
        fd = os.pidfd_open(pid)
        now = time.monotonic()
        self.running[fd] = {"pid": pid, "id": job["id"], "slot": job["slot"], "begun": now, "started": started,
                            "wall_s": job["wall_s"], "deadline": now + job["wall_s"], "overdue": False, "queued_ms": 0.0}  # fmt: skip
        self.selector.register(fd, selectors.EVENT_READ)

    pid = os.getpid()

    def _finish(self, fd):
        child = self.running.pop(fd)
        self.selector.unregister(fd)
        os.close(fd)
        _, status, usage = os.wait4(child["pid"], 0)
        started = _has_byte(child["started"])
        os.close(child["started"])
        fault = None
        try:
            self.jail.clean(child["slot"])
        except OSError as error:
            fault = f"the scratch folder could not be emptied: {error}"
        self.lines.write(
            json.dumps(
                {
                    "id": child["id"],
                    "exit": os.waitstatus_to_exitcode(status),
                    "started": started,
                    "overdue": child["overdue"],
                    "queued_ms": child["queued_ms"],
                    "cpu_ms": (usage.ru_utime + usage.ru_stime) * 1000,
                    "wall_ms": (time.monotonic() - child["begun"]) * 1000,
                    "rss_mb": usage.ru_maxrss / 1024,
                    "fault": fault,
                }
            )
            + "\n"
        )

    def _end_overdue(self):
        now = time.monotonic()
        for child in self.running.values():
            if now < child["deadline"] or child["overdue"]:
                continue
            child["queued_ms"] = _queued_ms(child["pid"])
            child["deadline"] = _deadline(child, now)
            if now >= child["deadline"]:
                child["overdue"] = True
                os.kill(child["pid"], signal.SIGKILL)

    def _stop(self):
        for child in self.running.values():
            os.kill(child["pid"], signal.SIGKILL)
        sys.exit(0)


def _has_byte(pipe):
    try:
        return os.read(pipe, 1) != b""
    except BlockingIOError:
        return False


def _deadline(child, now):
    """When a child's wall time is up, seen from now: its clock stands while no processor is free for it."""
    left = child["wall_s"] - (now - child["begun"] - child["queued_ms"] / 1000)
    if left < LEAST_WAIT:
        return now
    return min(now + left, child["begun"] + MOST_PATIENCE * child["wall_s"])


def _queued_ms(pid):
    """How long a process's first thread was ready to run and no processor was free."""
    try:
        with open(f"/proc/{pid}/schedstat", encoding="ascii") as file:
            return int(file.read().split()[1]) / 1e6
    except (OSError, IndexError, ValueError):
        return 0.0


if __name__ == "__main__":
    main()
