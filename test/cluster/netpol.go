package main

// A small NetworkPolicy enforcer for one node: every change of a policy, pod or namespace
// makes a whole new nftables table, loaded in one transaction by the nft command.
// Covers podSelector, namespaceSelector, ipBlock, ports (number, name, range), both directions.
// IPv4. Traffic between the node itself and its pods is always let through (as the API promises).

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"sort"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	netv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

const netpolTable = "inet test_netpol"

func runNetpol() {
	kubeconfig := flag.String("kubeconfig", "", "path")
	flag.Parse()
	cfg, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		log.Fatal(err)
	}
	f := informers.NewSharedInformerFactory(kubernetes.NewForConfigOrDie(cfg), 0)
	pods, nss, pols := f.Core().V1().Pods(), f.Core().V1().Namespaces(), f.Networking().V1().NetworkPolicies()
	dirty := make(chan struct{}, 1)
	mark := func() {
		select {
		case dirty <- struct{}{}:
		default:
		}
	}
	h := cache.ResourceEventHandlerFuncs{
		AddFunc: func(any) { mark() }, UpdateFunc: func(any, any) { mark() }, DeleteFunc: func(any) { mark() },
	}
	for _, i := range []cache.SharedIndexInformer{pods.Informer(), nss.Informer(), pols.Informer()} {
		if _, err := i.AddEventHandler(h); err != nil {
			log.Fatal(err)
		}
	}
	ctx := context.Background()
	f.Start(ctx.Done())
	f.WaitForCacheSync(ctx.Done())
	last := ""
	for range dirty {
		p, _ := pods.Lister().List(labels.Everything())
		n, _ := nss.Lister().List(labels.Everything())
		l, _ := pols.Lister().List(labels.Everything())
		rules := netpolRules(p, n, l)
		if rules != last {
			c := exec.Command("nft", "-f", "-")
			c.Stdin, c.Stderr = strings.NewReader(rules), os.Stderr
			if err := c.Run(); err != nil {
				log.Printf("nft: %v\n%s", err, rules)
				time.AfterFunc(time.Second, mark)
			} else {
				last = rules
				log.Printf("loaded: %d policies, %d pods", len(l), len(p))
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func matches(s *metav1.LabelSelector, set map[string]string) bool {
	sel, err := metav1.LabelSelectorAsSelector(s)
	return err == nil && sel.Matches(labels.Set(set))
}

func netpolRules(pods []*corev1.Pod, nss []*corev1.Namespace, pols []*netv1.NetworkPolicy) string {
	nsLabels := map[string]map[string]string{}
	for _, n := range nss {
		nsLabels[n.Name] = n.Labels
	}
	live := pods[:0:0]
	for _, p := range pods {
		if p.Status.PodIP != "" && !p.Spec.HostNetwork && p.Status.Phase != corev1.PodSucceeded && p.Status.Phase != corev1.PodFailed {
			live = append(live, p)
		}
	}
	sort.Slice(live, func(i, j int) bool { return live[i].Status.PodIP < live[j].Status.PodIP })
	sort.Slice(pols, func(i, j int) bool { return pols[i].UID < pols[j].UID })

	// address matches of one peer list: nil means everything
	peers := func(ns string, list []netv1.NetworkPolicyPeer, dir string) []string {
		if len(list) == 0 {
			return []string{""}
		}
		var out, ips []string
		for _, peer := range list {
			if b := peer.IPBlock; b != nil {
				m := fmt.Sprintf("ip %s %s ", dir, b.CIDR)
				if len(b.Except) > 0 {
					m += fmt.Sprintf("ip %s != { %s } ", dir, strings.Join(b.Except, ", "))
				}
				out = append(out, m)
				continue
			}
			for _, p := range live {
				if peer.NamespaceSelector == nil && p.Namespace != ns {
					continue
				}
				if peer.NamespaceSelector != nil && !matches(peer.NamespaceSelector, nsLabels[p.Namespace]) {
					continue
				}
				if peer.PodSelector != nil && !matches(peer.PodSelector, p.Labels) {
					continue
				}
				ips = append(ips, p.Status.PodIP)
			}
		}
		if len(ips) > 0 {
			out = append(out, fmt.Sprintf("ip %s { %s } ", dir, strings.Join(ips, ", ")))
		}
		return out
	}
	// port matches; target is the pod that names a port (nil for egress: named ports of any pod)
	ports := func(list []netv1.NetworkPolicyPort, targets []*corev1.Pod) []string {
		if len(list) == 0 {
			return []string{""}
		}
		var out []string
		for _, q := range list {
			proto := "tcp"
			if q.Protocol != nil {
				proto = strings.ToLower(string(*q.Protocol))
			}
			switch {
			case q.Port == nil:
				out = append(out, "meta l4proto "+proto+" ")
			case q.Port.StrVal != "":
				for _, t := range targets {
					for _, c := range t.Spec.Containers {
						for _, cp := range c.Ports {
							if cp.Name == q.Port.StrVal && strings.EqualFold(string(cp.Protocol), proto) {
								out = append(out, fmt.Sprintf("%s dport %d ", proto, cp.ContainerPort))
							}
						}
					}
				}
			case q.EndPort != nil:
				out = append(out, fmt.Sprintf("%s dport %d-%d ", proto, q.Port.IntVal, *q.EndPort))
			default:
				out = append(out, fmt.Sprintf("%s dport %d ", proto, q.Port.IntVal))
			}
		}
		return out
	}

	var chains, jumps, ingress bytes.Buffer
	for _, p := range live {
		var in, eg bytes.Buffer
		isIn, isEg := false, false
		for _, pol := range pols {
			if pol.Namespace != p.Namespace || !matches(&pol.Spec.PodSelector, p.Labels) {
				continue
			}
			for _, t := range pol.Spec.PolicyTypes { // the API server always fills them in
				if t == netv1.PolicyTypeIngress {
					isIn = true
					for _, r := range pol.Spec.Ingress {
						for _, a := range peers(pol.Namespace, r.From, "saddr") {
							for _, q := range ports(r.Ports, []*corev1.Pod{p}) {
								fmt.Fprintf(&in, "    %s%saccept\n", a, q)
							}
						}
					}
				} else {
					isEg = true
					for _, r := range pol.Spec.Egress {
						for _, a := range peers(pol.Namespace, r.To, "daddr") {
							for _, q := range ports(r.Ports, live) {
								fmt.Fprintf(&eg, "    %s%sreturn\n", a, q)
							}
						}
					}
				}
			}
		}
		id := strings.ReplaceAll(p.Status.PodIP, ".", "_")
		if isEg {
			fmt.Fprintf(&chains, "  chain e%s {\n%s    drop\n  }\n", id, eg.String())
			fmt.Fprintf(&jumps, "    ip saddr %s jump e%s\n", p.Status.PodIP, id)
		}
		if isIn {
			fmt.Fprintf(&chains, "  chain i%s {\n%s    drop\n  }\n", id, in.String())
			fmt.Fprintf(&ingress, "    ip daddr %s jump i%s\n", p.Status.PodIP, id)
		}
	}
	jumps.Write(ingress.Bytes()) // egress of the sender first, then ingress of the receiver
	// pods reach the node's own services (DNS, API server) through input: egress holds there too
	return fmt.Sprintf(`table %[1]s {}
delete table %[1]s
table %[1]s {
%[2]s  chain pods {
    ct state established,related accept
%[3]s  }
  chain forward {
    type filter hook forward priority 10; policy accept;
    jump pods
  }
  chain input {
    type filter hook input priority 10; policy accept;
    jump pods
  }
}
`, netpolTable, chains.String(), jumps.String())
}
