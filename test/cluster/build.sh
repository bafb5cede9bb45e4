#!/usr/bin/env bash
# build.sh          builds the programs of the test clusters from Go modules, unless they are in the cache; prints their folder
# build.sh --where  prints their folder if they are there, else ends with status 1
#
# The cache is outside of the repository, named by what the programs depend on: the sources here and Go's version.
# Two builds at once wait for each other. A cold build takes about ten minutes of two cores and 3 GiB of Go's build cache.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
cache=${XDG_CACHE_HOME:-$HOME/.cache}/mcp-runtime/cluster
say() { echo "cluster build: $*" >&2; }

PATH=$PATH:/usr/local/go/bin
sources=$(cat build.sh go.mod go.sum *.go coredns/go.mod coredns/go.sum coredns/*.go pause/*.go | sha256sum | cut -c1-16)
if command -v go >/dev/null; then
  built=$cache/$sources-$(go env GOVERSION GOARCH | tr '\n' '-' | sed 's/-$//')
else # what another Go has built will do
  built=$(compgen -G "$cache/$sources-go*" | head -n 1 || true)
fi

if [ -n "$built" ] && [ -d "$built" ]; then
  echo "$built"
  exit
fi
[ "${1:-}" != --where ] || exit 1
command -v go >/dev/null || { say 'there is no Go to build with (https://go.dev/dl, 1.24 or newer)'; exit 69; }

mkdir -p "$cache"
exec 9>"$cache/lock"
flock --nonblock 9 || { say 'another build is going on: waiting for it'; flock 9; }
[ ! -d "$built" ] || { echo "$built"; exit; }

new=$(mktemp -d "$cache/building.XXXXXX")
trap 'rm -rf "$new"' EXIT
version=v$(sed -n 's#^\tk8s.io/kubernetes v##p' go.mod)
minor=${version#v1.}
minor=${minor%%.*}
flags='-s -w'
for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
  flags+=" -X $package.gitVersion=$version -X $package.gitMajor=1 -X $package.gitMinor=$minor -X $package.gitTreeState=clean"
  flags+=" -X $package.gitCommit=0000000000000000000000000000000000000000 -X $package.buildDate=2025-01-01T00:00:00Z"
done
# One setting for all: another value of cgo would build everything a second time.
export CGO_ENABLED=0 GOFLAGS=-buildvcs=false

began=$SECONDS
step() {
  say "$1 ($((SECONDS - began)) s)"
}
step "pause"
go build -trimpath -ldflags='-s -w' -o "$new/pause" ./pause
step "CoreDNS (cold: 2 to 4 minutes)"
(cd coredns && go build -p 2 -trimpath -ldflags='-s -w' -o "$new/coredns" .)
step "Kubernetes $version and etcd (cold: about 10 minutes)"
go build -p 2 -trimpath -ldflags="$flags" -o "$new/kubernetes" .
for name in etcd kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl netpol ingress; do
  ln -s kubernetes "$new/$name"
done
mv "$new" "$built"
chmod 755 "$built"
trap - EXIT
step "built: $built"
echo "$built"
