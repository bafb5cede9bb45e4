# sourced by up.sh: container runtime, kubelet, kube-proxy, DNS, network policies, Ingress.
node_runtime() { # before the API server, of which it needs nothing
  # One cgroup of our own in each hierarchy, the parent of all pods.
  local cgroup hierarchy file
  cgroup=mcp-cluster-$(echo "$CLUSTER_DIR" | cksum | cut -d' ' -f1)
  echo "$cgroup" >"$CLUSTER_DIR/cgroup"
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    mkdir -p "/sys/fs/cgroup/$cgroup"
  else
    for hierarchy in /sys/fs/cgroup/*; do
      [ ! -e "$hierarchy/cgroup.procs" ] || mkdir -p "$hierarchy/$cgroup"
    done
    hierarchy=/sys/fs/cgroup/cpuset # an empty cpuset takes no process: the machine's is passed on
    [ ! -e $hierarchy ] || for file in cpuset.cpus cpuset.mems; do cat $hierarchy/$file >"$hierarchy/$cgroup/$file"; done
  fi

  mkdir -p "$CLUSTER_DIR"/{containerd,kubelet,cni}
  for file in "$here"/conf/*; do
    sed -e "s#@DIR@#$CLUSTER_DIR#g" -e "s#@PORT@#$port#g" -e "s#@NODE@#$node#g" -e "s#@CGROUP@#$cgroup#g" \
      "$file" >"$CLUSTER_DIR/${file##*/}"
  done
  mv "$CLUSTER_DIR/10-bridge.conflist" "$CLUSTER_DIR/cni/"
  start containerd containerd --config "$CLUSTER_DIR/containerd.toml"
  "$here/load.sh" "$bin"/*.tar "${IMAGES:?}"/*.tar >"$CLUSTER_DIR/logs/import.log" 2>&1 &
  import=$!
}

node_agents() { # the API server answers
  start kubelet "$bin/kubelet" --config="$CLUSTER_DIR/kubelet.yaml" --kubeconfig="$pki/kubelet.kubeconfig" \
    --root-dir="$CLUSTER_DIR/kubelet" --cert-dir="$pki" --hostname-override="$node" --node-ip="$node_ip" --v=2
  start netpol "$bin/netpol" --kubeconfig="$pki/admin.kubeconfig"
  start ingress "$bin/ingress" --kubeconfig="$pki/admin.kubeconfig" --ip="$node_ip"
  start registry "${NODE:-node}" --disable-warning=ExperimentalWarning "$here/registry/main.ts" "$node_ip" 4873
  "${in_box[@]}" "$bin/kubectl" apply -f "$here/manifests/system.yaml" >>"$CLUSTER_DIR/logs/system.log"
  start coredns "$bin/coredns" -conf "$CLUSTER_DIR/Corefile"
  wait_for 60 "$bin/kubectl" get node "$node"
  start kube-proxy "$bin/kube-proxy" --config="$CLUSTER_DIR/kube-proxy.yaml" # would wait 30 s if there were no node yet
  wait $import || fail "images could not be imported: $(tail -n 5 "$CLUSTER_DIR/logs/import.log")"
  say 'images imported'
  wait_for 90 "$bin/kubectl" wait --for=condition=Ready node --all --timeout=5s
  say 'node ready'
}
