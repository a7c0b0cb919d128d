"""Writes the seccomp profile of solver hosts in Kubernetes, in the format that a kubelet reads (OCI, no conditions on capabilities).

    python3 scripts/make-seccomp-profile.py > deploy/kubernetes/evom-jail.seccomp.json

Allowed is what libseccomp knows on x86_64 and arm64, less REFUSED; the calls of JAIL are allowed with the arguments that
scripts/solver-host/jail.py gives them, and with no others. Made with libseccomp 2.5.4 (Debian 12).
"""

import ctypes
import json

ARCHITECTURES = {"SCMP_ARCH_X86_64": 0xC000003E, "SCMP_ARCH_AARCH64": 0xC00000B7}

REFUSED = {
    "the kernel, its modules, its clock, its limits": (
        "acct bpf clock_adjtime clock_settime adjtimex create_module delete_module finit_module init_module get_kernel_syms ioperm iopl "
        "kexec_file_load kexec_load lookup_dcookie modify_ldt nfsservctl perf_event_open personality query_module quotactl quotactl_fd reboot "
        "setdomainname sethostname settimeofday swapoff swapon sysfs syslog _sysctl uselib ustat vhangup"
    ),
    "other processes and their memory": "kcmp move_pages migrate_pages pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace",
    "mounts and roots by other calls than mount": (
        "chroot fsconfig fsmount fsopen fspick mount_setattr move_mount open_tree pivot_root setns name_to_handle_at open_by_handle_at"
    ),
    "keys, and kernel parts that grew many faults": (
        "add_key keyctl request_key fanotify_init io_uring_enter io_uring_register io_uring_setup userfaultfd"
    ),
    "memory of other nodes, which RuntimeDefault refuses too": "get_mempolicy mbind set_mempolicy set_mempolicy_home_node",
    "numbers without a call behind them": "afs_syscall epoll_ctl_old epoll_wait_old getpmsg putpmsg security tuxcall vserver",
}

NEWNS, NEWIPC, NEWUSER, NEWNET = 0x20000, 0x08000000, 0x10000000, 0x40000000
NOSUID, NODEV, NOEXEC, DETACH, BIND, REC, PRIVATE = 2, 4, 8, 2, 0x1000, 0x4000, 0x40000
# Call -> place of its flags, and the values that jail.py gives.
JAIL = {
    "unshare": (0, (NEWUSER | NEWNET | NEWIPC | NEWNS, NEWNS)),
    "mount": (3, (REC | PRIVATE, NOSUID | NODEV | NOEXEC, BIND | REC)),
    "umount2": (1, (DETACH,)),
}
ANY_NAMESPACE = 0x7E020000
SOCKET_FAMILIES = {"unix": 1, "inet": 2, "inet6": 10, "netlink": 16}
ENOSYS = 38


def known_calls():
    library = ctypes.CDLL("libseccomp.so.2")
    resolve = library.seccomp_syscall_resolve_num_arch
    resolve.restype = ctypes.c_void_p
    found = (resolve(ctypes.c_uint32(arch), number) for arch in ARCHITECTURES.values() for number in range(600))
    return {ctypes.string_at(name).decode() for name in found if name}


def is_equal(index, value):
    return {"index": index, "value": value, "op": "SCMP_CMP_EQ"}


def profile():
    refused = {name for names in REFUSED.values() for name in names.split()}
    conditional = {*JAIL, "clone", "clone3", "socket"}
    allow = lambda names, *arguments: {"names": names, "action": "SCMP_ACT_ALLOW", **({"args": list(arguments)} if arguments else {})}
    return {
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": 1,
        "architectures": list(ARCHITECTURES),
        "syscalls": [
            allow(sorted(known_calls() - refused - conditional)),
            # Processes and threads, in the namespaces that there are; glibc falls back from clone3, whose flags no filter sees.
            allow(["clone"], {"index": 0, "value": ANY_NAMESPACE, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}),
            {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": ENOSYS},
            *(allow(["socket"], is_equal(0, family)) for family in SOCKET_FAMILIES.values()),
            *(allow([call], is_equal(index, value)) for call, (index, values) in JAIL.items() for value in values),
        ],
    }


if __name__ == "__main__":
    print(json.dumps(profile(), indent=2))
