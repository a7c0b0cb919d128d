"""Runs a command under a seccomp profile in OCI format, as a container runtime does:

    python3 under_profile.py PROFILE.json [--without unshare,mount] -- COMMAND...
"""

import ctypes
import json
import os
import sys

ALLOW, ERRNO = 0x7FFF0000, 0x00050000
OPERATORS = {"SCMP_CMP_NE": 1, "SCMP_CMP_LT": 2, "SCMP_CMP_LE": 3, "SCMP_CMP_EQ": 4, "SCMP_CMP_GE": 5, "SCMP_CMP_GT": 6, "SCMP_CMP_MASKED_EQ": 7}


class Comparison(ctypes.Structure):
    _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


def comparison(argument):
    one, two = argument["value"], argument.get("valueTwo", 0)
    return Comparison(argument["index"], OPERATORS[argument["op"]], one, two)


def action(rule):
    return ALLOW if rule["action"] == "SCMP_ACT_ALLOW" else ERRNO | rule.get("errnoRet", 1)


def load(profile, without):
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(ERRNO | profile.get("defaultErrnoRet", 1))))
    for rule in profile["syscalls"]:
        comparisons = [comparison(argument) for argument in rule.get("args", [])]
        array = (Comparison * max(1, len(comparisons)))(*comparisons)
        for name in rule["names"]:
            number = library.seccomp_syscall_resolve_name(name.encode())
            if name in without or number == -1:
                continue
            if library.seccomp_rule_add_array(context, ctypes.c_uint32(action(rule)), number, len(comparisons), array) not in (0, -17):
                sys.exit(f"libseccomp refuses the rule for {name}")
    if library.seccomp_load(context) != 0:  # sets no_new_privs as well
        sys.exit("libseccomp cannot load the profile")


def main():
    split = sys.argv.index("--")
    path, *options = sys.argv[1:split]
    without = options[1].split(",") if options else []
    with open(path, encoding="utf-8") as file:
        load(json.load(file), without)
    os.execvp(sys.argv[split + 1], sys.argv[split + 1 :])


if __name__ == "__main__":
    main()
