#!/usr/bin/env bash
# load.sh ARCHIVE...  imports OCI archives into the node of a running cluster
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
use_box
ctr=(ctr -a /run/mcp-cluster/containerd.sock -n k8s.io)
wait_for 30 "${ctr[@]}" version
for archive in "$@"; do
  [ ! -e "$archive" ] || "${in_box[@]}" "${ctr[@]}" images import "$archive"
done
