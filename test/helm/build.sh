#!/usr/bin/env bash
# build.sh  builds Helm from Go modules, unless it is in the cache; prints its path. Status 69: there is no Go to build with.
#
# The cache is outside of the repository, named by the sources and Go's version. Cold: about five minutes of two cores.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
cache=${XDG_CACHE_HOME:-$HOME/.cache}/mcp-runtime/helm

PATH=$PATH:/usr/local/go/bin
command -v go >/dev/null || { echo 'there is no Go to build with (https://go.dev/dl)' >&2; exit 69; }
built=$cache/helm-$(cat build.sh go.mod go.sum | sha256sum | cut -c1-16)-$(go env GOVERSION)
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
if [ ! -x "$built" ]; then
  # The settings of the test cluster's programs: most packages are in Go's cache already.
  CGO_ENABLED=0 GOFLAGS=-buildvcs=false go build -p 2 -trimpath -ldflags='-s -w' -o "$built.new" helm.sh/helm/v3/cmd/helm >&2
  mv "$built.new" "$built"
fi
echo "$built"
