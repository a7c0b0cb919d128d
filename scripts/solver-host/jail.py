"""What keeps a program from the machine: namespaces, Landlock, seccomp and resource limits, by Linux system calls alone.

Everything that can be prepared is prepared once in the fork server; a child then locks itself in with a handful of calls.
`Jail.features` says what this kernel gave; the fork server reports it and the host refuses to run when something is missing.
"""

import ctypes
import os
import platform
import resource
import struct

libc = ctypes.CDLL(None, use_errno=True)

# --- numbers from the kernel's headers -------------------------------------------------------------------------------
CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWNET, CLONE_THREAD = 0x20000, 0x08000000, 0x10000000, 0x40000000, 0x10000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE, MNT_DETACH = 2, 4, 8, 0x1000, 0x4000, 0x40000, 2
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 1, 38, 22, 2
LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446
LANDLOCK_RULE_PATH_BENEATH = 1
READ_FILE, WRITE_FILE, READ_DIR = 1 << 2, 1 << 1, 1 << 3

# System calls by name: x86_64, aarch64 (None where it does not exist).
SYSCALLS = {
    "accept": (43, 202), "accept4": (288, 242), "acct": (163, 89), "add_key": (248, 217), "bind": (49, 200), "bpf": (321, 280),
    "chroot": (161, 51), "clock_settime": (227, 112), "clone": (56, 220), "clone3": (435, 435), "connect": (42, 203),
    "execve": (59, 221), "execveat": (322, 281), "fanotify_init": (300, 262), "fork": (57, None), "init_module": (175, 105),
    "ioctl": (16, 29), "finit_module": (313, 273), "io_setup": (206, 0), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "io_uring_setup": (425, 425), "ioperm": (173, None), "iopl": (172, None), "kexec_load": (246, 104), "keyctl": (250, 219),
    "kill": (62, 129), "listen": (50, 201), "memfd_create": (319, 279), "memfd_secret": (447, 447), "mknod": (133, None),
    "mknodat": (259, 33), "mount": (165, 40), "mount_setattr": (442, 442), "move_mount": (429, 429), "mq_open": (240, 180),
    "msgget": (68, 186), "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265), "open_tree": (428, 428),
    "perf_event_open": (298, 241), "personality": (135, 92), "pidfd_getfd": (438, 438), "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424), "pivot_root": (155, 41), "prlimit64": (302, 261), "process_madvise": (440, 440),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "ptrace": (101, 117), "quotactl": (179, 60),
    "reboot": (169, 142), "recvfrom": (45, 207), "recvmsg": (47, 212), "request_key": (249, 218), "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240), "semget": (64, 190), "sendmsg": (46, 211), "sendto": (44, 206), "setdomainname": (171, 162),
    "sethostname": (170, 161), "setns": (308, 268), "setrlimit": (160, 164), "settimeofday": (164, 170), "shmget": (29, 194),
    "socket": (41, 198), "socketpair": (53, 199), "swapon": (167, 224), "tgkill": (234, 131), "tkill": (200, 130),
    "umount2": (166, 39), "unshare": (272, 97), "userfaultfd": (323, 282), "vfork": (58, None),
    # Mode, owner, times and attributes of a file: Landlock watches over contents and names alone. The calls by descriptor too,
    # since a program may open the libraries and the licence to read.
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452), "chown": (92, None), "fchown": (93, 55),
    "lchown": (94, None), "fchownat": (260, 54), "utime": (132, None), "utimes": (235, None), "futimesat": (261, None),
    "utimensat": (280, 88), "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7), "removexattr": (197, 14),
    "lremovexattr": (198, 15), "fremovexattr": (199, 16), "setxattrat": (463, 463), "removexattrat": (466, 466),
    "file_setattr": (469, 469), "truncate": (76, 45),
}
ARCHES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
EPERM, ENOSYS = 1, 38
# The first ABI that keeps a program from emptying a file that it may only read (Linux 6.2).
LEAST_LANDLOCK = 3
# Treated one by one in the filter; the others are refused whatever their arguments.
CONDITIONAL = ("clone", "clone3", "ioctl", "tgkill", "prlimit64")
# What chattr asks of a file (FS_IOC_SETFLAGS, FS_IOC32_SETFLAGS, FS_IOC_FSSETXATTR).
FILE_FLAGS = (0x40086602, 0x40046602, 0x401C5820)


