#!/usr/bin/env bash
# build.sh          builds cert-manager's controllers from Go modules, unless they are in the cache; prints the folder with the
#                   program `cert-manager` and its definitions, `crds/`
# build.sh --where  prints that folder if it is there, else ends with status 1
#
# A cold build takes about five minutes of two cores.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
cache=${XDG_CACHE_HOME:-$HOME/.cache}/mcp-runtime/cert-manager

PATH=$PATH:/usr/local/go/bin
built=$cache/$(cat main.go go.mod go.sum | sha256sum | cut -c1-16)
if [ -d "$built" ]; then
  echo "$built"
  exit
fi
[ "${1:-}" != --where ] || exit 1
command -v go >/dev/null || { echo 'cert-manager build: there is no Go to build with (https://go.dev/dl, 1.26 or newer)' >&2; exit 69; }

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
[ ! -d "$built" ] || { echo "$built"; exit; }
new=$(mktemp -d "$cache/building.XXXXXX")
trap 'rm -rf "$new"' EXIT
export CGO_ENABLED=0 GOFLAGS=-buildvcs=false
echo 'cert-manager build: about five minutes when nothing of it is in the cache of Go' >&2
go build -p 2 -trimpath -ldflags='-s -w' -o "$new/cert-manager" .
cp -R "$(go list -m -f '{{.Dir}}' github.com/cert-manager/cert-manager)/deploy/crds" "$new/crds"
chmod -R u+w,a+rX "$new"
mv "$new" "$built"
trap - EXIT
echo "$built"
