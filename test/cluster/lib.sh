# sourced by the other scripts: where a cluster's state is, and how its processes are started, found and ended.
#
#   CLUSTER_DIR  state: pki/*.kubeconfig, logs/*.log, pids/*, commands/*
#   PROGRAMS     folder with kube-apiserver, etcd, kubectl, ...
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${CLUSTER_DIR:?names the folder of the state}"
bin=${PROGRAMS:-}
pki=$CLUSTER_DIR/pki
in_box=()

fail() {
  echo "cluster: $*" >&2
  exit 1
}

# A process is its id and its start time: a process with another start time was given the same id later.
start_time() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | awk '$1 != "Z" {print $20}'; }
alive() { # "PID START-TIME"
  local pid=${1% *} since=${1#* }
  [ -n "$since" ] && [ "$(start_time "$pid")" = "$since" ]
}
write_pid() { echo "$2 $(start_time "$2")" >"$CLUSTER_DIR/pids/$1"; }

# use_box: commands of `start` and `wait_for` run inside of the node's namespaces.
use_box() {
  local box
  box=$(cat "$CLUSTER_DIR/pids/box" 2>/dev/null) || return 0
  in_box=(nsenter --mount --net --pid --uts --ipc --target "${box% *}")
}

# start NAME COMMAND...: in the background, with a session of its own; remembers the command for process.sh
start() {
  local name=$1 child=
  shift
  printf '%q ' "$@" >"$CLUSTER_DIR/commands/$name"
  setsid nohup "${in_box[@]}" "$@" </dev/null >>"$CLUSTER_DIR/logs/$name.log" 2>&1 9>&- &
  local process=$!
  if [ ${#in_box[@]} -gt 0 ]; then # nsenter waits for the process proper, its child
    for _ in $(seq 250); do
      child=$(tr -d ' ' <"/proc/$process/task/$process/children" 2>/dev/null) || true
      [ -z "$child" ] || break
      sleep 0.02
    done
  fi
  write_pid "$name" "${child:-$process}"
}

# stop NAME [SIGNAL]: ends it, by force after five seconds
stop() {
  local process
  process=$(cat "$CLUSTER_DIR/pids/$1" 2>/dev/null) || return 0
  if alive "$process"; then kill "-${2:-TERM}" "${process% *}" 2>/dev/null || true; fi
  for _ in $(seq 100); do
    alive "$process" || break
    sleep 0.05
  done
  if alive "$process"; then kill -KILL "${process% *}" 2>/dev/null || true; fi
  rm -f "$CLUSTER_DIR/pids/$1"
}

# wait_for SECONDS COMMAND...
wait_for() {
  local end=$((SECONDS + $1))
  shift
  until "${in_box[@]}" "$@" >/dev/null 2>&1; do
    if [ "$SECONDS" -ge "$end" ]; then
      tail -n 5 "$CLUSTER_DIR"/logs/*.log >&2
      echo "cluster: waited in vain for: $*" >&2
      return 1
    fi
    sleep 0.1
  done
}
