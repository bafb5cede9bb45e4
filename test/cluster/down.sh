#!/usr/bin/env bash
# down.sh  ends what up.sh started with the same CLUSTER_DIR, and removes its state
set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[ -d "$CLUSTER_DIR/pids" ] || { rm -rf "$CLUSTER_DIR"; exit 0; }

for name in $(cd "$CLUSTER_DIR/pids" && ls); do
  case $name in etcd | box) ;; *) stop "$name" & ;; esac
done
wait
stop etcd

# The box's first process is the first of a PID namespace: its end ends every pod, and mounts and network go with the last process.
if [ -s "$CLUSTER_DIR/pids/box" ]; then
  stop box KILL
  cgroup=$(cat "$CLUSTER_DIR/cgroup")
  for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/*; do # version 2 has one, version 1 one for each controller
    for _ in $(seq 30); do
      [ -d "$hierarchy/$cgroup" ] || break
      find "$hierarchy/$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.1
    done
    [ ! -d "$hierarchy/$cgroup" ] || echo "cluster: could not remove $hierarchy/$cgroup" >&2
  done
fi
rm -rf "$CLUSTER_DIR"
