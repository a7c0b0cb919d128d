#!/usr/bin/env bash
# Runs a command as the containers of deploy/kubernetes/ run theirs: another user, no capability, no new privileges, a root that
# cannot be written to but for /tmp, and a seccomp profile. Needs root.   as-in-a-pod.sh PROFILE.json [--without CALLS] -- COMMAND...
# EVOM_POD_SHOWS names a folder below /root that the command must be able to read, such as a Python's.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck disable=SC2016 # the inner shell expands these
exec unshare --mount --propagation private bash -c '
  set -e
  mount -t tmpfs tmpfs /tmp
  chmod 1777 /tmp
  if [ -n "${EVOM_POD_SHOWS:-}" ]; then
    mkdir /tmp/shown
    mount --bind "$EVOM_POD_SHOWS" /tmp/shown
    mount -t tmpfs -o mode=755 tmpfs /root
    mkdir -p "$EVOM_POD_SHOWS"
    mount --move /tmp/shown "$EVOM_POD_SHOWS"
    rmdir /tmp/shown
  fi
  findmnt -rno TARGET | while read -r at; do
    case "$at" in /tmp|/proc*|/sys*|/dev*) ;; *) mount -o remount,bind,ro "$at" 2>/dev/null || true ;; esac
  done
  here="$1"; shift
  exec setpriv --reuid 10001 --regid 10001 --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all \
    env -i PATH="$PATH" HOME=/tmp EVOM_SOLVER_HOST_TOKEN="${EVOM_SOLVER_HOST_TOKEN:-}" python3 "$here/under_profile.py" "$@"
' bash "$here" "$@"
