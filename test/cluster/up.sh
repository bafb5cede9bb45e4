#!/usr/bin/env bash
# up.sh api|node  starts a throw-away Kubernetes on this machine; down.sh, with the same CLUSTER_DIR, ends it
#   api   etcd, kube-apiserver and (where the program is there) kube-controller-manager, on loopback
#   node  + scheduler, containerd, kubelet, kube-proxy, CoreDNS, network policies, Ingress: pods really run (needs root).
#         All of it lives in namespaces of its own ("the box"): nothing of the machine's network or kernel settings is touched.
# Besides what lib.sh names: PORT and ETCD_PORT (the one above it is used too), IMAGES (a folder of OCI archives to import, besides those in
# PROGRAMS), NODE (the Node that runs the package registry of the node tier).
set -euo pipefail
tier=${1:?usage: up.sh api|node}
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
port=${PORT:-6443}
etcd_port=${ETCD_PORT:-2379}
node=node-1
node_ip=127.0.0.1
[ "$tier" = api ] || node_ip=10.240.0.1
mkdir -p "$CLUSTER_DIR"/{logs,pids,commands}
[ -z "$(ls "$CLUSTER_DIR/pids")" ] || fail "$CLUSTER_DIR is in use or was not cleaned up: run down.sh first"
began=$(date +%s%3N)
say() { echo "  $1 ($(($(date +%s%3N) - began)) ms)" >&2; }

SERVER="https://127.0.0.1:$port" NODE_NAME=$node NODE_IP=$node_ip "$here/certs.sh" "$pki" "IP:$node_ip"
export KUBECONFIG=$pki/admin.kubeconfig
say 'certificates'

if [ "$tier" = node ]; then
  . "$here/box.sh"
  . "$here/node.sh"
  use_box
  say 'namespaces and network of the node'
  node_runtime
fi

start etcd "$bin/etcd" --name=local --data-dir="$CLUSTER_DIR/etcd" \
  --listen-client-urls="http://127.0.0.1:$etcd_port" --advertise-client-urls="http://127.0.0.1:$etcd_port" \
  --listen-peer-urls="http://127.0.0.1:$((etcd_port + 1))" \
  --initial-advertise-peer-urls="http://127.0.0.1:$((etcd_port + 1))" \
  --initial-cluster="local=http://127.0.0.1:$((etcd_port + 1))" --unsafe-no-fsync --log-level=warn

# A loopback address may not be published as an endpoint of the service `kubernetes`: then none is.
if [ "$tier" = node ]; then address=(--bind-address=0.0.0.0); else address=(--bind-address=127.0.0.1 --endpoint-reconciler-type=none); fi
start kube-apiserver "$bin/kube-apiserver" "${address[@]}" --advertise-address="$node_ip" --secure-port="$port" \
  --etcd-servers="http://127.0.0.1:$etcd_port" --service-cluster-ip-range=10.96.0.0/16 \
  --tls-cert-file="$pki/apiserver.crt" --tls-private-key-file="$pki/apiserver.key" --client-ca-file="$pki/ca.crt" \
  --service-account-issuer=https://kubernetes.default.svc.cluster.local \
  --service-account-key-file="$pki/sa.pub" --service-account-signing-key-file="$pki/sa.key" \
  --kubelet-client-certificate="$pki/apiserver-kubelet-client.crt" --kubelet-client-key="$pki/apiserver-kubelet-client.key" \
  --kubelet-certificate-authority="$pki/ca.crt" --kubelet-preferred-address-types=InternalIP \
  --requestheader-client-ca-file="$pki/ca.crt" --requestheader-allowed-names=front-proxy-client \
  --requestheader-username-headers=X-Remote-User --requestheader-group-headers=X-Remote-Group \
  --requestheader-extra-headers-prefix=X-Remote-Extra- \
  --proxy-client-cert-file="$pki/front-proxy-client.crt" --proxy-client-key-file="$pki/front-proxy-client.key" \
  --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction --allow-privileged=true \
  --shutdown-delay-duration=0s --v=1
wait_for 90 "$bin/kubectl" get --raw /readyz
say 'API server answers'

controllers=("--bind-address=127.0.0.1" --leader-elect=false --v=1)
if [ ! -x "$bin/kube-controller-manager" ]; then
  say "no kube-controller-manager in $bin: nothing is garbage-collected, no namespace ends, no Deployment gets pods"
else
  config=$pki/controller-manager.kubeconfig
  start kube-controller-manager "$bin/kube-controller-manager" "${controllers[@]}" --secure-port="${MANAGER_PORT:-10257}" \
    --kubeconfig="$config" --authentication-kubeconfig="$config" --authorization-kubeconfig="$config" \
    --use-service-account-credentials=true --service-account-private-key-file="$pki/sa.key" --root-ca-file="$pki/ca.crt" \
    --cluster-signing-cert-file="$pki/ca.crt" --cluster-signing-key-file="$pki/ca.key" \
    --allocate-node-cidrs=true --cluster-cidr=10.244.0.0/16 --service-cluster-ip-range=10.96.0.0/16 \
    --node-monitor-grace-period=20s
fi
if [ "$tier" = node ]; then
  config=$pki/scheduler.kubeconfig
  start kube-scheduler "$bin/kube-scheduler" "${controllers[@]}" \
    --kubeconfig="$config" --authentication-kubeconfig="$config" --authorization-kubeconfig="$config"
  node_agents
fi
if [ -x "$bin/kube-controller-manager" ]; then
  wait_for 60 "$bin/kubectl" get serviceaccount default
  say 'controllers run'
fi
