package main

// A small Ingress controller for one node: host and path rules (Exact, Prefix), default backend and
// TLS by server name from secrets, for Ingresses of the class in -class (or without any class).
// Writes the node's address into the status, so that clients see the Ingress become ready.

import (
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sort"
	"strings"
	"sync/atomic"
	"time"

	netv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

type ingressRoute struct {
	host, path, target string
	exact              bool
}

type ingressTable struct {
	routes []ingressRoute
	certs  map[string]*tls.Certificate
}

func runIngress() {
	kubeconfig := flag.String("kubeconfig", "", "path")
	class := flag.String("class", "local", "ingress class")
	ip := flag.String("ip", "10.240.0.1", "address to serve on and to publish")
	flag.Parse()
	cfg, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		log.Fatal(err)
	}
	client := kubernetes.NewForConfigOrDie(cfg)
	f := informers.NewSharedInformerFactory(client, 0)
	ings, svcs, secs := f.Networking().V1().Ingresses(), f.Core().V1().Services(), f.Core().V1().Secrets()
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
	for _, i := range []cache.SharedIndexInformer{ings.Informer(), svcs.Informer(), secs.Informer()} {
		if _, err := i.AddEventHandler(h); err != nil {
			log.Fatal(err)
		}
	}
	var table atomic.Pointer[ingressTable]
	table.Store(&ingressTable{})
	proxy := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if n, _, err := net.SplitHostPort(host); err == nil {
			host = n
		}
		for _, rt := range table.Load().routes {
			if rt.matches(host, r.URL.Path) {
				u, _ := url.Parse(rt.target)
				p := httputil.NewSingleHostReverseProxy(u)
				p.Transport = ingressTransport
				r.Header.Set("X-Forwarded-Host", r.Host)
				p.ServeHTTP(w, r)
				return
			}
		}
		http.Error(w, "no ingress for this host and path", http.StatusNotFound)
	})
	go func() { log.Fatal(http.ListenAndServe(*ip+":80", proxy)) }()
	go func() {
		s := &http.Server{Addr: *ip + ":443", Handler: proxy, TLSConfig: &tls.Config{
			GetCertificate: func(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
				if c := table.Load().certs[h.ServerName]; c != nil {
					return c, nil
				}
				return nil, fmt.Errorf("no certificate for %q", h.ServerName)
			}}}
		log.Fatal(s.ListenAndServeTLS("", ""))
	}()
	ctx := context.Background()
	f.Start(ctx.Done())
	f.WaitForCacheSync(ctx.Done())
	for range dirty {
		t := &ingressTable{certs: map[string]*tls.Certificate{}}
		list, _ := ings.Lister().List(labels.Everything())
		sort.Slice(list, func(i, j int) bool { return list[i].CreationTimestamp.Before(&list[j].CreationTimestamp) })
		for _, g := range list {
			if g.Spec.IngressClassName != nil && *g.Spec.IngressClassName != *class {
				continue
			}
			add := func(host, path string, exact bool, b *netv1.IngressBackend) {
				if b == nil || b.Service == nil {
					return
				}
				s, err := svcs.Lister().Services(g.Namespace).Get(b.Service.Name)
				if err != nil {
					return
				}
				for _, p := range s.Spec.Ports {
					if p.Port == b.Service.Port.Number || (p.Name != "" && p.Name == b.Service.Port.Name) {
						t.routes = append(t.routes, ingressRoute{host, path, fmt.Sprintf("http://%s:%d", s.Spec.ClusterIP, p.Port), exact})
					}
				}
			}
			for _, r := range g.Spec.Rules {
				if r.HTTP == nil {
					continue
				}
				for i := range r.HTTP.Paths {
					p := &r.HTTP.Paths[i]
					add(r.Host, p.Path, p.PathType != nil && *p.PathType == netv1.PathTypeExact, &p.Backend)
				}
			}
			add("", "/", false, g.Spec.DefaultBackend)
			for _, x := range g.Spec.TLS {
				if s, err := secs.Lister().Secrets(g.Namespace).Get(x.SecretName); err == nil {
					if c, err := tls.X509KeyPair(s.Data["tls.crt"], s.Data["tls.key"]); err == nil {
						for _, h := range x.Hosts {
							t.certs[h] = &c
						}
					}
				}
			}
			if l := g.Status.LoadBalancer.Ingress; len(l) != 1 || l[0].IP != *ip {
				n := g.DeepCopy()
				n.Status.LoadBalancer.Ingress = []netv1.IngressLoadBalancerIngress{{IP: *ip}}
				if _, err := client.NetworkingV1().Ingresses(g.Namespace).UpdateStatus(ctx, n, metav1.UpdateOptions{}); err != nil {
					time.AfterFunc(time.Second, mark)
				}
			}
		}
		// named hosts before none, exact before prefix, long before short
		sort.SliceStable(t.routes, func(i, j int) bool {
			a, b := t.routes[i], t.routes[j]
			if (a.host == "") != (b.host == "") {
				return a.host != ""
			}
			if a.exact != b.exact {
				return a.exact
			}
			return len(a.path) > len(b.path)
		})
		table.Store(t)
		time.Sleep(50 * time.Millisecond)
	}
}

// no kept connections: each request goes through the service address anew
var ingressTransport = &http.Transport{DisableKeepAlives: true, ResponseHeaderTimeout: 30 * time.Second}

func (r ingressRoute) matches(host, path string) bool {
	switch {
	case r.host == "" || r.host == host:
	case strings.HasPrefix(r.host, "*.") && strings.HasSuffix(host, r.host[1:]) && !strings.Contains(strings.TrimSuffix(host, r.host[1:]), "."):
	default:
		return false
	}
	if r.exact {
		return path == r.path
	}
	p := strings.TrimSuffix(r.path, "/")
	return p == "" || path == p || strings.HasPrefix(path, p+"/")
}