class Jail:
    """Prepared once in the fork server (`prepare`), entered in each child (`enter`)."""

    def __init__(self, scratch, slots, readable):
        self.scratch = [os.path.join(scratch, str(slot)) for slot in range(slots)]
        self.readable = [path for path in readable if os.path.exists(path)]
        self.features = {}
        self.rulesets = []
        self.filter = None

    def prepare(self):
        """Must run before any thread exists: a user namespace can only be entered by a process of one thread."""
        for path in self.scratch:
            os.makedirs(path, mode=0o700, exist_ok=True)
        self.features = {
            "namespaces": self._namespaces(),
            "private_scratch": False,
            "landlock": 0,
            "seccomp": False,
            "rlimits": True,
            "no_new_privs": libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0,
        }
        if self.features["namespaces"]:
            self.features["private_scratch"] = all(_mount_tmpfs(path) for path in self.scratch)
        self.features["landlock"] = self._landlock()
        self.features["seccomp"] = self._seccomp()
        return self.features

    def missing(self):
        """Names of the protections that this kernel does not give, or not in full."""
        least = {"landlock": LEAST_LANDLOCK}
        return [name for name, value in self.features.items() if value < least.get(name, True)]

    def cover(self, slot, folders):
        """Lays the slot's scratch folder over other folders, for the calling process alone. Returns whether it lies there.

        What programs may read below those folders stays where it is.
        """
        if not self.features["private_scratch"]:
            return False
        readable = [os.path.realpath(path) for path in self.readable]
        below = [path for path in readable if any(path.startswith(folder + "/") for folder in folders)]
        if libc.unshare(CLONE_NEWNS) != 0:
            return False
        # Held by descriptor: a covered folder has no path any more. A descriptor from before shows mounts that are not this process's.
        scratch, *kept = [os.open(path, os.O_PATH | os.O_CLOEXEC) for path in (self.scratch[slot], *below)]
        for folder in folders:
            _bind(scratch, folder)
        for path, source in zip(below, kept):
            is_folder = os.path.isdir(f"/proc/self/fd/{source}")
            os.makedirs(path if is_folder else os.path.dirname(path), exist_ok=True)
            if not is_folder:
                os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
            _bind(source, path)
        for held in (scratch, *kept):
            os.close(held)
        return True

    def enter(self, slot, limits):
        """Locks the calling process in for good. `limits`: cpu_s, memory_bytes (address space added), file_bytes."""
        if self.features["namespaces"]:
            _drop_capabilities()
        if self.rulesets:
            if libc.syscall(LANDLOCK_RESTRICT_SELF, self.rulesets[slot], 0) != 0:
                raise OSError(ctypes.get_errno(), "landlock_restrict_self")
            os.close(self.rulesets[slot])
        _limit(limits)
        if self.filter is not None:
            struct.pack_into("<I", self.filter_bytes, self.pid_offset, os.getpid())
            if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(self.filter), 0, 0) != 0:
                raise OSError(ctypes.get_errno(), "seccomp")

    def clean(self, slot):
        """Empties a scratch folder after its program."""
        path = self.scratch[slot]
        if not os.listdir(path):
            return
        if self.features["private_scratch"]:
            libc.umount2(path.encode(), MNT_DETACH)
            if not _mount_tmpfs(path):
                raise OSError(ctypes.get_errno(), "the scratch folder cannot be mounted again")
            if self.rulesets:
                # Rules hold on to the folder they were made with.
                os.close(self.rulesets[slot])
                self.rulesets[slot] = self._ruleset(path)
                if self.rulesets[slot] is None:
                    raise OSError(ctypes.get_errno(), "no ruleset for the fresh scratch folder")
            return
        _remove_below(path)

    def _namespaces(self):
        uid, gid = os.getuid(), os.getgid()
        if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWNS) != 0:
            return False
        try:
            _write("/proc/self/setgroups", "deny")
            _write("/proc/self/uid_map", f"0 {uid} 1")
            _write("/proc/self/gid_map", f"0 {gid} 1")
        except OSError:
            return False
        return libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None) == 0

    def _landlock(self):
        """A ruleset for each slot. Returns the ABI, 0 without Landlock."""
        self.abi = max(0, libc.syscall(LANDLOCK_CREATE_RULESET, None, 0, 1))
        if self.abi == 0:
            return 0
        self.rulesets = [self._ruleset(own) for own in self.scratch]
        if None in self.rulesets:
            self.rulesets = []
            return 0
        return self.abi

    def _ruleset(self, own):
        """Read the libraries, write the slot's own scratch folder, nothing else. Returns its descriptor or None."""
        abi = self.abi
        handled = (1 << {1: 13, 2: 14, 3: 15, 4: 15}.get(abi, 16)) - 1
        network = 3 if abi >= 4 else 0  # TCP bind and connect
        scoped = 3 if abi >= 6 else 0  # abstract sockets, signals
        size = 8 if abi < 4 else 16 if abi < 6 else 24
        ruleset = libc.syscall(LANDLOCK_CREATE_RULESET, struct.pack("<QQQ", handled, network, scoped)[:size], size, 0)
        if ruleset < 0:
            return None
        writable = handled & ~1  # everything but executing
        rules = [(path, READ_FILE | READ_DIR) for path in self.readable] + [(own, writable), ("/dev/null", READ_FILE | WRITE_FILE)]
        if all(_allow(ruleset, path, access) for path, access in rules):
            return ruleset
        os.close(ruleset)
        return None

    def _seccomp(self):
        if platform.machine() not in ARCHES:
            return False
        column, arch = ARCHES[platform.machine()]
        number = {name: numbers[column] for name, numbers in SYSCALLS.items() if numbers[column] is not None}
        refuse = sorted(value for name, value in number.items() if name not in CONDITIONAL)
        code = []

        def add(op, k, yes=0, no=0):
            code.append(struct.pack("<HBBI", op, yes, no, k))

        load, jump_eq, jump_ge, jump_set, give = 0x20, 0x15, 0x35, 0x45, 0x06
        allow, kill, error = 0x7FFF0000, 0x80000000, 0x00050000
        add(load, 4)  # architecture
        add(jump_eq, arch, 1, 0)
        add(give, kill)
        add(load, 0)  # system call
        add(jump_ge, 0x40000000, 0, 1)  # the x32 calls
        add(give, error | EPERM)
        for value in refuse:
            add(jump_eq, value, 0, 1)
            add(give, error | EPERM)
        # glibc falls back to clone, whose flags a filter can see.
        add(jump_eq, number["clone3"], 0, 1)
        add(give, error | ENOSYS)
        # Flags of a file are as its mode.
        add(jump_eq, number["ioctl"], 0, len(FILE_FLAGS) + 3)
        add(load, 24)
        for left, request in reversed(list(enumerate(FILE_FLAGS))):
            add(jump_eq, request, left, 0 if left else 1)
        add(give, error | EPERM)
        add(give, allow)
        # Threads may be made, processes not.
        add(jump_eq, number["clone"], 0, 4)
        add(load, 16)
        add(jump_set, CLONE_THREAD, 1, 0)
        add(give, error | EPERM)
        add(give, allow)
        # abort() signals its own process.
        add(jump_eq, number["tgkill"], 0, 4)
        add(load, 16)
        self.pid_offset = len(code) * 8 + 4
        add(jump_eq, 0, 1, 0)
        add(give, error | EPERM)
        add(give, allow)
        # Limits may be read, not set: the pointer to new limits must be null.
        add(jump_eq, number["prlimit64"], 0, 6)
        add(load, 32)
        add(jump_eq, 0, 0, 3)
        add(load, 36)
        add(jump_eq, 0, 0, 1)
        add(give, allow)
        add(give, error | EPERM)
        add(give, allow)
        self.filter_bytes = ctypes.create_string_buffer(b"".join(code), len(code) * 8)

        class Program(ctypes.Structure):
            _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_void_p)]

        self.filter = Program(len(code), ctypes.addressof(self.filter_bytes))
        return self._filter_works()

    def _filter_works(self):
        """Whether a child with the filter is refused a socket and a process."""
        child = os.fork()
        if child == 0:
            verdict = 1
            try:
                libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
                if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(self.filter), 0, 0) == 0:
                    verdict = 0 if _is_refused(lambda: libc.socket(1, 1, 0)) and _is_refused(_fork_and_end) else 2
            finally:
                os._exit(verdict)
        works = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        if not works:
            self.filter = None
        return works


