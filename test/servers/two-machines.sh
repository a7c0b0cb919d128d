#!/usr/bin/env bash
# Runs a command on two machines, as `srun --nodes=2 --ntasks-per-node=1` does. Where root can make them these are two network namespaces
# with addresses, host names and temporary folders of their own; else two processes.
#
#   two-machines.sh shared|own FOLDER_THAT_THE_SECOND_DOES_NOT_SEE -- COMMAND...
set -euo pipefail
storage="$1" hides="$2"
shift 3
work="$(mktemp -d)"
children=()
names=()
# shellcheck disable=SC2317 # the trap calls it
end() {
  for child in "${children[@]}"; do kill -TERM -- "-$child" 2>/dev/null || true; done
  sleep 0.2
  for child in "${children[@]}"; do kill -KILL -- "-$child" 2>/dev/null || true; done
  for name in "${names[@]}"; do ip netns del "$name" 2>/dev/null || true; done
  rm -rf "$work"
}
trap end EXIT
trap 'exit 143' TERM INT
set -m # a process group each
if [ "$(id -u)" -eq 0 ] && ip netns add "evom-$$-0" 2>/dev/null && ip netns add "evom-$$-1" 2>/dev/null; then
  names=("evom-$$-0" "evom-$$-1")
  ip link add "e$$a" netns "${names[0]}" type veth peer name "e$$b" netns "${names[1]}"
  sides=("e$$a" "e$$b")
  for i in 0 1; do
    ip -n "${names[i]}" addr add "10.77.0.$((i + 1))/24" dev "${sides[i]}"
    ip -n "${names[i]}" link set "${sides[i]}" up
    ip -n "${names[i]}" link set lo up
    mkdir "$work/tmp-$i"
  done
  printf '127.0.0.1 localhost\n10.77.0.1 machine-0\n10.77.0.2 machine-1\n' > "$work/hosts"
  for i in 0 1; do
    hidden=""
    if [ "$i" -eq 1 ] && [ "$storage" = own ]; then hidden="$hides"; fi
    # shellcheck disable=SC2016 # the inner shell expands these
    ip netns exec "${names[i]}" unshare --mount --uts bash -c '
      hostname "$1"; mount --bind "$2" /etc/hosts; [ -z "$3" ] || mount -t tmpfs tmpfs "$3"; shift 3; exec "$@"
    ' bash "machine-$i" "$work/hosts" "$hidden" env TMPDIR="$work/tmp-$i" EVOM_MACHINE="$i" GLOO_SOCKET_IFNAME="${sides[i]}" "$@" &
    children+=($!)
  done
else
  [ "$storage" = shared ] || { echo "only root can hide a folder from a machine"; exit 4; }
  for i in 0 1; do EVOM_MACHINE="$i" "$@" & children+=($!); done
fi
status=0
for child in "${children[@]}"; do wait "$child" || status=$?; done
exit "$status"
