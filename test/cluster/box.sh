# sourced by up.sh: makes the box (namespaces) of the node tier and the network in it.
[ "$(id -u)" = 0 ] || fail 'the node tier needs root'
# The wrapper's only child is the first process of the box: with it, everything inside ends.
setsid nohup unshare --mount --net --pid --uts --ipc --fork --kill-child --mount-proc --propagation private \
  "$bin/pause" </dev/null >"$CLUSTER_DIR/logs/box.log" 2>&1 9>&- &
wrapper=$!
box=
for _ in $(seq 200); do
  box=$(tr -d ' ' <"/proc/$wrapper/task/$wrapper/children" 2>/dev/null) || true
  [ -z "$box" ] || [ "$(readlink "/proc/$box/exe" 2>/dev/null)" != "$(readlink -f "$bin/pause")" ] || break
  box=
  sleep 0.05
done
[ -n "$box" ] || { kill -KILL $wrapper; fail "no namespaces: $(cat "$CLUSTER_DIR/logs/box.log")"; }
write_pid box "$box"

nsenter --mount --net --pid --uts --ipc --target "$box" bash -euc '
  mount --make-rshared /
  hostname '"$node"'
  # Paths that are built into the programs: the box gets its own, in memory. Their mount points stay behind, as another
  # cluster may be using them.
  for d in /run/mcp-cluster /run/containerd /run/netns /var/lib/cni /var/lib/kubelet /var/log/containers; do
    mkdir -p $d
    mount -t tmpfs -o mode=755 tmpfs $d
  done
  mount --make-shared /run/netns
  # The kubelet insists on six kernel parameters of the whole machine. It is shown files with the values it wants in their
  # place, so that it changes nothing.
  mkdir /run/mcp-cluster/sysctl
  while read -r f v; do
    echo "$v" >/run/mcp-cluster/sysctl/${f##*/}
    mount --bind /run/mcp-cluster/sysctl/${f##*/} /proc/sys/$f
  done <<S
vm/overcommit_memory 1
vm/panic_on_oom 0
kernel/panic 10
kernel/panic_on_oops 1
kernel/keys/root_maxkeys 1000000
kernel/keys/root_maxbytes 25000000
S
  ip link set lo up
  ip link add node0 type veth peer name node0p
  ip addr add '"$node_ip"'/24 dev node0
  ip link set node0 up
  ip link set node0p up
  # No way out. The default route only gives service addresses a device, before they are rewritten.
  ip route add default dev node0 src '"$node_ip"'
  sysctl -qw net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=1 2>/dev/null || sysctl -qw net.ipv4.ip_forward=1
'