def _is_refused(call):
    return call() == -1 and ctypes.get_errno() == EPERM


def _fork_and_end():
    """libc's own fork, whose second process ends at once."""
    pid = libc.fork()
    if pid == 0:
        os._exit(0)
    return pid


def die_with_parent(parent):
    """Ends this process when its parent ends, also by -9."""
    libc.prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def address_space():
    """Bytes of address space in use by this process."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def _limit(limits):
    for what, soft, hard in (
        (resource.RLIMIT_CPU, limits["cpu_s"], limits["cpu_s"] + 1),
        (resource.RLIMIT_AS, limits["memory_bytes"], limits["memory_bytes"]),
        (resource.RLIMIT_FSIZE, limits["file_bytes"], limits["file_bytes"]),
        (resource.RLIMIT_NOFILE, 64, 64),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        resource.setrlimit(what, (soft, hard))


def _allow(ruleset, path, access):
    try:
        target = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        if not os.path.isdir(path):
            access &= READ_FILE | WRITE_FILE
        rule = struct.pack("<Qi", access, target)
        return libc.syscall(LANDLOCK_ADD_RULE, ruleset, LANDLOCK_RULE_PATH_BENEATH, rule, 0) == 0
    finally:
        os.close(target)


def _mount_tmpfs(path):
    return libc.mount(b"tmpfs", path.encode(), b"tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, b"size=16m,nr_inodes=1k,mode=700") == 0


def _bind(source, target):
    """Shows the folder or file of a descriptor at another place too."""
    if libc.mount(f"/proc/self/fd/{source}".encode(), target.encode(), None, MS_BIND | MS_REC, None) != 0:
        raise OSError(ctypes.get_errno(), "a folder cannot be shown in another place", target)


def _drop_capabilities():
    header = struct.pack("<Ii", 0x20080522, 0)
    if libc.capset(header, b"\0" * 24) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def _remove_below(path):
    for root, directories, files in os.walk(path, topdown=False):
        for name in files:
            os.unlink(os.path.join(root, name))
        for name in directories:
            child = os.path.join(root, name)
            os.unlink(child) if os.path.islink(child) else os.rmdir(child)


def _write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
