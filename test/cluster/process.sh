#!/usr/bin/env bash
# process.sh stop NAME [SIGNAL] | start NAME  ends a process of a running cluster, or starts it as before: for tests of faults
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
name=${2:?usage: process.sh stop NAME [SIGNAL] | start NAME}
[ -s "$CLUSTER_DIR/commands/$name" ] || fail "no process $name in $CLUSTER_DIR; there are: $(ls "$CLUSTER_DIR/commands" | tr '\n' ' ')"
case $1 in
  stop) stop "$name" "${3:-TERM}" ;;
  start)
    [ ! -e "$CLUSTER_DIR/pids/$name" ] || fail "$name runs already"
    use_box
    eval "start $name $(cat "$CLUSTER_DIR/commands/$name")"
    ;;
  *) fail "stop or start, not $1" ;;
esac
